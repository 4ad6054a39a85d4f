internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

// States in the form of the kernel's log: ` R0=scalar(id=1) R10=fp0 fp-8=mmmm???? refs=2`.
extension Exploration {
  /// What a frame holds, each part with a space before it.
  ///
  /// - Parameters:
  ///   - place: the index of the frame, the innermost one without it.
  ///   - registers: which registers, one bit each.
  ///   - slots: which slots of the stack, one bit each.
  func stateText(of place: Int? = nil, registers: UInt16 = .max, slots: UInt64 = .max) -> String {
    frameText(place ?? frame, registers: registers, slots: slots) { self.registers[Self.place($0, $1)] }
  }

  /// A stored state that is the one being walked but for marks of precision.
  func oldStateText(_ record: StateRecord) -> String {
    frameText(frame, registers: .max, slots: .max) { frame, register in
      var state = self.registers[Self.place(frame, register)]
      if let word = storedRegister(record.contents, frame: frame, register: register) {
        state.isPrecise = pool.words.load(RegisterState.self, at: word).isPrecise
      }
      return state
    }
  }

  private func frameText(
    _ place: Int, registers: UInt16, slots: UInt64, _ register: (Int, Int) -> RegisterState
  ) -> String {
    var text = place > 0 ? " frame\(place):" : ""
    for number in 0..<Self.registerCount where registers >> UInt16(number) & 1 == 1 {
      let state = register(place, number)
      if state.kind != .uninitialized { text += " R\(number)=\(logText(state, in: place))" }
    }
    for slot in 0..<Int(frames[place].slotCount) where slots >> UInt64(slot) & 1 == 1 {
      text += slotText(self.slots[Self.slotPlace(place, slot)], slot, in: place)
    }
    let owned = references.map { "\($0.id)" }
    if !owned.isEmpty { text += " refs=\(owned.joined(separator: ","))" }
    if frames[place].isAsynchronous {
      text += " async_cb"
    } else if frames[place].isCallback {
      text += " cb"
    }
    return text
  }

  private func slotText(_ value: StackSlot, _ slot: Int, in place: Int) -> String {
    guard value.bytes != 0 else { return "" }
    let name = " fp-\((slot + 1) * 8)="
    switch value.byte(0) {
    case .spilled:
      // What stands above a spill of fewer than eight bytes.
      let letters = (value.spillSize..<8).reversed().map { value.byte($0).letter }
      return name + String(letters) + logText(value.register, in: place)
    case .iterator:
      guard value.register.reference != 0 else { return "" }
      let state = value.register.range == IteratorProgress.active.rawValue ? "active" : "drained"
      return name + "iter_\(iteratorName(value.register.object))(ref_id=\(value.register.reference),state=\(state),"
        + "depth=\(value.register.offset))"
    case .dynptr:
      // The slot at the lower address tells of both.
      guard value.register.range == 1, let kind = DynptrKind(rawValue: value.register.object) else { return "" }
      let id = value.register.id, reference = value.register.reference
      return name + "dynptr_\(kind.name)(" + (id == 0 ? "" : "id=\(id),")
        + (reference == 0 ? "" : "ref_id=\(reference),")
        + "dynptr_id=\(id))"
    default: return name + String((0..<8).reversed().map { value.byte($0).letter })
    }
  }

  /// The name of a kind of iterator, by the functions that the program calls.
  private func iteratorName(_ kind: UInt32) -> String {
    for case .kernelFunction(let name, _) in program.references.values where name.hasPrefix("bpf_iter_") {
      let stem = name.dropFirst(9)
      guard let end = stem.lastIndex(of: "_") else { continue }
      if Self.iteratorKind(String(stem[..<end])) == kind { return String(stem[..<end]) }
    }
    return ""
  }

  /// A register in the kernel's form: `scalar(umax=255)`, `map_value(map=counts,ks=4,vs=8)`.
  func logText(_ state: RegisterState) -> String { logText(state, in: frame) }

  private func logText(_ state: RegisterState, in place: Int) -> String {
    let constant = state.number.constant.map { Int64(bitPattern: $0) }
    if state.kind == .scalar, let constant { return (state.isPrecise ? "P" : "") + Self.logNumber(constant) }
    var text = (state.isPrecise && state.kind == .scalar ? "P" : "") + typeName(state)
    if state.kind == .arena { return text }
    if state.kind == .stack {
      if Int(state.object) != place { text += "[\(state.object)]" }
      if let constant { return text + Self.logNumber(constant &+ Int64(state.offset)) }
    }
    return text + "(" + parts(of: state).joined(separator: ",") + ")"
  }

