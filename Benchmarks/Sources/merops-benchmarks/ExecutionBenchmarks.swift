import Merops

/// The same programs in the simulated machine with each access checked, and without the checks that the verifier proves
/// needless.
@Sendable
func executionBenchmarks() throws -> [Benchmark] {
  try [("copy within a map value", copyWithinValue), ("stack and map value", sumOnStack)].flatMap { name, code in
    try [("checked", ProgramVerification.none), ("verified", .standard)].map { mode, verification in
      let machine = try Machine()
      let loaded = try machine.load(try object(code), verification: verification)
      precondition(loaded.programs[0].execution.isVerified == (verification == .standard))
      return Benchmark("execution: \(name), \(mode)", unit: "ns/instruction") {
        let start = ThreadClock.now
        for _ in 0..<2000 { try loaded.run("program") }
        let elapsed = ThreadClock.now - start
        var count = 0
        for case .programRan(_, _, let instructions) in machine.takeTimeline().map(\.kind) { count += instructions }
        return Double(elapsed) / Double(count)
      }
    }
  }
}

/// A syscall program over an array with one value of 8 KiB, whose address r6 gets first.
private func object(_ body: [Instruction]) throws -> ObjectFile {
  var object = ObjectFile()
  object.license = "GPL"
  object.maps["values"] = MapDefinition(name: "values", type: .array, keySize: 4, valueSize: 8192, maxEntries: 1)
  let load = [Instruction(opcode: 0x18, destination: 6, source: 2), Instruction(opcode: 0)]
  var program = Program(
    name: "program", section: "syscall", kind: try ProgramKind(section: "syscall"), instructions: load + body)
  program.references[0] = .mapValue(map: "values", offset: 0)
  object.programs["program"] = program
  return object
}

/// 500 rounds that copy eight bytes each.
private let copyWithinValue: [Instruction] = [
  .move(.r7, 0),
  .move(.r1, .r6),
  .add(.r1, .r7),
  .load(.doubleWord, .r2, from: .r1),
  .store(.doubleWord, .r2, to: .r1, offset: 4096),
  .add(.r7, 8),
  .jump(if: .r7, .less, 4000, offset: -6),
  .move(.r0, 0),
  .exit,
]

/// 500 rounds that keep their sum on the stack and look a number up.
private let sumOnStack: [Instruction] = [
  .move(.r7, 0),
  .store(.doubleWord, 0, to: .r10, offset: -8),
  .store(.doubleWord, .r7, to: .r10, offset: -16),
  .load(.doubleWord, .r1, from: .r6, offset: 64),
  .load(.doubleWord, .r2, from: .r10, offset: -8),
  .add(.r2, .r1),
  .load(.doubleWord, .r3, from: .r10, offset: -16),
  .add(.r2, .r3),
  .store(.doubleWord, .r2, to: .r10, offset: -8),
  .add(.r7, 1),
  .jump(if: .r7, .less, 500, offset: -9),
  .move(.r0, 0),
  .exit,
]
