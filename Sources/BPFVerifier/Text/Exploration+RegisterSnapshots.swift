internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// The registers of the innermost frame that hold something.
  func registerSnapshots() -> [RegisterSnapshot] {
    var result: [RegisterSnapshot] = []
    for register in Register.allCases where self[register].kind != .uninitialized {
      result.append(snapshot(self[register], register))
    }
    return result
  }

  func stackSnapshots() -> [StackSnapshot] {
    var result: [StackSnapshot] = []
    for slot in 0..<Int(frames[frame].slotCount) {
      let value = slots[Self.slotPlace(frame, slot)]
      guard value.bytes != 0 else { continue }
      var bytes = ""
      for index in 0..<8 { bytes.append(value.byte(index).letter) }
      result.append(
        StackSnapshot(
          offset: -(slot + 1) * 8, bytes: bytes, register: value.isSpilled ? snapshot(value.register, .r0) : nil))
    }
    return result
  }

  private func snapshot(_ state: RegisterState, _ register: Register) -> RegisterSnapshot {
    var target: String?
    switch state.kind {
    case .mapValue, .mapKey, .mapPointer:
      let index = Int(state.object)
      if program.maps.indices.contains(index) { target = program.maps[index].definition.name }
    case .btf: target = structureName(state)
    case .function: target = code.function(at: Int(state.object)).map { code.functions[$0].name }
    default: break
    }
    return RegisterSnapshot(
      register: register, kind: kindName(state), target: target, offset: Int(state.offset), number: state.number,
      isNullable: state.isNullable, text: logText(state))
  }
}

extension StackByte {
  var letter: Character {
    switch self {
    case .invalid: "?"
    case .spilled: "r"
    case .unknown: "m"
    case .zero: "0"
    case .dynptr: "d"
    case .iterator: "i"
    case .interruptFlag: "f"
    }
  }
}
