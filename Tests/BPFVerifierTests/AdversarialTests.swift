import BPFInstructions
import BPFObject
import BPFTypeFormat
import BPFVerifier
import Testing

/// Whatever the verifier is given, it answers, within the bounds that its caller sets.
@Suite("Adversarial input")
struct AdversarialTests {
  private func verdict(_ instructions: [Instruction], options: VerifierOptions = Self.bounded) -> Verdict {
    var object = ObjectFile()
    object.license = "GPL"
    let program = Program(
      name: "p", section: "socket", kind: ProgramKind(type: .socketFilter), instructions: instructions)
    return Verifier(options: options).verify(program, of: object)
  }

  private static let bounded: VerifierOptions = {
    var options = VerifierOptions()
    options.limits.processedInstructions = 20_000
    options.limits.stateBytes = 16 << 20
    return options
  }()

  @Test("any bytes get an answer")
  func noise() {
    var random = SeededRandom(seed: 7)
    for length in [0, 1, 2, 3, 7, 64, 500] {
      for _ in 0..<200 {
        let slots = (0..<length).map { _ in
          Instruction(
            opcode: UInt8(truncatingIfNeeded: random.next()), destination: UInt8(random.next() % 16),
            source: UInt8(random.next() % 16), offset: Int16(truncatingIfNeeded: random.next()),
            immediate: Int32(truncatingIfNeeded: random.next()))
        }
        _ = verdict(slots)
      }
    }
  }

  @Test("valid instructions in any order, which jump anywhere, get an answer")
  func jumps() {
    var random = SeededRandom(seed: 11)
    // Opcodes of every class, with registers and offsets that are mostly in range.
    let opcodes: [UInt8] = [
      0x07, 0x0f, 0xb7, 0xbf, 0xb4, 0x18, 0x61, 0x79, 0x7b, 0x63, 0x62, 0xdb, 0x05, 0x15, 0x1d, 0x2d, 0x25, 0x55, 0xd5,
      0x06, 0xe5, 0x85, 0x95, 0x30, 0x50,
    ]
    for _ in 0..<2000 {
      let length = Int.random(in: 1...40, using: &random)
      let slots = (0..<length).map { _ in
        Instruction(
          opcode: opcodes.randomElement(using: &random) ?? 0x95, destination: UInt8.random(in: 0...10, using: &random),
          source: UInt8.random(in: 0...10, using: &random), offset: Int16.random(in: -20...20, using: &random),
          immediate: Int32.random(in: -8...200, using: &random))
      }
      _ = verdict(slots)
    }
  }

  @Test("the longest program is looked at, and one that is longer is refused")
  func length() {
    var options = VerifierOptions()
    options.limits.processedInstructions = 2_000
    let long = [Instruction](repeating: .move(.r0, 0), count: 999_999) + [.exit]
    guard case .tooComplex? = verdict(long, options: options).rejection?.cause else {
      Issue.record("a million instructions are more than two thousand")
      return
    }
    #expect(verdict(long + [.exit], options: options).rejection != nil)
  }

