import Foundation
import PackagePlugin

/// Makes Swift of the files in `Packs/`, so that they ship inside the program: no file beside it can be lost.
@main struct EmbedPacks: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let packs = target.directoryURL.appending(path: "Packs")
    let files = FileManager.default.enumerator(at: packs, includingPropertiesForKeys: [.isRegularFileKey])?
      .compactMap { $0 as? URL }
      .filter { (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true }
    let output = context.pluginWorkDirectoryURL.appending(path: "PackFiles.swift")
    return [
      .buildCommand(
        displayName: "Embedding packs", executable: try context.tool(named: "PackEmbedder").url,
        arguments: [packs.path, output.path], inputFiles: (files ?? []).sorted { $0.path < $1.path },
        outputFiles: [output])
    ]
  }
}
