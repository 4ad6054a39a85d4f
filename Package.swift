// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of the table in `docs/architecture.md`, with the modules it may import.
func module(
  _ name: String,
  _ dependencies: [Target.Dependency] = [],
  exclude: [String] = [],
  resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
  name: "merops",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "Merops", targets: ["Merops"]),
    .executable(name: "merops", targets: ["MeropsCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    module("BPFInstructions"),
    module("BPFTypeFormat"),
    module("GZip"),
    module("ELF", ["BPFInstructions"]),
    module(
      "BPFObject",
      ["BPFInstructions", "BPFTypeFormat", "ELF", .product(name: "OrderedCollections", package: "swift-collections")]),
    module("BPFDiagnostics", ["BPFInstructions", "BPFTypeFormat", "BPFObject"]),
    module("BPFVerifier", ["BPFInstructions", "BPFTypeFormat", "BPFObject", "BPFDiagnostics"]),
    module("BPFMapViews", ["BPFObject", "BPFTypeFormat"]),
    module("BPFMaps", ["BPFObject", "BPFTypeFormat", "BPFMapViews"]),
    module("BPFExecution", ["BPFInstructions"]),
    module("BPFTaskWork"),
    module(
      "BPFSimulator",
      [
        "BPFInstructions", "BPFTypeFormat", "BPFObject", "BPFDiagnostics", "BPFVerifier", "BPFMapViews", "BPFMaps",
        "BPFExecution", "BPFTaskWork", .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(name: "CMeropsSymbols"),
    module(
      "Symbolization",
      ["ELF", "BPFInstructions", "GZip", "CMeropsSymbols", .product(name: "SystemPackage", package: "swift-system")]),
    module(
      "ProfileFormats",
      [
        "GZip", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], exclude: ["Pprof/profile.proto"]),
    .target(name: "CMeropsLinux"),
    module(
      "BPFLinux",
      [
        "BPFInstructions", "BPFTypeFormat", "ELF", "BPFObject", "BPFMapViews", "GZip",
        .target(name: "CMeropsLinux", condition: .when(platforms: [.linux])),
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    module(
      "BPFProfiler", ["BPFInstructions", "BPFObject", "BPFLinux", "ProfileFormats", "Symbolization"],
      exclude: ["Program"]),
    module(
      "BPFCompiler",
      [
        "BPFInstructions",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    module(
      "BPFParity",
      [
        "BPFSimulator", "BPFLinux", "BPFVerifier", "BPFDiagnostics", "BPFMaps", "BPFObject", "BPFTypeFormat",
        "BPFCompiler", .product(name: "SystemPackage", package: "swift-system"),
      ],
      resources: [
        .embedInCode("Programs/task_work_requests.bpf.c"), .embedInCode("Programs/task_work_locks.bpf.c"),
        .embedInCode("Programs/task_work_layouts.bpf.c"), .embedInCode("Programs/task_work_refusals.bpf.c"),
      ]),
    module(
      "Merops",
      [
        "BPFInstructions", "BPFTypeFormat", "BPFObject", "BPFMaps", "BPFExecution", "BPFTaskWork", "BPFSimulator",
        "BPFCompiler", "BPFLinux", "BPFMapViews", "BPFProfiler", "BPFDiagnostics", "BPFVerifier", "Symbolization",
        "ProfileFormats",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .executableTarget(
      name: "MeropsCommand",
      dependencies: [
        "Merops", "BPFParity", "ELF", "BPFLinux", "BPFProfiler", "ProfileFormats",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),

    .target(name: "TestTools", path: "Tests/TestTools", swiftSettings: settings),
    tests("BPFInstructionsTests", ["BPFInstructions"]),
    tests("BPFTypeFormatTests", ["BPFTypeFormat"]),
    tests("BPFObjectTests", ["BPFObject", "ELF"]),
    tests(
      "BPFVerifierTests",
      [
        "BPFVerifier", "BPFInstructions", "BPFTypeFormat", "BPFObject", "BPFDiagnostics", "BPFExecution", "BPFLinux",
        "BPFCompiler", "BPFSimulator", .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Corpus", "Agreement/known.txt"]),
    tests(
      "BPFDiagnosticsTests",
      ["BPFDiagnostics", "BPFVerifier", "BPFObject", "BPFLinux", "BPFCompiler", "BPFSimulator"], exclude: ["Golden"]),
    tests("BPFMapViewsTests", ["BPFMapViews", "BPFObject", "BPFTypeFormat"]),
    tests("BPFMapsTests", ["BPFMaps"]),
    tests("BPFExecutionTests", ["BPFExecution", "BPFInstructions", "BPFSimulator", "BPFVerifier"]),
    tests("BPFTaskWorkTests", ["BPFTaskWork"]),
    tests(
      "BPFSimulatorTests",
      [
        "BPFSimulator", "BPFExecution", "BPFTaskWork", "BPFLinux", "BPFCompiler", "BPFMaps", "BPFObject",
        "BPFInstructions",
        "BPFTypeFormat", "BPFDiagnostics", "BPFParity", "Merops",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    tests(
      "BPFLinuxTests",
      [
        "BPFLinux", "BPFParity", "BPFSimulator", "BPFMapViews", "BPFMaps", "BPFObject", "BPFInstructions",
        "BPFTypeFormat",
        "BPFCompiler", .product(name: "SystemPackage", package: "swift-system"),
      ]),
    tests(
      "SymbolizationTests",
      ["Symbolization", "ELF", "GZip", "TestTools", .product(name: "SystemPackage", package: "swift-system")]),
    tests("GZipTests", ["GZip"]),
    tests(
      "ProfileFormatsTests", ["ProfileFormats", "TestTools", .product(name: "SystemPackage", package: "swift-system")]),
    tests(
      "BPFProfilerTests",
      [
        "BPFProfiler", "BPFLinux", "BPFSimulator", "BPFMaps", "BPFObject", "BPFInstructions", "BPFCompiler",
        "ProfileFormats", "Merops", "TestTools", .product(name: "SystemPackage", package: "swift-system"),
      ], exclude: ["Programs"]),
    tests("BPFCompilerTests", ["BPFCompiler", "Merops"]),
    tests(
      "MeropsCommandTests",
      [
        "MeropsCommand", "Merops", "BPFParity",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
