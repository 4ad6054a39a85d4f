/// The tables of one thread.
struct FirefoxThread {
  private struct Frame: Hashable {
    var address: Int
    var inlineDepth: Int
    var kind: Profile.FrameKind
    var function: Int
    var nativeSymbol: Int?
    var line: UInt32
    var column: UInt32
  }

  private struct Function: Hashable {
    var name: Int
    var resource: Int
    var source: Int?
    var line: UInt32
  }

  private struct Symbol: Hashable {
    var library: Int
    var name: Int
  }

  private struct Node {
    var frame: Int
    var prefix: Int
  }

  private let thread: Profile.Thread.ID
  private let samples: [Int]
  private var frames: [Frame] = []
  private var functions: [Function] = []
  private var symbols: [Symbol] = []
  private var symbolAddresses: [Int] = []
  private var nodes: [Node] = []
  private var resources: [(library: Int, name: Int)] = []
  /// For each sample the node of its stack; negative for none.
  private var stacks: [Int] = []

  private var frameIndices: [Frame: Int] = [:]
  private var functionIndices: [Function: Int] = [:]
  private var symbolIndices: [Symbol: Int] = [:]
  private var resourceIndices: [Int: Int] = [:]
  /// For each location its frames in this thread, outermost first.
  private var expansions: [Profile.Location.ID: [Int]] = [:]

  init(
    _ profile: Profile, _ thread: Profile.Thread.ID, _ samples: [Int], _ libraries: FirefoxLibraries,
    _ strings: inout FirefoxStrings
  ) {
    self.thread = thread
    self.samples = samples
    // A stack of the profile becomes one node for each function that is inlined at its place.
    var ends: [Profile.Stack: Int] = [:]
    for index in samples {
      var path: [Profile.Stack] = []
      var next = profile.samples[index].stack
      var node = -1
      while let stack = profile.stacks[next] {
        if let known = ends[next] {
          node = known
          break
        }
        path.append(next)
        next = stack.parent
      }
      for stack in path.reversed() {
        guard let location = profile.stacks[stack]?.location else { continue }
        for frame in expansion(of: location, profile, libraries, &strings) {
          nodes.append(Node(frame: frame, prefix: node))
          node = nodes.count - 1
        }
        ends[stack] = node
      }
      stacks.append(node)
    }
  }

  private mutating func expansion(
    of id: Profile.Location.ID, _ profile: Profile, _ libraries: FirefoxLibraries, _ strings: inout FirefoxStrings
  ) -> [Int] {
    if let known = expansions[id] { return known }
    let location = profile[id]
    let library = location.module.flatMap { libraries.index(of: $0) }
    let resource = library.map { self.resource($0, profile[libraries.modules[$0]].name, &strings) } ?? -1
    let address = library == nil ? -1 : Int(exactly: location.address) ?? -1
    var result: [Int] = []
    if location.frames.isEmpty {
      // Places of which nothing is known are told by their address, so that they can be told apart.
      let text =
        location.kind == .truncationMarker
        ? profile.nameWithoutFunction(of: location) : "0x" + String(location.address, radix: 16)
      let function = index(
        of: Function(name: strings.index(of: text), resource: resource, source: nil, line: 0))
      result.append(
        index(
          of: Frame(
            address: address, inlineDepth: 0, kind: location.kind == .truncationMarker ? .marker : .unknown,
            function: function, nativeSymbol: nil, line: 0, column: 0)))
    } else {
      let outermost = strings.index(of: profile[location.frames[location.frames.count - 1].function].name)
      // A symbol has a place in its library; the kernel's addresses are none.
      let symbol = address < 0 ? nil : library.map { symbolIndex(Symbol(library: $0, name: outermost), at: address) }
      for (depth, frame) in location.frames.reversed().enumerated() {
        let row = profile[frame.function]
        let source = row.file.isEmpty ? nil : strings.source(row.file)
        let function = index(
          of: Function(name: strings.index(of: row.name), resource: resource, source: source, line: row.line))
        let kind: Profile.FrameKind =
          switch location.kind {
          case .native: depth > 0 ? .inlined : .native
          case .kernel: .kernel
          case .jit: .jit
          case .unknown: .unknown
          case .truncationMarker: .marker
          }
        result.append(
          index(
            of: Frame(
              address: address, inlineDepth: depth, kind: kind, function: function, nativeSymbol: symbol,
              line: frame.line, column: frame.column)))
      }
    }
    expansions[id] = result
    return result
  }

  private mutating func index(of frame: Frame) -> Int {
    if let known = frameIndices[frame] { return known }
    frames.append(frame)
    frameIndices[frame] = frames.count - 1
    return frames.count - 1
  }

  private mutating func index(of function: Function) -> Int {
    if let known = functionIndices[function] { return known }
    functions.append(function)
    functionIndices[function] = functions.count - 1
    return functions.count - 1
  }

  private mutating func symbolIndex(_ symbol: Symbol, at address: Int) -> Int {
    if let known = symbolIndices[symbol] { return known }
    symbols.append(symbol)
    symbolAddresses.append(address)
    symbolIndices[symbol] = symbols.count - 1
    return symbols.count - 1
  }

