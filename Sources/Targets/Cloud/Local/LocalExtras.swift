/// What a machine of this host can be given beyond what every cloud knows.
package struct LocalExtras: Sendable, Hashable {
  /// A file of its disk, written before it boots for the first time.
  package struct File: Sendable, Hashable, Codable {
    /// From the root of the disk, without a slash at the start.
    package var path: String
    package var text: String
    package var mode: UInt16

    package init(path: String, text: String, mode: UInt16) {
      self.path = path
      self.text = text
      self.mode = mode
    }
  }

  /// Of the subnet, and nobody else's; nil takes a free one.
  package var address: String?
  /// Further ones of the same device, nobody else's either.
  package var moreAddresses: [String]
  /// They come last: one of the same path as another file of the seed replaces it.
  package var files: [File]

  package init(address: String? = nil, moreAddresses: [String] = [], files: [File] = []) {
    self.address = address
    self.moreAddresses = moreAddresses
    self.files = files
  }
}
