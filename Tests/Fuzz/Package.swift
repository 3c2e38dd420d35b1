// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the main one carries neither the sanitizers nor a second main. The sources
// are links to the engine's, and not a dependency on it: `package` names end at the package.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
  name: "fuzz",
  dependencies: [
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1")
  ],
  targets: [
    .target(name: "Crypto", swiftSettings: settings),
    .target(
      name: "StackMake",
      dependencies: [
        "Crypto",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .target(name: "Support", dependencies: ["StackMake"], swiftSettings: settings),
    .executableTarget(
      name: "FuzzLoader",
      dependencies: ["StackMake", "Support"],
      swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    .executableTarget(name: "TimeLoader", dependencies: ["StackMake", "Support"], swiftSettings: settings),
  ]
)