  private mutating func resource(_ library: Int, _ name: String, _ strings: inout FirefoxStrings) -> Int {
    if let known = resourceIndices[library] { return known }
    resources.append((library, strings.index(of: name)))
    resourceIndices[library] = resources.count - 1
    return resources.count - 1
  }
}

extension FirefoxThread {
  func write(to writer: inout ByteWriter, profile: Profile) {
    let row = profile[thread]
    let process = profile[row.process]
    writer.write(
      "\n{\"processType\":\"default\",\"processStartupTime\":0,\"processShutdownTime\":null,\"registerTime\":0,")
    writer.write("\"unregisterTime\":null,\"pausedRanges\":[],\"isMainThread\":\(row.tid == process.pid),\"name\":")
    writer.write(json: row.name)
    writer.write(",\"processName\":")
    writer.write(json: process.name)
    // Numbers of processes are used again: the row in the table tells those apart that share one.
    let isShared = profile.processes[..<row.process.index].contains { $0.pid == process.pid }
    writer.write(",\"pid\":\"\(process.pid)\(isShared ? ".\(row.process.index)" : "")\",\"tid\":\(row.tid)")
    writeSamples(to: &writer, profile)
    writer.write(
      ",\"markers\":{\"length\":0,\"data\":[],\"name\":[],\"startTime\":[],\"endTime\":[],\"phase\":[],\"category\":[]}"
    )
    writer.write(",\"stackTable\":{\"length\":\(nodes.count)")
    column("frame", nodes, &writer) { $0.write(number: $1.frame) }
    column("prefix", nodes, &writer) { $0.write(optional: $1.prefix < 0 ? nil : $1.prefix) }
    writer.write("},\"frameTable\":{\"length\":\(frames.count)")
    column("address", frames, &writer) { $0.write(number: $1.address) }
    column("inlineDepth", frames, &writer) { $0.write(number: $1.inlineDepth) }
    column("category", frames, &writer) { $0.write(number: Int($1.kind.rawValue)) }
    column("subcategory", frames, &writer) { writer, _ in writer.write("0") }
    column("func", frames, &writer) { $0.write(number: $1.function) }
    column("nativeSymbol", frames, &writer) { $0.write(optional: $1.nativeSymbol) }
    column("innerWindowID", frames, &writer) { writer, _ in writer.write("null") }
    column("line", frames, &writer) { $0.write(optional: $1.line > 0 ? Int($1.line) : nil) }
    column("column", frames, &writer) { $0.write(optional: $1.column > 0 ? Int($1.column) : nil) }
    writer.write("},\"funcTable\":{\"length\":\(functions.count)")
    column("name", functions, &writer) { $0.write(number: $1.name) }
    column("isJS", functions, &writer) { writer, _ in writer.write("false") }
    column("relevantForJS", functions, &writer) { writer, _ in writer.write("false") }
    column("resource", functions, &writer) { $0.write(number: $1.resource) }
    column("source", functions, &writer) { $0.write(optional: $1.source) }
    column("lineNumber", functions, &writer) { $0.write(optional: $1.line > 0 ? Int($1.line) : nil) }
    column("columnNumber", functions, &writer) { writer, _ in writer.write("null") }
    writer.write("},\"resourceTable\":{\"length\":\(resources.count)")
    column("lib", resources, &writer) { $0.write(number: $1.library) }
    column("name", resources, &writer) { $0.write(number: $1.name) }
    column("host", resources, &writer) { writer, _ in writer.write("null") }
    // 1 is a library.
    column("type", resources, &writer) { writer, _ in writer.write("1") }
    writer.write("},\"nativeSymbols\":{\"length\":\(symbols.count)")
    column("libIndex", symbols, &writer) { $0.write(number: $1.library) }
    column("address", symbolAddresses, &writer) { $0.write(number: $1) }
    column("name", symbols, &writer) { $0.write(number: $1.name) }
    column("functionSize", symbols, &writer) { writer, _ in writer.write("null") }
    writer.write("}}")
  }

  private func writeSamples(to writer: inout ByteWriter, _ profile: Profile) {
    writer.write(",\"samples\":{\"length\":\(samples.count),\"weightType\":\"samples\"")
    column("stack", stacks, &writer) { $0.write(optional: $1 < 0 ? nil : $1) }
    column("time", samples, &writer) { $0.write(millionths: profile.samples[$1].time) }
    column("weight", samples, &writer) { $0.write(number: UInt64(profile.samples[$1].count)) }
    writer.write("}")
  }

  private func column<Rows: Sequence>(
    _ name: String, _ rows: Rows, _ writer: inout ByteWriter, _ body: (inout ByteWriter, Rows.Element) -> Void
  ) {
    writer.write(",\"\(name)\":[")
    writer.write(list: rows, body)
    writer.write("]")
  }
}

extension ByteWriter {
  /// A number, or JSON's word for none.
  fileprivate mutating func write(optional number: Int?) {
    if let number { write(number: number) } else { write("null") }
  }
}
