internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// Instructions as the kernel's log writes them: `r1 = *(u64 *)(r10 -8)`, `if w0 s< 0x8 goto pc+7`.
struct KernelNotation {
  private let references: [Int: ResolvedReference]
  private let types: BTF?

  init(_ exploration: borrowing Exploration) {
    references = exploration.program.references
    types = exploration.program.kernelTypes
  }

  func text(of instruction: DecodedInstruction, at index: Int) -> String {
    switch instruction {
    case .arithmetic(let operation, let width, let target, let operand):
      return "\(name(target, width)) \(operation.symbol) \(decimal(operand, width))"
    case .negate(let width, let target): return "\(name(target, width)) = -\(name(target, width))"
    case .byteSwap(let swap, let size, let target):
      return "\(target) = \(swap.symbol)\(size.byteCount * 8) \(target)"
    case .moveSignExtended(let width, let size, let target, let source):
      return "\(name(target, width)) = (s\(size.byteCount * 8))\(name(source, width))"
    case .castAddressSpace(let target, let source, let to, let from):
      return "\(target) = addr_space_cast(\(source), \(to), \(from))"
    case .load(let size, let fill, let target, let base, let offset):
      return "\(target) = *(\(fill == .sign ? "s" : "u")\(size.byteCount * 8) *)(\(place(base, offset)))"
    case .store(let size, let base, let offset, let value):
      return "*(u\(size.byteCount * 8) *)(\(place(base, offset))) = \(decimal(value, .bits64))"
    case .loadAcquire(let size, let target, let base, let offset):
      return "\(target) = load_acquire((u\(size.byteCount * 8) *)(\(place(base, offset))))"
    case .storeRelease(let size, let base, let offset, let value):
      return "store_release((u\(size.byteCount * 8) *)(\(place(base, offset))), \(value))"
    case .atomic(let operation, let width, let fetches, let base, let offset, let value):
      return atomic(operation, width, fetches, place(base, offset), value)
    case .loadWide(let target, let value): return "\(target) = \(wide(value, at: index))"
    case .loadPacket(let size, let register, let offset):
      let start = register.map { "\($0) + " } ?? ""
      return "r0 = *(u\(size.byteCount * 8) *)skb[\(start)\(offset)]"
    case .jumpIf(let condition, let width, let left, let right, let offset):
      let value =
        switch right {
        case .register(let register): name(register, width)
        case .immediate(let number): "0x\(String(UInt32(bitPattern: number), radix: 16))"
        }
      return "if \(name(left, width)) \(condition.symbol) \(value) goto pc\(signed(Int(offset)))"
    case .goto(let offset): return "goto pc\(signed(Int(offset)))"
    case .gotoLong(let offset): return "gotol pc\(signed(Int(offset)))"
    case .mayGoto(let offset): return "may_goto pc\(signed(Int(offset)))"
    case .call(let target): return "call \(callee(target, at: index))"
    case .exit: return "exit"
    }
  }

  private func name(_ register: Register, _ width: OperandWidth) -> String {
    width == .bits32 ? "w\(register.rawValue)" : "r\(register.rawValue)"
  }

  private func decimal(_ operand: Operand, _ width: OperandWidth) -> String {
    switch operand {
    case .register(let register): name(register, width)
    case .immediate(let number): "\(number)"
    }
  }

  private func signed(_ number: Int) -> String { number < 0 ? "\(number)" : "+\(number)" }

  private func place(_ base: Register, _ offset: Int16) -> String { "\(base) \(signed(Int(offset)))" }

  private func atomic(
    _ operation: AtomicOperation, _ width: OperandWidth, _ fetches: Bool, _ place: String, _ value: Register
  ) -> String {
    let type = width == .bits64 ? "u64" : "u32"
    let prefix = width == .bits64 ? "atomic64" : "atomic"
    switch operation {
    case .exchange: return "\(value) = \(prefix)_xchg((\(type) *)(\(place)), \(value))"
    case .compareExchange: return "r0 = \(prefix)_cmpxchg((\(type) *)(\(place)), r0, \(value))"
    case .add, .or, .and, .xor:
      guard fetches else { return "lock *(\(type) *)(\(place)) \(symbol(operation)) \(value)" }
      return "\(value) = \(prefix)_fetch_\(operation)((\(type) *)(\(place)), \(value))"
    }
  }

  private func symbol(_ operation: AtomicOperation) -> String {
    switch operation {
    case .add: "+="
    case .or: "|="
    case .and: "&="
    default: "^="
    }
  }

  private func wide(_ value: WideValue, at index: Int) -> String {
    if case .kernelSymbol? = references[index] { return "0xffffffff81000000" }
    return switch value {
    case .constant(let number): "0x\(String(number, radix: 16))"
    case .function(let offset): "0x\(String(UInt32(bitPattern: offset), radix: 16))"
    // Addresses, which only a kernel has: here those of imagined maps, by their order.
    default:
      switch references[index] {
      case .map(let map)?: "0x\(String(0xffff_8880_0000_0000 | UInt64(map) << 12, radix: 16))"
      case .mapValue(let map, let offset)?:
        "0x\(String(0xffff_c900_0000_0000 | UInt64(map) << 24 &+ UInt64(bitPattern: Int64(offset)), radix: 16))"
      default: "0xffffffff81000000"
      }
    }
  }

  private func callee(_ target: DecodedInstruction.CallTarget, at index: Int) -> String {
    switch target {
    case .helper(let number):
      "\(HelperFunction(identifier: number)?.name ?? (number == 0 ? "bpf_unspec" : "unknown"))#\(number)"
    case .local(let offset): "pc\(signed(Int(offset)))"
    case .register(let register): "\(register)"
    case .kernelFunction(let type, _):
      if case .kernelFunction(let name, _)? = references[index] {
        "\(name)#\(types?.first(named: name, kind: .function)?.rawValue ?? 0)"
      } else {
        "kernel-function#\(type)"
      }
    }
  }
}
