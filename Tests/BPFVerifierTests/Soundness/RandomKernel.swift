import BPFExecution
import BPFInstructions

/// An environment for generated programs: maps, a context, a packet and helpers whose contents and answers are random, and
/// which tells of each instruction. Each map value is a region of its own, so that an access beside it is a fault.
final class RandomKernel: ObservingEnvironment {
  private var random: SeededRandom
  private let memory: AddressSpace
  private let interpreter: Interpreter
  private let hook: ProgramGenerator.Hook
  private let context: ProgramAddress
  private let arrayElements: [ProgramAddress]
  private let hashElements: [ProgramAddress]
  private let packet: UnsafeMutableRawPointer
  /// Where packets begin.
  static let packetAddress: UInt32 = 0x10000
  /// Where the packet of the run ends.
  private(set) var packetEnd: UInt32 = 0
  /// Sees each step of a run.
  var onStep: ((ExecutionStep) -> Void)?

  init(_ hook: ProgramGenerator.Hook, seed: UInt64) throws {
    self.hook = hook
    random = SeededRandom(seed: seed)
    let space = try AddressSpace()
    memory = space
    interpreter = try Interpreter(memory: memory)
    context = try memory.allocate(byteCount: hook.contextSize, name: "context")
    arrayElements = try (0..<4).map {
      try space.allocate(byteCount: ProgramGenerator.valueSize, name: "element \($0) of the array")
    }
    hashElements = try (0..<4).map {
      try space.allocate(byteCount: ProgramGenerator.valueSize, name: "element \($0) of the hash")
    }
    packet = .allocate(byteCount: 4096, alignment: 4096)
    packet.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
  }

  deinit { packet.deallocate() }

  /// Runs a program once on new random contents.
  func run(_ program: ObservedProgram) throws {
    for element in arrayElements + hashElements { fill(element, ProgramGenerator.valueSize) }
    fill(context, hook.contextSize)
    if let fields = hook.packet {
      let length = Int.random(in: 0...64, using: &random)
      let address = Self.packetAddress
      packetEnd = address + UInt32(length)
      try memory.setWindow(.init(address: address, base: packet, readable: length, writable: length, name: "packet"))
      _ = memory.store(address, at: context &+ UInt64(fields.data))
      _ = memory.store(address + UInt32(length), at: context &+ UInt64(fields.end))
    }
    _ = try interpreter.run(program.program, r1: context, budget: 1_000_000, environment: self)
  }

  private func fill(_ address: ProgramAddress, _ count: Int) {
    let bytes = (0..<count / 8).flatMap { _ in withUnsafeBytes(of: interesting(), Array.init) }
    _ = memory.write(bytes, at: address)
  }

  /// Numbers near to where bounds lie come more often than others.
  private func interesting() -> UInt64 {
    switch random.next() % 4 {
    case 0: random.next()
    case 1: random.next() % 64
    case 2: random.next() & 0xffff_ffff
    default: UInt64(bitPattern: Int64(bitPattern: random.next() % 64) - 32)
    }
  }

  /// Eight bytes of the program's memory.
  func word(at address: ProgramAddress) -> UInt64? { memory.load(address, as: UInt64.self) }

  func observe(_ step: ExecutionStep) { onStep?(step) }

  func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
    switch number {
    case 1:
      if invocation.r1 == 1 {
        let key = try read(invocation.r2, 4, invocation)
        return key < 4 ? arrayElements[Int(key)] : 0
      }
      let key = try read(invocation.r2, 8, invocation)
      return random.next() % 3 == 0 ? 0 : hashElements[Int(key % 4)]
    case 2:
      _ = try read(invocation.r2, invocation.r1 == 1 ? 4 : 8, invocation)
      guard invocation.memory.read(invocation.r3, byteCount: ProgramGenerator.valueSize) != nil else {
        throw fault(invocation.r3, ProgramGenerator.valueSize, invocation)
      }
      return 0
    case 3:
      _ = try read(invocation.r2, invocation.r1 == 1 ? 4 : 8, invocation)
      return random.next() % 2 == 0 ? 0 : UInt64(bitPattern: -2)
    case 5: return interesting()
    case 7: return interesting() & 0xffff_ffff
    case 8: return 0
    case 113:
      let size = Int(clamping: invocation.r2)
      let bytes = (0..<min(size, 512)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      guard size <= 512, invocation.memory.write(bytes, at: invocation.r1) else {
        throw fault(invocation.r1, size, invocation)
      }
      return random.next() % 2 == 0 ? 0 : UInt64(bitPattern: -14)
    default: throw ExecutionFault(.unknownHelper(number))
    }
  }

  private func read(
    _ address: UInt64, _ count: Int, _ invocation: borrowing Invocation
  ) throws(ExecutionFault) -> UInt64 {
    guard let bytes = invocation.memory.read(address, byteCount: count) else { throw fault(address, count, invocation) }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func fault(_ address: UInt64, _ count: Int, _ invocation: borrowing Invocation) -> ExecutionFault {
    ExecutionFault(
      .invalidRead(
        address: address, byteCount: count, target: invocation.memory.description(of: address, byteCount: count)))
  }
}

extension GeneratedProgram {
  /// The program as it runs: a map is its number.
  func observed() throws -> ObservedProgram {
    var slots = instructions
    for index in slots.indices where slots[index].isWideLoad && slots[index].source == 1 { slots[index].source = 0 }
    return try ObservedProgram(name: section, slots)
  }
}
