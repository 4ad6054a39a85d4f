// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that users of Merops do not build what only measures it.
let package = Package(
  name: "merops-benchmarks",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "merops-benchmarks", targets: ["merops-benchmarks"]),
    .executable(name: "merops-load", targets: ["merops-load"]),
  ],
  dependencies: [
    .package(name: "merops", path: ".."),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .executableTarget(
      name: "merops-benchmarks",
      dependencies: ["CAllocationCount", .product(name: "Merops", package: "merops")],
      swiftSettings: [.treatAllWarnings(as: .error), .enableUpcomingFeature("MemberImportVisibility")]),
    .target(name: "CAllocationCount"),
    .executableTarget(
      name: "merops-load",
      dependencies: [
        .product(name: "Merops", package: "merops"), .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error), .enableUpcomingFeature("MemberImportVisibility")]),
  ],
  swiftLanguageModes: [.v6]
)
