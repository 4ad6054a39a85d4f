// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that users of Merops do not build what only measures it.
let package = Package(
  name: "merops-benchmarks",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "merops-benchmarks", targets: ["merops-benchmarks"])],
  dependencies: [.package(name: "merops", path: "..")],
  targets: [
    .executableTarget(
      name: "merops-benchmarks",
      dependencies: [.product(name: "Merops", package: "merops")],
      swiftSettings: [.treatAllWarnings(as: .error), .enableUpcomingFeature("MemberImportVisibility")])
  ],
  swiftLanguageModes: [.v6]
)
