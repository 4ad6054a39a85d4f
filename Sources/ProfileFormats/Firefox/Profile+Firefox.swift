extension Profile {
  /// Writes the processed profile format of the Firefox Profiler, version 58, which newer profilers read as well.
  ///
  /// Each thread has tables of its own for what its samples need; strings, source files and libraries are shared.
  func writeFirefox(to writer: inout ByteWriter) {
    var shared = FirefoxStrings()
    // Threads come last in the file, but what they name comes before them.
    let threads = samplesByThread.sorted { $0.thread < $1.thread }
    let libraries = FirefoxLibraries(self)
    let tables = threads.map { FirefoxThread(self, $0.thread, $0.samples, libraries, &shared) }

    writer.write("{\"meta\":")
    writeFirefoxMetadata(to: &writer)
    writer.write(",\n\"libs\":[")
    writer.write(list: libraries.modules) { writer, id in
      let module = self[id]
      let build = module.buildID.map { Self.hexadecimal($0) }.joined()
      writer.write("{\"arch\":\"\",\"name\":")
      writer.write(json: module.name)
      writer.write(",\"path\":")
      writer.write(json: module.path)
      writer.write(",\"debugName\":")
      writer.write(json: module.name)
      writer.write(",\"debugPath\":")
      writer.write(json: module.path)
      writer.write(",\"breakpadId\":\"\(Self.breakpadIdentifier(module.buildID))\",\"codeId\":")
      writer.write(build.isEmpty ? "null" : "\"\(build)\"")
      writer.write("}")
    }
    writer.write("],\n\"shared\":{\"stringArray\":[")
    writer.write(list: shared.strings) { writer, text in writer.write(json: text) }
    writer.write("],\"sources\":{\"length\":\(shared.sources.count),\"uuid\":[")
    writer.write(list: shared.sources) { writer, _ in writer.write("null") }
    writer.write("],\"filename\":[")
    writer.write(list: shared.sources) { writer, name in writer.write(number: name) }
    writer.write("]}},\n\"threads\":[")
    writer.write(list: tables) { writer, table in table.write(to: &writer, profile: self) }
    writer.write("]}\n")
  }

  private func writeFirefoxMetadata(to writer: inout ByteWriter) {
    writer.write("{\"interval\":")
    writer.write(millionths: metadata.frequency > 0 ? 1_000_000_000 / UInt64(metadata.frequency) : 1_000_000)
    writer.write(",\"startTime\":")
    writer.write(millionths: metadata.startTime)
    if metadata.duration > 0 {
      writer.write(",\"profilingStartTime\":0,\"profilingEndTime\":")
      writer.write(millionths: metadata.duration)
    }
    writer.write(",\"processType\":0,\"product\":")
    writer.write(json: metadata.commandLine.isEmpty ? "merops" : metadata.commandLine.joined(separator: " "))
    writer.write(
      ",\"stackwalk\":1,\"version\":31,\"preprocessedProfileVersion\":58,\"symbolicated\":true,\"importedFrom\":\"merops\""
        + ",\"markerSchema\":[],\"sampleUnits\":{\"time\":\"ms\",\"eventDelay\":\"ms\",\"threadCPUDelta\":\"ns\"}"
        + ",\"sourceCodeIsNotOnSearchfox\":true,\"usesOnlyOneStackType\":true,\"platform\":\"Linux\",\"oscpu\":")
    writer.write(json: metadata.machine)
    writer.write(",\"categories\":[")
    writer.write(list: FrameKind.allCases) { writer, kind in
      let (name, color) = Self.firefoxCategory(of: kind)
      writer.write("{\"name\":\"\(name)\",\"color\":\"\(color)\",\"subcategories\":[\"Other\"]}")
    }
    writer.write("]}")
  }

  /// The category for a kind of frame; its index is the kind's number. One of them has to be grey.
  private static func firefoxCategory(of kind: FrameKind) -> (name: String, color: String) {
    switch kind {
    case .native: ("Native", "orange")
    case .inlined: ("Inlined", "yellow")
    case .jit: ("JIT", "green")
    case .kernel: ("Kernel", "blue")
    case .unknown: ("Other", "grey")
    case .marker: ("Mark", "purple")
    }
  }

  /// The identifier that symbol servers know a file by: the first 16 bytes of the build id as a GUID with its first three
  /// numbers in the other byte order, and a zero for the age.
  private static func breakpadIdentifier(_ id: [UInt8]) -> String {
    guard id.count > 1 else { return "" }
    let bytes = Array(id.prefix(16)) + Array(repeating: 0, count: max(0, 16 - id.count))
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    return order.map { hexadecimal(bytes[$0]).uppercased() }.joined() + "0"
  }

  static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

/// The strings and source files that all threads refer to.
struct FirefoxStrings {
  private(set) var strings: [String] = []
  /// The names of source files, as indices of strings.
  private(set) var sources: [Int] = []
  private var indices: [String: Int] = [:]
  private var sourceIndices: [Int: Int] = [:]

  mutating func index(of text: String) -> Int {
    if let known = indices[text] { return known }
    strings.append(text)
    indices[text] = strings.count - 1
    return strings.count - 1
  }

  mutating func source(_ file: String) -> Int {
    let name = index(of: file)
    if let known = sourceIndices[name] { return known }
    sources.append(name)
    sourceIndices[name] = sources.count - 1
    return sources.count - 1
  }
}

/// The modules that are told as libraries: those that are files or like files.
struct FirefoxLibraries {
  private(set) var modules: [Profile.Module.ID] = []
  private var indices: [Profile.Module.ID: Int] = [:]

  init(_ profile: Profile) {
    let used = Set(profile.locations.compactMap(\.module))
    for id in used.sorted() {
      if case .anonymous = profile[id].kind { continue }
      indices[id] = modules.count
      modules.append(id)
    }
  }

  func index(of module: Profile.Module.ID) -> Int? { indices[module] }
}
