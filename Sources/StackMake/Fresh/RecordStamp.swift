package import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// Which state of the record a proof rests on, told without opening it: a stamp of the database and of its log.
///
/// The record was written a moment ago by the very run that makes the proof, and could be written again within the
/// same tick of the clock. So `settle` sets both files' times of modification back: whoever writes to either of them
/// later, however soon, leaves another one.
package struct RecordStamp: Hashable, Sendable {
  private let database: FileStamp
  private let log: FileStamp

  /// Nil where there is no record, or where a later one could have the same stamp.
  ///
  /// - Parameter moment: now, in nanoseconds since 1970.
  package init?(of directory: FilePath, at moment: Int64) {
    self.init(of: directory)
    guard database.exists, database.keepsContents(since: moment), log.keepsContents(since: moment) else { return nil }
  }

  init(of directory: FilePath) {
    let (database, log) = Self.paths(directory)
    (self.database, self.log) = (FileStamp(of: database), FileStamp(of: log))
  }

  /// One line, by which two are compared. Whoever only reads may set the owner of the log, as SQLite does for root.
  var text: String { "\(database.textOfContents), \(log.textOfContents)" }

  package static func == (a: RecordStamp, b: RecordStamp) -> Bool { a.text == b.text }
  package func hash(into hasher: inout Hasher) { hasher.combine(text) }

  /// Marks the state that the record has now. For whoever holds the lock on the cluster, and has closed the record.
  ///
  /// - Parameter moment: now, in nanoseconds since 1970.
  package static func settle(_ directory: FilePath, at moment: Int64) {
    // Further back than the coarsest clock of a file system.
    let past = moment - 3_000_000_000
    let time = timespec(tv_sec: Int(past / 1_000_000_000), tv_nsec: Int(past % 1_000_000_000))
    // Times of access stay.
    let times = [timespec(tv_sec: 0, tv_nsec: Int((1 << 30) - 2)), time]
    let (database, log) = paths(directory)
    for path in [database, log] { utimensat(AT_FDCWD, path, times, 0) }
  }

  private static func paths(_ directory: FilePath) -> (database: String, log: String) {
    let path = directory.appending(SQLiteStore.fileName).string
    return (path, path + "-wal")
  }
}