  @Test("registers that are read far behind a chain of jumps back get an answer")
  func jumpsBack() throws {
    let count = 100_000
    var slots = try Assembler.assemble("r6 = 1\ngotol +\(count + 1)\nr0 = r6\nexit\ngoto -3")
    slots += try [Instruction](repeating: #require(Assembler.assemble("goto -2").first), count: count - 1)
    var options = VerifierOptions()
    options.limits.processedInstructions = 2 * count
    #expect(verdict(slots, options: options).rejection == nil)
  }

  @Test("a number is traced back no further than to the last of the states that are kept on a long way without jumps")
  func longWay() throws {
    let access = "r1 = r10\nr1 += r7\nr2 = *(u8 *)(r1 - 64)\n"
    let text = "call 7\nr7 = r0\nr7 &= 31\n" + String(repeating: access, count: 6000) + "r0 = 0\nexit"
    let verdict = verdict(try Assembler.assemble(text))
    #expect(verdict.rejection == nil)
    #expect(verdict.statistics.totalStates >= 3 * 6000 / 1100)
  }

  @Test("the bounds of a caller hold: instructions, branches that wait, memory, log")
  func bounds() {
    // Two ways at each of many places, which all differ in what a register holds.
    var slots: [Instruction] = [.move(.r0, 0), .load(.word, .r2, from: .r1)]
    for bit in 0..<40 as Range<Int32> {
      slots += [
        .jump(if: .r2, .greater, bit, offset: 1), .add(.r0, 1), .store(.doubleWord, .r0, to: .r10, offset: -8),
        .load(.doubleWord, .r0, from: .r10, offset: -8),
      ]
    }
    slots += [.arithmetic(.shiftLeft, .r0, 1), .add(.r10, 0), .exit]
    var options = VerifierOptions()
    options.limits.processedInstructions = 5_000
    var statistics = verdict(slots, options: options).statistics
    #expect(statistics.processedInstructions <= 5_001)
    options = VerifierOptions()
    options.limits.pendingBranches = 10
    #expect(verdict(slots, options: options).rejection != nil)
    options = VerifierOptions()
    options.limits.stateBytes = 10_000
    statistics = verdict(slots, options: options).statistics
    #expect(statistics.peakStateBytes <= 20_000, "\(statistics.peakStateBytes)")
    options = VerifierOptions()
    options.log = .path
    options.limits.logBytes = 1_000
    let log = verdict(slots, options: options).log
    #expect(log.utf8.count <= 2_000)
    #expect(log.contains("frame pointer is read only"), "the end of the log is kept")
  }

  @Test("types that lead back to themselves, or are nonsense, get an answer")
  func types() throws {
    var random = SeededRandom(seed: 13)
    var object = try CorpusAssembler.object(
      CorpusCase(
        topic: "", name: "", section: "socket", license: "GPL",
        code: "call f\nexit\nint f(struct pair *p):\nr0 = 0\nexit", expectation: .accepted, line: 0))
    let program = try #require(object.programs["p"])
    let bytes = try #require(object.types).encoded
    for _ in 0..<2000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 24..<changed.count, using: &random)
        changed[place] = random.next() % 4 == 0 ? UInt8(truncatingIfNeeded: random.next()) : changed[place] ^ 1
      }
      guard let types = try? BTF(parsing: changed) else { continue }
      object.types = types
      _ = Verifier(options: Self.bounded).verify(program, of: object, kernelTypes: types)
    }
  }

  @Test("maps that contradict themselves get an answer")
  func maps() throws {
    var random = SeededRandom(seed: 17)
    let sizes: [UInt32] = [0, 1, 3, 4, 8, 48, 4096, 1 << 20, .max]
    for row in try Corpus.files().flatMap(\.cases) where !row.isLong && row.code.contains("array") {
      var object = try CorpusAssembler.object(row)
      guard let program = object.programs["p"] else { continue }
      for name in object.maps.keys {
        object.maps[name]?.keySize = sizes.randomElement(using: &random) ?? 0
        object.maps[name]?.valueSize = sizes.randomElement(using: &random) ?? 0
        object.maps[name]?.maxEntries = sizes.randomElement(using: &random) ?? 0
        object.maps[name]?.type = MapType.allCases.randomElement(using: &random) ?? .array
        object.maps[name]?.flags = MapFlags(rawValue: UInt32(truncatingIfNeeded: random.next()))
      }
      _ = Verifier(options: Self.bounded).verify(program, of: object)
    }
  }

  @Test("programs of the corpus with changed instructions get an answer")
  func mutations() throws {
    for row in try Corpus.files().flatMap(\.cases) where !row.isLong {
      try Self.mutate(row, count: Int(LongRun.mutations), seed: UInt64(row.line))
    }
  }

  /// Puts a number of changed forms of a program to the verifier.
  private static func mutate(_ row: CorpusCase, count: Int, seed: UInt64) throws {
    var random = SeededRandom(seed: seed &+ LongRun.firstSeed)
    let object = try CorpusAssembler.object(row)
    guard let original = object.programs["p"] else { return }
    var options = bounded
    for round in 0..<count {
      var program = original
      for _ in 0..<Int.random(in: 1...3, using: &random) { program.instructions.mutate(using: &random) }
      options.log = round % 8 == 0 ? .path : .none
      let verifier = Verifier(options: options)
      let verdict = verifier.verify(program, of: object)
      if round % 8 == 0, let rejection = verdict.rejection {
        _ = verifier.diagnostic(of: rejection, program, of: object)
      }
    }
  }
}

extension [Instruction] {
  /// Changes a field of an instruction, puts one in another's place, or repeats one.
  fileprivate mutating func mutate(using random: inout SeededRandom) {
    guard !isEmpty else { return }
    let index = Int.random(in: 0..<count, using: &random)
    switch random.next() % 8 {
    case 0: self[index].opcode = UInt8(truncatingIfNeeded: random.next())
    case 1: self[index].opcode ^= 1 << UInt8(random.next() % 8)
    case 2: self[index].destination = UInt8(random.next() % 11)
    case 3: self[index].source = UInt8(random.next() % 11)
    case 4: self[index].offset = Int16.random(in: -16...16, using: &random)
    case 5: self[index].immediate = Int32(truncatingIfNeeded: random.next() >> (random.next() % 60))
    case 6: self[index] = self[Int.random(in: 0..<count, using: &random)]
    default: insert(self[Int.random(in: 0..<count, using: &random)], at: index)
    }
  }
}
