import BPFLinux
import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// Exceptions, resilient locks and walks through tasks.
@Suite struct KernelFunctionTests {
  private func pair() async throws -> KernelPair {
    let pair = try await KernelPair(TestPrograms.kernelFunctions.object())
    #expect(pair.simulated.isVerified)
    return pair
  }

  /// Runs a program in both kernels, whose results have to be the same.
  private func run(
    _ pair: KernelPair, _ program: String, _ argument: UInt64, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (result: Int, stage: UInt64) {
    let context = [argument, 0].flatMap(\.memoryBytes)
    let (result, after) = try pair.simulated.run(program, context: context)
    let value = Int(Int32(truncatingIfNeeded: result))
    if let running = try pair.running?.program(program).testRun(context: context) {
      #expect(value == Int(Int32(truncatingIfNeeded: running.result)), "Linux differs", sourceLocation: sourceLocation)
      #expect(after.memoryWords[1] == running.context.memoryWords[1], "Linux differs", sourceLocation: sourceLocation)
    }
    return (value, after.memoryWords[1])
  }

  @Test("an exception ends the program, wherever it is thrown, and its cookie is the result")
  func exceptions() async throws {
    let pair = try await pair()
    let rows: [(program: String, argument: UInt64, result: Int, stage: UInt64)] = [
      ("throws", 0, 7, 2), ("throws", 42, 42, 1), ("throws_in_function", 5, 7, 3), ("throws_in_function", 100, 101, 2),
    ]
    for row in rows {
      let outcome = try run(pair, row.program, row.argument)
      #expect(outcome == (row.result, row.stage), "\(row.program) \(row.argument)")
    }
    #expect(pair.machine.faults.isEmpty)
  }

  @Test("a program's callback for exceptions makes the result of the cookie")
  func caught() async throws {
    let pair = try await pair()
    #expect(try run(pair, "throws_and_catches", 0) == (7, 2))
    #expect(try run(pair, "throws_and_catches", 3) == (5003, 1))
  }

  @Test("a resilient lock that the program holds already is refused to it, and another is not")
  func resilientLocks() async throws {
    let pair = try await pair()
    func answers(_ program: String, _ argument: UInt64) throws -> [UInt64] {
      try pair.call(program, [argument, 0])
      return try pair.variable("answers").memoryWords
    }
    #expect(try answers("locks_two", 1) == [0, 0, 1])
    #expect(try answers("locks_two", 0) == [0, UInt64(bitPattern: -35), 0])
    #expect(try answers("locks_two", 1) == [0, 0, 2])
    #expect(try answers("locks_without_interrupts", 0)[0] == 0)
    #expect(try answers("locks_two", 1) == [0, 0, 4])
    // Interrupts are on again: an interrupt that waits would not come otherwise.
    try pair.machine.clockInterrupt(on: 0)
  }

  @Test("a walk through tasks begins at the idle task and comes to each process or thread in order")
  func tasks() async throws {
    let pair = try await pair()
    let machine = pair.machine
    let thread = try machine.spawnThread(of: pair.task)
    let other = try machine.spawn("other")
    let kernelThread = try machine.spawnKernelThread("worker")
    let gone = try machine.spawn("gone")
    try machine.run(gone, on: 1)
    try machine.exit(gone)
    try machine.reap(gone)
    func walk(_ flags: UInt64, fromCaller: Bool = false) throws -> (result: Int64, pids: [UInt32]) {
      try pair.simulated.run("walk", context: [flags, fromCaller ? 1 : 0].flatMap(\.memoryBytes))
      func variable(_ name: String) throws -> [UInt8] {
        let global = try #require(pair.simulated.object.globals[name])
        let bytes = try pair.simulated.map(global.map).lookupElement([0, 0, 0, 0])
        return Array(bytes[global.offset..<global.offset + global.byteCount])
      }
      let (answers, bytes) = (try variable("answers").memoryWords, try variable("found"))
      let count = Int(answers[1])
      let pids = (0..<count).map { index in
        bytes.dropFirst(4 * index).prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      }
      return (Int64(bitPattern: answers[0]), pids)
    }
    let (main, second) = (UInt32(pair.task.pid), UInt32(thread.pid))
    let others = [UInt32(other.pid), UInt32(kernelThread.pid)]
    #expect(try walk(0).pids == [0, main] + others)
    #expect(try walk(1).pids == [0, main, second] + others)
    #expect(try walk(2, fromCaller: true) == (0, [main, second]))
    try machine.run(thread, on: 0)
    #expect(try walk(2, fromCaller: true).pids == [second], "from the given thread on")
    for flags: UInt64 in [2, 3] { #expect(try walk(flags) == (-22, [])) }
  }
}
