// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
  name: "stackmake",
  products: [
    .executable(name: "stackmake", targets: ["StackMakeCLI"]),
    .library(name: "StackMake", targets: ["StackMake"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    // libcurl (libcurl4-openssl-dev) and libssh (libssh-dev), loaded when they are first used.
    .target(name: "CLazy"),
    .target(name: "CCurl", dependencies: ["CLazy"]),
    .target(name: "CSSH", dependencies: ["CLazy"]),
    .target(
      name: "StackMake",
      dependencies: [
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .target(
      name: "Targets",
      dependencies: [
        "StackMake", "CCurl", "CSSH",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Yams", package: "Yams"),
      ],
      exclude: ["Packs"],
      swiftSettings: settings,
      plugins: ["EmbedPacks"]),
    .executableTarget(name: "PackEmbedder", swiftSettings: settings),
    .plugin(name: "EmbedPacks", capability: .buildTool(), dependencies: ["PackEmbedder"]),
    .executableTarget(
      name: "StackMakeCLI",
      dependencies: [
        "StackMake", "Targets",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/stackmake",
      exclude: ["Pages"],
      swiftSettings: settings,
      plugins: ["EmbedPacks"]),
    // The machines of the cloud in Tests/Cloud: what its virt driver calls.
    .executableTarget(
      name: "CloudMachine",
      dependencies: ["Targets", .product(name: "SystemPackage", package: "swift-system")],
      path: "Tests/Cloud/Machine",
      swiftSettings: settings),
    // The program's own schedule on a virtual clock, for `make bench`.
    .executableTarget(
      name: "Simulator", dependencies: ["StackMake"], path: "Benchmarks/Simulator", swiftSettings: settings),
    .target(
      name: "Support",
      dependencies: ["StackMake", "Targets"],
      path: "Tests/Support",
      swiftSettings: settings),
    .testTarget(name: "StackMakeTests", dependencies: ["StackMake", "Support"], swiftSettings: settings),
    .testTarget(name: "TargetsTests", dependencies: ["StackMake", "Targets", "Support"], swiftSettings: settings),
    .testTarget(
      name: "CommandTests",
      dependencies: ["StackMake", "Targets", "Support", "StackMakeCLI"],
      swiftSettings: settings),
  ]
)
