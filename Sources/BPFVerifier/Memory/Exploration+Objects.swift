internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// An access through a pointer to a structure of the kernel or of the program.
  mutating func accessObject(_ state: RegisterState, _ access: Access) throws(Stop) {
    throw unsupported("access of struct \(structureName(state))")
  }

  /// A parameter of the function that a program is attached to.
  mutating func accessParameter(_ access: Access) throws(Stop) {
    throw unsupported("parameters of \(program.kind.target)")
  }

  /// Whether a structure begins with another, so that a pointer to one is a pointer to the other.
  func begins(_ state: RegisterState, with name: String) -> Bool { false }

  /// An access of a field for pointers in a map value; false when the access does not touch it.
  mutating func accessPointerField(
    _ state: RegisterState, _ access: Access, _ field: SpecialFields.Field
  ) throws(Stop) -> Bool {
    let low = Int(state.offset) + access.offset + Int(clamping: state.number.signed.minimum)
    let high = Int(state.offset) + access.offset + Int(clamping: state.number.unsigned.maximum)
    guard low < field.offset + 8, field.offset < high + access.size else { return false }
    throw unsupported("pointers in map values")
  }

  /// A write over a dynptr, an iterator or an interrupt flag in the stack.
  mutating func destroyObject(_ frame: Int, _ slot: Int) throws(Stop) {
    let place = Self.slotPlace(frame, slot)
    if slots[place].byte(0) == .dynptr { throw unsupported("dynptrs") }
    slots[place].bytes = StackSlot.all(.unknown)
    slots[place].register = .uninitialized
  }
}
