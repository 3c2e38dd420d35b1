import FoundationEssentials
import Glibc
import SystemPackage

/// A base image as it was when a disk was made over it. One of the same name that was built anew is another.
struct BaseImage: Codable, Sendable, Hashable {
  var directory: String
  var inode: UInt64
  /// When it was last changed, in nanoseconds since 1970.
  var changed: Int64

  var path: FilePath { FilePath(directory) }

  /// Nil where there is none. Blocks.
  init?(_ path: FilePath) {
    var status = stat()
    guard stat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
    directory = path.string
    inode = UInt64(status.st_ino)
    changed = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
  }

  /// Whether it is there as it was. Blocks.
  var isThere: Bool { BaseImage(path) == self }
}

/// What is written about a snapshot: once its directory has its name, it is whole.
struct SnapshotRecord: Codable, Sendable, Hashable {
  var id: String
  var tag: SnapshotTag
  /// Of the machine that it was made of.
  var addresses: [String]
  var base: BaseImage
  /// Seconds since 1970.
  var createdAt: Double

  /// Blocks.
  func snapshot(isWhole: Bool) -> Snapshot {
    let status: Snapshot.Status =
      if !isWhole { .building } else if base.isThere { .active } else {
        .broken("the base image that it was made over is gone")
      }
    return Snapshot(id: id, tag: tag, status: status, createdAt: createdAt)
  }
}

/// Where a snapshot is.
struct SnapshotFiles: Sendable, Hashable {
  /// Of all snapshots.
  let directory: FilePath
  let id: String

  /// There once it is whole.
  var whole: FilePath { directory.appending(id) }
  var new: FilePath { directory.appending(Self.newPrefix + id) }

  static let newPrefix = ".new-"
  static let recordName: FilePath.Component = "snapshot.json"

  /// Nil where there is no snapshot in that directory. Blocks.
  static func record(_ directory: FilePath) throws(CloudError) -> SnapshotRecord? {
    let file = directory.appending(recordName)
    guard let bytes = try DiskFile.read(file) else { return nil }
    do {
      return try JSONDecoder().decode(SnapshotRecord.self, from: Data(bytes))
    } catch {
      throw CloudError(.failed, operation: "read \(file)", cause: "\(error)", hint: "it isn't what stackmake wrote")
    }
  }
}

extension RootFiles {
  func snapshot(_ id: String) -> SnapshotFiles { SnapshotFiles(directory: snapshotDirectory, id: id) }

  func snapshot(_ tag: SnapshotTag) -> SnapshotFiles {
    snapshot(MachineRecord.short(mark, tag.cluster, tag.server, tag.set))
  }

  /// Those that are whole, or those that aren't. Blocks.
  func snapshots(areWhole: Bool) throws(CloudError) -> [SnapshotRecord] {
    let names = DiskFile.list(snapshotDirectory).filter {
      areWhole ? RootFiles.isID($0) : $0.hasPrefix(SnapshotFiles.newPrefix)
    }
    var records: [SnapshotRecord] = []
    for name in names {
      if let record = try SnapshotFiles.record(snapshotDirectory.appending(name)) { records.append(record) }
    }
    return records
  }
}

extension GenerationFiles {
  /// What its disk was made over; nil where an older stackmake made it, or it isn't made yet. Blocks.
  func baseImage() throws(CloudError) -> BaseImage? {
    guard let bytes = try DiskFile.read(base) else { return nil }
    return try? JSONDecoder().decode(BaseImage.self, from: Data(bytes))
  }
}
