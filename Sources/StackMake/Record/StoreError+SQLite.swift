import GRDB

extension StoreError {
  /// What SQLite, GRDB or the decoder of blobs said, in the record's own terms.
  init(_ error: any Error, operation: String, path: String) {
    if let error = error as? StoreError {
      self = error
      return
    }
    if error is RecordBlob.Malformed {
      self = .damaged(operation: operation, path: path, cause: "a row can't be decoded")
      return
    }
    guard let error = error as? DatabaseError else {
      self.init(code: .other, operation: operation, path: path, cause: "\(error)")
      return
    }
    // The message says which; the extended name (`disk I/O error`) alone does not.
    let code = error.extendedResultCode
    let cause = "\(error.message ?? code.description) (SQLite code \(code.rawValue))"
    // SQLite says `disk I/O error` where the small file that its connections share can't grow.
    let primary = code == .SQLITE_IOERR_SHMSIZE ? .SQLITE_FULL : error.resultCode
    switch primary {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
      self = .damaged(operation: operation, path: path, cause: cause)
    case .SQLITE_FULL:
      self.init(
        code: .full, operation: operation, path: path, cause: cause,
        hint: "make room on the disk and run stackmake again: it goes on from there")
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      self.init(
        code: .readOnly, operation: operation, path: path, cause: cause,
        hint: "run as the user who owns `\(path)`, on a disk that can be written")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(
        code: .busy, operation: operation, path: path, cause: cause,
        hint: "another program has `\(path)` open: close it and run stackmake again")
    case .SQLITE_IOERR, .SQLITE_CANTOPEN:
      self.init(code: .io, operation: operation, path: path, cause: cause)
    default:
      self.init(code: .other, operation: operation, path: path, cause: cause)
    }
  }

  static func damaged(operation: String, path: String, cause: String) -> StoreError {
    StoreError(
      code: .damaged, operation: operation, path: path, cause: "the record is damaged: \(cause)",
      hint: """
        nothing was changed. Don't delete it: it says which servers exist. Put back a copy, or save what can be read \
        into a new file, and put that in its place:
            \(recovery(of: path))
        """)
  }

  /// A shell command that writes `path.new`. It goes by `.dump`, since `.recover` needs a part of SQLite that Debian
  /// leaves out; a dump that met damage ends with a rollback, which would throw away what it could read.
  static func recovery(of path: String) -> String {
    let quoted = "'" + path.replacing("'", with: "'\\''") + "'"
    let pragmas = "PRAGMA user_version=\(Schema.current.version);PRAGMA application_id=\(Schema.applicationID);"
    return "(echo '\(pragmas)'; sqlite3 \(quoted) .dump) | sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 \(quoted).new"
  }

  static func newer(operation: String, path: String, found: Int, known: Int) -> StoreError {
    StoreError(
      code: .newerVersion, operation: operation, path: path,
      cause: "the record has version \(found), and this stackmake knows versions up to \(known)",
      hint: "update stackmake: a newer one wrote this record; nothing was changed")
  }

  static func readingOnly(operation: String, path: String) -> StoreError {
    StoreError(
      code: .readOnly, operation: operation, path: path, cause: "the record was opened for reading only")
  }
}
