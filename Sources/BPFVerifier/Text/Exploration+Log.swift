internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  mutating func logPruned() {
    log.write("\(previous < 0 ? "" : "from \(previous) to ")\(instruction): safe")
  }

  /// The state and the instruction, as the kernel writes them.
  mutating func logInstruction() {
    if log.level == .states { log.write("\(instruction): \(stateText())") }
    let text = code.instructions[instruction].map { Disassembler().text(of: $0) } ?? ""
    log.write("\(instruction): \(text)")
  }

  /// The registers and the stack of the innermost frame.
  func stateText() -> String {
    var parts: [String] = []
    if frame > 0 { parts.append("frame\(frame):") }
    for register in Register.allCases {
      let state = self[register]
      guard state.kind != .uninitialized else { continue }
      parts.append("R\(register.rawValue)=\(logText(state))")
    }
    for slot in 0..<Int(frames[frame].slotCount) {
      let value = slots[Self.slotPlace(frame, slot)]
      guard value.bytes != 0 else { continue }
      parts.append(slotText(value, slot))
    }
    return parts.joined(separator: " ")
  }

  /// A stored state that is the one being walked but for marks of precision.
  func oldStateText(_ record: StateRecord) -> String {
    var parts: [String] = []
    if frame > 0 { parts.append("frame\(frame):") }
    for register in Register.allCases {
      var state = self[register]
      guard state.kind != .uninitialized else { continue }
      if let word = storedRegister(record.contents, frame: frame, register: Int(register.rawValue)) {
        state.isPrecise = pool.words.load(RegisterState.self, at: word).isPrecise
      }
      parts.append("R\(register.rawValue)=\(logText(state))")
    }
    for slot in 0..<Int(frames[frame].slotCount) {
      let value = slots[Self.slotPlace(frame, slot)]
      if value.bytes != 0 { parts.append(slotText(value, slot)) }
    }
    return parts.joined(separator: " ")
  }

  private func slotText(_ value: StackSlot, _ slot: Int) -> String {
    let name = "fp-\((slot + 1) * 8)"
    if value.isSpilledWhole { return "\(name)=\(logText(value.register))" }
    var letters = ""
    for index in (0..<8).reversed() { letters.append(value.byte(index).letter) }
    return "\(name)=\(letters)"
  }

  /// A register in the kernel's form: `scalar(umax=255)`, `map_value(map=counts,ks=4,vs=8)`.
  func logText(_ state: RegisterState) -> String {
    if state.kind == .scalar, let value = state.number.constant {
      return (state.isPrecise ? "P" : "") + Self.logNumber(Int64(bitPattern: value))
    }
    if state.kind == .stack, Int(state.object) != frame {
      return "fp[\(state.object)]\(Int(state.offset) + Int(Int64(bitPattern: state.number.constant ?? 0)))"
    }
    if state.kind == .stack { return "fp\(Int(state.offset) + Int(Int64(bitPattern: state.number.constant ?? 0)))" }
    var parts: [String] = []
    if state.kind == .mapValue || state.kind == .mapKey || state.kind == .mapPointer {
      let index = Int(state.object)
      if program.maps.indices.contains(index) {
        let map = program.maps[index]
        parts.append("map=\(map.definition.name),ks=\(map.keySize),vs=\(map.valueSize)")
      }
    }
    if state.id != 0 {
      var text = "id=\(state.linkID)"
      if state.id & RegisterState.linkFlag != 0 { text += "+\(state.offset)" }
      parts.insert(text, at: 0)
    }
    if state.reference != 0 { parts.append("ref_obj_id=\(state.reference)") }
    if state.kind != .scalar, state.offset != 0 { parts.append("off=\(state.offset)") }
    if state.isPacketPointer { parts.append("r=\(state.range)") }
    if state.kind == .memory { parts.append("sz=\(state.object)") }
    parts += rangeTexts(state)
    return typeName(state) + "(" + parts.joined(separator: ",") + ")"
  }

  private func rangeTexts(_ state: RegisterState) -> [String] {
    let number = state.number
    if state.kind != .scalar, number.constant == 0 { return [] }
    if let constant = number.constant { return ["imm=\(Self.logNumber(Int64(bitPattern: constant)))"] }
    var texts: [String] = []
    let parts: [(String, String, Bool)] = [
      ("smin", Self.logNumber(number.signed.minimum), number.signed.minimum != .min),
      ("smax", Self.logNumber(number.signed.maximum), number.signed.maximum != .max),
      ("umin", Self.logNumber(number.unsigned.minimum), number.unsigned.minimum != 0),
      ("umax", Self.logNumber(number.unsigned.maximum), number.unsigned.maximum != .max),
      ("smin32", Self.logNumber(Int64(number.signed32.minimum)), number.signed32.minimum != .min),
      ("smax32", Self.logNumber(Int64(number.signed32.maximum)), number.signed32.maximum != .max),
      ("umin32", Self.logNumber(UInt64(number.unsigned32.minimum)), number.unsigned32.minimum != 0),
      ("umax32", Self.logNumber(UInt64(number.unsigned32.maximum)), number.unsigned32.maximum != .max),
    ]
    // Bounds of the same value stand together: `smin=umin=4`.
    var isWritten = [Bool](repeating: false, count: parts.count)
    for index in parts.indices where parts[index].2 && !isWritten[index] {
      var names = parts[index].0
      for other in parts.indices where other > index && parts[other].2 && !isWritten[other] {
        if parts[other].1 == parts[index].1 {
          names += "=\(parts[other].0)"
          isWritten[other] = true
        }
      }
      texts.append("\(names)=\(parts[index].1)")
    }
    if !number.bits.isUnknown { texts.append("var_off=\(number.bits.logText)") }
    return texts
  }

  private static func logNumber(_ value: Int64) -> String {
    value >= -32768 && value <= 32767 ? "\(value)" : "0x\(String(UInt64(bitPattern: value), radix: 16))"
  }

  private static func logNumber(_ value: UInt64) -> String {
    value <= 32767 ? "\(value)" : "0x\(String(value, radix: 16))"
  }
}
