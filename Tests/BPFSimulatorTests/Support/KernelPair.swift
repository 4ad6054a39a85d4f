import BPFLinux
import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// One object in the simulated kernel and, where there is one that tests can use, in the running kernel. What is asked is
/// asked of both.
final class KernelPair {
  /// Where Linux is not 6.18, or may not be asked, the simulated kernel's answers are held against the tables alone.
  static let hasRunningKernel = KernelProgram.isAvailable && (try? LinuxKernel().types()) != nil

  let machine: Machine
  /// The task that calls, on CPU 0.
  let task: SimulatedTask
  let simulated: LoadedObject
  let running: LinuxObject?

  init(_ file: ObjectFile, isSimulatedOnly: Bool = false) throws {
    machine = try Machine()
    task = try machine.spawn("caller")
    try machine.run(task, on: 0)
    // What only the simulated kernel is asked is what a verifier would not let pass.
    simulated = try machine.load(file, verification: isSimulatedOnly ? .none : .standard)
    running = Self.hasRunningKernel && !isSimulatedOnly ? try LinuxKernel().load(file) : nil
  }

  /// Runs a `syscall` program in both kernels; what they leave in the words of the context has to be the same, but for
  /// words that were different before.
  ///
  /// - Parameter other: the words for the running kernel where they are not the same, such as addresses of user memory.
  /// - Parameter ignored: words that may differ.
  /// - Returns: the words that the simulated kernel has left.
  @discardableResult
  func call(
    _ program: String, _ words: [UInt64] = [0], running other: [UInt64]? = nil, ignoring ignored: Set<Int> = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [Int64] {
    let after = try simulated.run(program, context: words.flatMap(\.memoryBytes)).context.memoryWords
    if let running {
      let otherWords = other ?? words
      let context = try running.program(program).testRun(context: otherWords.flatMap(\.memoryBytes)).context
      for (index, word) in context.memoryWords.enumerated()
      where words[index] == otherWords[index] && !ignored.contains(index) {
        #expect(
          Int64(bitPattern: after[index]) == Int64(bitPattern: word),
          "\(program)(\(words)), word \(index): Linux differs",
          sourceLocation: sourceLocation)
      }
    }
    return after.map(Int64.init(bitPattern:))
  }

  /// The bytes of a variable, which have to be the same in both kernels.
  func variable(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [UInt8] {
    let global = try #require(simulated.object.globals[name])
    let range = global.offset..<global.offset + global.byteCount
    let bytes = Array(try simulated.map(global.map).lookupElement([0, 0, 0, 0])[range])
    if let running {
      let other = Array(try running.map(global.map).lookupElement([0, 0, 0, 0])[range])
      #expect(bytes == other, "\(name): Linux differs", sourceLocation: sourceLocation)
    }
    return bytes
  }

  /// Lets a program of a raw tracepoint run with the given arguments.
  func trace(_ program: String, _ arguments: [UInt64], running other: [UInt64]? = nil) throws {
    let link = try simulated.attach(program, to: .rawTracepoint(name: "sys_enter"))
    try machine.passRawTracepoint("sys_enter", arguments, on: 0)
    link.detach()
    _ = try running?.program(program).testRun(context: (other ?? arguments).flatMap(\.memoryBytes))
  }

  /// Gives an element the same value in both kernels.
  func update(_ map: String, _ key: [UInt8] = [0, 0, 0, 0], to value: [UInt8]) throws {
    try simulated.map(map).updateElement(key, to: value)
    try running?.map(map).updateElement(key, to: value)
  }

  /// The value of an element, which has to be the same in both kernels.
  func element(
    _ key: [UInt8] = [0, 0, 0, 0], of map: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [UInt8] {
    let value = try simulated.map(map).lookupElement(key)
    if let running {
      let other = try running.map(map).lookupElement(key)
      #expect(value == other, "\(map)\(key): Linux differs", sourceLocation: sourceLocation)
    }
    return value
  }
}

extension AssembledObject {
  /// Adds a `syscall` program that keeps what `body` leaves in r0 in the first word of its context, to which r9 points.
  mutating func call(_ name: String, _ body: String, functions: [(name: String, text: String)] = []) throws {
    try program(name, "r9 = r1\n\(body)\n*(u64 *)(r9 + 0) = r0\nr0 = 0\nexit", functions: functions)
  }
}
