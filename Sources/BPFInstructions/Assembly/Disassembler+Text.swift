extension Disassembler {
  /// The instruction as text. `target` replaces the offset of a jump, a local call or a function's address.
  public func text(of instruction: DecodedInstruction, target: String? = nil) -> String {
    switch instruction {
    case .arithmetic(let operation, let width, let register, let operand):
      return "\(name(register, width)) \(operation.symbol) \(text(operand, width))"
    case .negate(let width, let register):
      return "\(name(register, width)) = -\(name(register, width))"
    case .byteSwap(let swap, let size, let register):
      return "\(register) = \(swap.symbol)\(size.bitCount) \(register)"
    case .moveSignExtended(let width, let from, let register, let source):
      return "\(name(register, width)) = (s\(from.bitCount))\(name(source, width))"
    case .castAddressSpace(let register, let source, let to, let from):
      return "\(register) = addr_space_cast(\(source), \(number(to)), \(number(from)))"
    case .load(let size, .zero, let register, let base, let offset):
      return "\(memoryName(register, size)) = *(u\(size.bitCount) *)(\(address(base, offset)))"
    case .load(let size, .sign, let register, let base, let offset):
      return "\(register) = *(s\(size.bitCount) *)(\(address(base, offset)))"
    case .store(let size, let base, let offset, let operand):
      let value =
        switch operand {
        case .register(let register): memoryName(register, size)
        case .immediate(let constant): number(constant)
        }
      return "*(u\(size.bitCount) *)(\(address(base, offset))) = \(value)"
    case .atomic(let operation, let width, let fetch, let base, let offset, let source):
      return text(operation, width, fetch: fetch, at: address(base, offset), source)
    case .loadAcquire(let size, let register, let base, let offset):
      return "\(memoryName(register, size)) = load_acquire((u\(size.bitCount) *)(\(address(base, offset))))"
    case .storeRelease(let size, let base, let offset, let source):
      return "store_release((u\(size.bitCount) *)(\(address(base, offset))), \(memoryName(source, size)))"
    case .loadWide(let register, let value):
      return "\(register) = \(text(value, target: target)) ll"
    case .loadPacket(let size, let index, let constant):
      return "r0 = *(u\(size.bitCount) *)skb[\(packetIndex(index, constant))]"
    case .jumpIf(let condition, let width, let left, let right, let offset):
      let test = "\(name(left, width)) \(condition.symbol) \(text(right, width))"
      return "if \(test) goto \(target ?? signed(offset))"
    case .goto(let offset): return "goto \(target ?? signed(offset))"
    case .gotoLong(let offset): return "gotol \(target ?? signed(offset))"
    case .mayGoto(let offset): return "may_goto \(target ?? signed(offset))"
    case .call(let call): return text(call, target: target)
    case .exit: return "exit"
    }
  }

  private func text(
    _ operation: AtomicOperation, _ width: OperandWidth, fetch: Bool, at address: String, _ source: Register
  ) -> String {
    let size: MemorySize = width == .bits32 ? .word : .doubleWord
    let register = memoryName(source, size)
    let suffix = width == .bits32 ? "32_32" : "_64"
    switch operation {
    case .exchange:
      return "\(register) = xchg\(suffix)(\(address), \(register))"
    case .compareExchange:
      let result = memoryName(.r0, size)
      return "\(result) = cmpxchg\(suffix)(\(address), \(result), \(register))"
    case .add, .or, .and, .xor:
      let pointer = "(u\(width.rawValue) *)(\(address))"
      guard fetch else { return "lock *\(pointer) \(operation.symbol) \(register)" }
      return "\(register) = atomic_fetch_\(operation.name)(\(pointer), \(register))"
    }
  }

  private func text(_ value: WideValue, target: String?) -> String {
    // LLVM prints the two immediates as one number whatever they refer to.
    guard style == .annotated else {
      let (low, high) = value.immediates
      return number(Int64(high) << 32 | Int64(UInt32(bitPattern: low)))
    }
    switch value {
    case .constant(let constant): return number(Int64(bitPattern: constant))
    case .map(let descriptor): return "map_by_fd(\(number(descriptor)))"
    case .mapValue(let descriptor, let offset): return "map_val(map_by_fd(\(number(descriptor)))) \(sum(offset))"
    case .variable(let type, let module): return "var_addr(\(number(type)), \(number(module)))"
    case .function(let offset): return "code_addr(\(target ?? signed(offset)))"
    case .mapIndex(let index): return "map_by_idx(\(number(index)))"
    case .mapIndexValue(let index, let offset): return "map_val(map_by_idx(\(number(index)))) \(sum(offset))"
    }
  }

  private func text(_ call: DecodedInstruction.CallTarget, target: String?) -> String {
    switch call {
    case .helper(let number):
      if helperNames, let helper = HelperFunction(identifier: number) { return "call \(helper.name)" }
      return "call \(self.number(number))"
    case .local(let offset):
      guard style == .annotated else { return "call \(number(offset))" }
      return "call \(target ?? "pc" + signed(offset))"
    case .kernelFunction(let type, let module):
      guard style == .annotated else { return "call \(number(type))" }
      return "call kfunc(\(number(type))\(module == 0 ? "" : ", " + number(module)))"
    case .register(let register): return "callx \(register)"
    }
  }

  private func text(_ operand: Operand, _ width: OperandWidth) -> String {
    switch operand {
    case .register(let register): name(register, width)
    case .immediate(let constant): number(constant)
    }
  }

  private func name(_ register: Register, _ width: OperandWidth) -> String {
    width == .bits32 ? "w\(register.rawValue)" : register.description
  }

  private func memoryName(_ register: Register, _ size: MemorySize) -> String {
    name(register, size == .doubleWord || memoryRegisters == .full ? .bits64 : .bits32)
  }

  private func packetIndex(_ register: Register?, _ constant: Int32) -> String {
    guard let register else { return number(constant) }
    return style == .llvm || constant == 0 ? register.description : "\(register) \(sum(constant))"
  }

  private func address(_ base: Register, _ offset: Int16) -> String { "\(base) \(sum(offset))" }

  private func sum(_ offset: some BinaryInteger) -> String {
    offset < 0 ? "- \(number(-Int64(offset)))" : "+ \(number(offset))"
  }

  private func signed(_ offset: some BinaryInteger) -> String { (offset < 0 ? "" : "+") + number(offset) }

  private func number(_ value: some BinaryInteger) -> String {
    switch radix {
    case .decimal: String(value)
    case .hexadecimal: (value < 0 ? "-0x" : "0x") + String(value.magnitude, radix: 16)
    }
  }
}

extension Register: CustomStringConvertible {
  /// `r0` to `r10`.
  public var description: String { "r\(rawValue)" }
}

extension AtomicOperation {
  /// The word after `atomic_fetch_`.
  package var name: String {
    switch self {
    case .add: "add"
    case .or: "or"
    case .and: "and"
    case .xor: "xor"
    case .exchange: "exchange"
    case .compareExchange: "compare_exchange"
    }
  }

  /// The assignment operator of the form that does not fetch; empty for the two that always do.
  package var symbol: String {
    switch self {
    case .add: "+="
    case .or: "|="
    case .and: "&="
    case .xor: "^="
    case .exchange, .compareExchange: ""
    }
  }
}
