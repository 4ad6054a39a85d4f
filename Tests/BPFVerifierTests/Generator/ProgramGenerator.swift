import BPFInstructions
import BPFObject

/// A generator of numbers that gives the same sequence for the same seed on every machine.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 ^ 0x1234_5678_9abc_def1 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}

/// Structured programs that do what programs do: look up, check, compute, loop, call; each step careful or, now and
/// then, not. About half of them are sound. No kernel functions are called.
struct ProgramGenerator {
  var random: SeededRandom
  var kinds: [ValueKind] = Array(repeating: .nothing, count: 10)
  /// The eight-byte slots of the stack that have been written, by number from the frame pointer down.
  var written: Set<Int> = []
  var hook: Hook
  /// The kinds of the second argument of each subprogram that is called.
  var callees: [ValueKind] = []
  var isSubprogram = false
  /// Statements that may still be made.
  var budget: Int

  /// What a register holds, as far as the generator knows.
  enum ValueKind: Hashable, Sendable {
    case nothing
    /// A number, with a bound that it does not exceed.
    case scalar(UInt64?)
    case context
    case frame
    case value
    case maybeValue
  }

  /// A program type, and what of its context may be read.
  struct Hook: Sendable {
    var section: String
    var fields: [(offset: Int16, size: MemorySize)]
    /// The offsets of the packet's beginning and end.
    var packet: (data: Int16, end: Int16)?
    var isTracing = false
    var contextSize: Int
  }

  static let hooks: [Hook] = [
    Hook(section: "socket", fields: [(0, .word), (4, .word), (16, .half), (48, .word), (52, .byte)], contextSize: 192),
    Hook(section: "xdp", fields: [(12, .word), (16, .word)], packet: (0, 4), contextSize: 24),
    Hook(
      section: "tc", fields: [(0, .word), (8, .word), (48, .word), (72, .word)], packet: (76, 80), contextSize: 192),
    Hook(section: "cgroup_skb/egress", fields: [(0, .word), (4, .word), (8, .word)], contextSize: 192),
    Hook(
      section: "kprobe/x", fields: [(0, .doubleWord), (80, .doubleWord), (112, .doubleWord)], isTracing: true,
      contextSize: 168),
    Hook(
      section: "tracepoint/syscalls/sys_enter_read", fields: [(8, .doubleWord), (16, .doubleWord), (24, .word)],
      isTracing: true, contextSize: 64),
    Hook(
      section: "raw_tp/sys_enter", fields: [(0, .doubleWord), (8, .doubleWord)], isTracing: true, contextSize: 96),
    Hook(
      section: "perf_event", fields: [(0, .doubleWord), (128, .doubleWord), (168, .doubleWord)], isTracing: true,
      contextSize: 184),
  ]

  static let valueSize = 48

  /// The program of a seed.
  static func program(seed: UInt64) throws -> GeneratedProgram {
    var random = SeededRandom(seed: seed)
    let hook = hooks[Int(random.next() % UInt64(hooks.count))]
    var generator = ProgramGenerator(random: random, hook: hook, budget: 0)
    generator.budget = generator.number(3...14)
    generator.kinds[1] = .context
    var main: [Instruction] = [.move(.r6, .r1)]
    generator.kinds[6] = .context
    main += generator.block(nesting: 0)
    main += generator.end()
    var code = [main]
    var index = 0
    while index < generator.callees.count {
      var callee = ProgramGenerator(random: generator.random, hook: hook, budget: generator.number(1...4))
      callee.isSubprogram = true
      callee.kinds[1] = .scalar(nil)
      callee.kinds[2] = generator.callees[index]
      var body = callee.block(nesting: 0)
      body += callee.scalar(into: .r0) + [.exit]
      code.append(body)
      generator.random = callee.random
      index += 1
    }
    return try GeneratedProgram(section: hook.section, functions: code)
  }

  // MARK: Choices

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
  /// Whether the next step is made with care.
  mutating func isCareful() -> Bool { chance(80) }
  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...elements.count - 1)] }

  mutating func registers(where condition: (ValueKind) -> Bool) -> [Register] {
    (0...9).filter { condition(kinds[$0]) }.compactMap { Register(rawValue: UInt8($0)) }
  }

  func kind(_ register: Register) -> ValueKind { kinds[Int(register.rawValue)] }
  mutating func set(_ register: Register, _ kind: ValueKind) { kinds[Int(register.rawValue)] = kind }

  /// A register to write to: never r6, which keeps the context.
  mutating func target() -> Register { pick([.r0, .r1, .r2, .r3, .r4, .r5, .r7, .r8, .r9]) }
  mutating func kept() -> Register { pick([.r7, .r8, .r9]) }

  mutating func clobber() {
    for index in 1...5 { kinds[index] = .nothing }
  }

  // MARK: Blocks

  mutating func block(nesting: Int) -> [Instruction] {
    var code: [Instruction] = []
    for _ in 0..<number(1...(nesting == 0 ? 10 : 4)) where budget > 0 {
      budget -= 1
      code += statement(nesting: nesting)
    }
    return code
  }

  private mutating func statement(nesting: Int) -> [Instruction] {
    switch number(1...100) {
    case ...24: return arithmetic()
    case ...38 where nesting < 3: return branch(nesting: nesting)
    case ...46: return stackAccess()
    case ...58: return lookup(nesting: nesting)
    case ...72: return valueAccess()
    case ...78: return packetAccess(nesting: nesting)
    case ...82 where nesting < 2: return loop(nesting: nesting)
    case ...86 where !isSubprogram: return call()
    case ...92: return helper()
    case ...95: return atomic()
    default: return scalar(into: target())
    }
  }

  mutating func end() -> [Instruction] {
    if hook.section.hasPrefix("cgroup") { return [.move(.r0, Int32(number(0...(isCareful() ? 1 : 5)))), .exit] }
    if kinds[0] != .nothing, isCareful() || chance(50), case .scalar = kinds[0] { return [.exit] }
    return [.move(.r0, Int32(number(-1...5))), .exit]
  }

  /// Two ways that meet: what both know alike is known after it.
  mutating func join(_ other: [ValueKind], _ otherWritten: Set<Int>) {
    for index in kinds.indices where kinds[index] != other[index] {
      if case .scalar = kinds[index], case .scalar = other[index] {
        kinds[index] = .scalar(nil)
      } else {
        kinds[index] = .nothing
      }
    }
    written.formIntersection(otherWritten)
  }
}