  private func parts(of state: RegisterState) -> [String] {
    var parts: [String] = []
    if state.id != 0 {
      let isLinked = state.id & RegisterState.linkFlag != 0
      parts.append("id=\(state.linkID)" + (isLinked ? (state.offset < 0 ? "\(state.offset)" : "+\(state.offset)") : ""))
    }
    if state.reference != 0 { parts.append("ref_obj_id=\(state.reference)") }
    if state.flags.contains(.nonOwning) { parts.append("non_own_ref") }
    if state.kind == .mapValue || state.kind == .mapKey || state.kind == .mapPointer,
      program.maps.indices.contains(Int(state.object))
    {
      let map = program.maps[Int(state.object)]
      // The kernel does not know the names of maps in maps.
      let name = map.isInner ? "" : String(map.definition.name.prefix(15))
      if !name.isEmpty { parts.append("map=\(name)") }
      parts.append("ks=\(map.keySize),vs=\(map.valueSize)")
    }
    if state.kind != .scalar, state.offset != 0 { parts.append("off=\(Self.logNumber(Int64(state.offset)))") }
    if state.isPacketPointer { parts.append("r=\(Self.logNumber(UInt64(bitPattern: Int64(state.range))))") }
    if state.kind == .memory { parts.append("sz=\(Self.logNumber(UInt64(state.object)))") }
    if state.kind == .dynptr, let kind = DynptrKind(rawValue: state.object) { parts.append("type=\(kind.name)") }
    return parts + rangeTexts(state)
  }

  private func rangeTexts(_ state: RegisterState) -> [String] {
    let number = state.number
    if let constant = number.constant {
      return constant == 0 ? [] : ["imm=\(Self.logNumber(Int64(bitPattern: constant)))"]
    }
    // Pairs of a lower and an upper bound. Lower ones of the same value stand together, at the first of them and in its form,
    // and so do upper ones: `smin=umin=4,smax=umax=9`.
    let bounds: [(name: String, value: UInt64, text: String, isKnown: Bool)] = [
      bound("smin", number.signed.minimum, number.signed.minimum != .min),
      bound("smax", number.signed.maximum, number.signed.maximum != .max),
      bound("umin", number.unsigned.minimum, number.unsigned.minimum != 0),
      bound("umax", number.unsigned.maximum, number.unsigned.maximum != .max),
      bound("smin32", number.signed32.minimum, number.signed32.minimum != .min),
      bound("smax32", number.signed32.maximum, number.signed32.maximum != .max),
      bound("umin32", number.unsigned32.minimum, number.unsigned32.minimum != 0),
      bound("umax32", number.unsigned32.maximum, number.unsigned32.maximum != .max),
    ]
    var texts: [String] = []
    var isWritten = [Bool](repeating: false, count: bounds.count)
    for (index, bound) in bounds.enumerated() where bound.isKnown && !isWritten[index] {
      var text = bound.name
      for other in stride(from: index + 2, to: bounds.count, by: 2)
      where bounds[other].isKnown && bounds[other].value == bound.value {
        text += "=\(bounds[other].name)"
        isWritten[other] = true
      }
      texts.append("\(text)=\(bound.text)")
    }
    if !number.bits.isUnknown { texts.append("var_off=\(number.bits.logText)") }
    return texts
  }

  /// A bound with its value as 64 bits; numbers of 32 bits are written with as many.
  private func bound<Number: FixedWidthInteger & BitwiseCopyable>(
    _ name: String, _ value: Number, _ isKnown: Bool
  ) -> (name: String, value: UInt64, text: String, isKnown: Bool) {
    let isDecimal = Number.isSigned ? Int16(exactly: value) != nil : UInt16(exactly: value) != nil
    let bits = UInt64(truncatingIfNeeded: value) & (Number.bitWidth == 32 ? 0xffff_ffff : .max)
    return (
      name, UInt64(truncatingIfNeeded: value), isDecimal ? "\(value)" : "0x\(String(bits, radix: 16))", isKnown
    )
  }

  /// Numbers of sixteen bits are written in decimals, others as bits.
  private static func logNumber(_ value: Int64) -> String {
    Int64(Int16.min)...Int64(Int16.max) ~= value ? "\(value)" : "0x\(String(UInt64(bitPattern: value), radix: 16))"
  }

  private static func logNumber(_ value: UInt64) -> String {
    value <= UInt64(UInt16.max) ? "\(value)" : "0x\(String(value, radix: 16))"
  }
}
