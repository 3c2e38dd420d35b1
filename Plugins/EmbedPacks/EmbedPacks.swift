import Foundation
import PackagePlugin

/// Makes Swift of the files in `Packs/` and `Pages/`, so that they ship inside the program: no file beside it can be lost.
@main struct EmbedPacks: BuildToolPlugin {
  /// Directories of a target, and what their files are called in Swift.
  private static let embedded = [("Packs", "packFiles"), ("Pages", "pageFiles")]

  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    try Self.embedded.compactMap { name, variable in
      let directory = target.directoryURL.appending(path: name)
      guard let found = FileManager.default.enumerator(at: directory, includingPropertiesForKeys: [.isRegularFileKey])
      else { return nil }
      let files = found.compactMap { $0 as? URL }
        .filter { (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true }
      guard !files.isEmpty else { return nil }
      let output = context.pluginWorkDirectoryURL.appending(path: "\(name.dropLast())Files.swift")
      return .buildCommand(
        displayName: "Embedding \(name.lowercased())", executable: try context.tool(named: "PackEmbedder").url,
        arguments: [directory.path, variable, output.path], inputFiles: files.sorted { $0.path < $1.path },
        outputFiles: [output])
    }
  }
}
