import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// The first bytes of the database file, read without SQLite: opening a database with it may already change files.
/// <https://www.sqlite.org/fileformat.html#the_database_header>
struct RecordHeader {
  private static let magic = Array("SQLite format 3\0".utf8)

  /// At offset 60: "The 'user version' as read and set by the user_version pragma."
  private(set) var version: Int
  /// At offset 68: the application id; 0 in a database that has just been made.
  private(set) var applicationID: Int

  /// Nil where there is no file, or an empty one, and there never was more: SQLite would take both for a new database
  /// even where a log says that it was in use, and all that it held would be made a second time.
  init?(of path: FilePath, operation: String) throws(StoreError) {
    // Looked for first: while another stackmake makes the record, its log comes last.
    let wasUsed = StateDirectory.exists(FilePath(path.string + "-wal"))
    func missing(_ how: String) throws(StoreError) {
      guard wasUsed else { return }
      throw .damaged(operation: operation, path: path.string, cause: "it is \(how), and its log is still there")
    }
    let descriptor = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else {
      if errno == ENOENT {
        try missing("gone")
        return nil
      }
      throw StateDirectory.failure(operation, path)
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw StateDirectory.failure(operation, path) }
    guard count > 0 else {
      try missing("empty")
      return nil
    }
    guard count == bytes.count, bytes.starts(with: Self.magic) else {
      throw .damaged(operation: operation, path: path.string, cause: "it isn't a SQLite database")
    }
    version = Self.number(bytes[60..<64])
    applicationID = Self.number(bytes[68..<72])
  }

  func check(knows known: Int, operation: String, path: FilePath) throws(StoreError) {
    guard applicationID == Schema.applicationID || applicationID == 0 else {
      throw .damaged(
        operation: operation, path: path.string, cause: "it is a SQLite database, but not one of stackmake's")
    }
    guard version <= known else {
      throw .newer(operation: operation, path: path.string, found: version, known: known)
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
