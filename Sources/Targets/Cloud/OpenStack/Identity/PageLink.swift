/// Finds where the next page of a list is.
enum PageLink {
  /// The query of the next page, as it stands there; nil on the last. Only the query counts: behind a proxy the
  /// addresses that services write are often their own, not the ones that they are reached by.
  static func next(in page: JSON) -> String? {
    var link = page["next"]?.string
    for (key, value) in page.object ?? [:] where key == "links" || key.hasSuffix("_links") {
      link = value.array?.first { $0["rel"]?.string == "next" }?["href"]?.string ?? link
    }
    guard let link, let mark = link.firstIndex(of: "?") else { return nil }
    return String(link[link.index(after: mark)...])
  }
}
