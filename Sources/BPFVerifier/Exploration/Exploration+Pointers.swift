internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  static let maximumOffset: Int64 = 1 << 29

  /// Arithmetic of which an operand is a pointer: only sums and differences of 64 bits give pointers.
  mutating func pointerArithmetic(
    _ operation: ArithmeticOperation, _ width: OperandWidth, _ target: Register, _ operand: Operand,
    _ right: RegisterState
  ) throws(Stop) {
    let left = self[target]
    if left.isPointer, right.isPointer {
      if operation == .subtract {
        self[target] = .unknown
        return
      }
      throw reject(
        "R\(target.rawValue) pointer \(operation.unsignedSymbol) pointer prohibited", .accessDenied,
        .pointerArithmetic(target, kind: kindName(left)))
    }
    if left.isPointer {
      // A number that moves a pointer matters.
      if case .register(let source) = operand { try markPrecise(source) }
      try adjust(target, left, right, operation, width, isReversed: false)
    } else {
      try markPrecise(target)
      try adjust(target, right, left, operation, width, isReversed: true)
    }
  }

  private mutating func adjust(
    _ target: Register, _ pointer: RegisterState, _ scalar: RegisterState, _ operation: ArithmeticOperation,
    _ width: OperandWidth, isReversed: Bool
  ) throws(Stop) {
    let name = kindName(pointer)
    let number = scalar.number
    func prohibited(_ text: String) -> Rejection.Cause { .pointerArithmetic(target, kind: text) }
    if number.isContradictory {
      self[target] = .unknown
      return
    }
    guard width == .bits64 else {
      if operation == .subtract {
        self[target] = .unknown
        return
      }
      throw reject("R\(target.rawValue) 32-bit pointer arithmetic prohibited", .accessDenied, prohibited(name))
    }
    if pointer.isNullable {
      throw reject(
        "R\(target.rawValue) pointer arithmetic on \(name) prohibited, null-check it first", .accessDenied,
        .possiblyNull(target, kind: name))
    }
    // Untrusted memory can be read anywhere, so that where in it a pointer points is not followed.
    if pointer.kind == .memory, pointer.flags.contains(.untrusted) {
      if isReversed { self[target] = .unknown }
      return
    }
    switch pointer.kind {
    case .mapPointer where number.constant == 0 && operation == .add: break
    case .mapPointer, .packetEnd, .socket, .socketCommon, .tcpSocket, .xdpSocket:
      throw reject("R\(target.rawValue) pointer arithmetic on \(name) prohibited", .accessDenied, prohibited(name))
    case .flowKeys where number.constant == nil:
      throw reject("R\(target.rawValue) pointer arithmetic on \(name) prohibited", .accessDenied, prohibited(name))
    case .arena:
      self[target] = pointer
      return
    default: break
    }
    try checkSane(scalar, pointer, target)
    try checkSane(pointer, pointer, target)
    switch operation {
    case .add, .subtract: break
    case .and, .or, .xor:
      throw reject(
        "R\(target.rawValue) bitwise operator \(operation.unsignedSymbol) on pointer prohibited", .accessDenied,
        prohibited(name))
    default:
      throw reject(
        "R\(target.rawValue) pointer arithmetic with \(operation.unsignedSymbol) operator prohibited", .accessDenied,
        prohibited(name))
    }
    var result = pointer
    if operation == .add {
      if let moved = constantOffset(pointer, number, adding: true) {
        result.offset = moved
      } else {
        result.number.signed = pointer.number.signed.adding(number.signed)
        result.number.unsigned = pointer.number.unsigned.addingStrictly(number.unsigned)
        result.number.bits = pointer.number.bits &+ number.bits
        try spread(&result)
      }
    } else {
      if isReversed {
        throw reject(
          "R\(target.rawValue) tried to subtract pointer from scalar", .accessDenied, prohibited(name))
      }
      if pointer.kind == .stack {
        throw reject(
          "R\(target.rawValue) subtraction from stack pointer prohibited", .accessDenied, prohibited(name))
      }
      if let moved = constantOffset(pointer, number, adding: false) {
        result.offset = moved
      } else {
        result.number.signed = pointer.number.signed.subtracting(number.signed)
        result.number.unsigned = pointer.number.unsigned.subtractingStrictly(number.unsigned)
        result.number.bits = pointer.number.bits &- number.bits
        if pointer.isPacketPointer {
          result.id = newID()
          if number.signed.minimum < 0 { result.range = 0 }
        }
      }
    }
    try checkSane(result, pointer, target)
    result.number.forget32()
    result.number.synchronize()
    self[target] = result
  }

  /// Something unknown was added to a pointer to a packet: what was proven of others does not hold for it.
  private mutating func spread(_ result: inout RegisterState) throws(Stop) {
    guard result.isPacketPointer else { return }
    result.id = newID()
    result.range = 0
  }

  private func constantOffset(_ pointer: RegisterState, _ number: ScalarNumber, adding: Bool) -> Int32? {
    guard let constant = number.constant else { return nil }
    let distance = Int64(bitPattern: constant)
    let sum =
      adding
      ? Int64(pointer.offset).addingReportingOverflow(distance)
      : Int64(pointer.offset).subtractingReportingOverflow(distance)
    return sum.overflow ? nil : Int32(exactly: sum.partialValue)
  }

  /// Offsets, constant or not, have to stay far from where they would wrap around.
  private mutating func checkSane(
    _ register: RegisterState, _ pointer: RegisterState, _ target: Register
  ) throws(Stop) {
    let name = kindName(pointer)
    if let constant = register.number.constant {
      let value = Int64(bitPattern: constant)
      if value >= Self.maximumOffset || value <= -Self.maximumOffset {
        throw reject(
          "math between \(name) pointer and \(value) is not allowed", .invalidArgument, .unboundedOffset(target))
      }
    }
    if register.isPointer {
      let offset = Int64(register.offset)
      if offset >= Self.maximumOffset || offset <= -Self.maximumOffset {
        throw reject("\(name) pointer offset \(offset) is not allowed", .invalidArgument, .unboundedOffset(target))
      }
    }
    let minimum = register.number.signed.minimum
    if minimum == .min {
      throw reject(
        "math between \(name) pointer and register with unbounded min value is not allowed", .invalidArgument,
        .unboundedOffset(target))
    }
    if minimum >= Self.maximumOffset || minimum <= -Self.maximumOffset {
      throw reject(
        "value \(minimum) makes \(name) pointer be out of bounds", .invalidArgument, .unboundedOffset(target))
    }
  }
}

extension ArithmeticOperation {
  /// The operator in the kernel's messages, which do not tell signed division from unsigned.
  fileprivate var unsignedSymbol: String {
    switch self {
    case .signedDivide: ArithmeticOperation.divide.symbol
    case .signedModulo: ArithmeticOperation.modulo.symbol
    default: symbol
    }
  }
}

extension Interval where Bound == UInt64 {
  /// The sums; everything when any of them wraps around.
  func addingStrictly(_ other: Interval) -> Interval {
    let low = minimum.addingReportingOverflow(other.minimum)
    let high = maximum.addingReportingOverflow(other.maximum)
    return low.overflow || high.overflow ? .full : Interval(low.partialValue, high.partialValue)
  }

  /// The differences; everything when any of them wraps around.
  func subtractingStrictly(_ other: Interval) -> Interval {
    minimum < other.maximum ? .full : Interval(minimum - other.maximum, maximum - other.minimum)
  }
}
