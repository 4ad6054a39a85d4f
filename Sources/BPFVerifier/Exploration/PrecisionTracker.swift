/// The registers and stack slots, by frame, whose values are being traced back to where they come from.
struct PrecisionTracker {
  private(set) var frame = 0
  private var registers = [UInt16](repeating: 0, count: 8)
  private var slots = [UInt64](repeating: 0, count: 8)

  init() {}

  mutating func begin(at frame: Int) {
    self.frame = frame
    for index in 0..<8 {
      registers[index] = 0
      slots[index] = 0
    }
  }

  var isEmpty: Bool {
    for index in 0...frame where registers[index] | UInt16(truncatingIfNeeded: slots[index] != 0 ? 1 : 0) != 0 {
      return false
    }
    return true
  }

  func registerMask(_ frame: Int) -> UInt16 { registers[frame] }
  func slotMask(_ frame: Int) -> UInt64 { slots[frame] }
  var registerMask: UInt16 { registers[frame] }
  var slotMask: UInt64 { slots[frame] }

  mutating func set(register: Int, in frame: Int) { registers[frame] |= 1 << UInt16(register) }
  mutating func set(register: Int) { set(register: register, in: frame) }
  mutating func set(slot: Int, in frame: Int) { slots[frame] |= 1 << UInt64(slot) }
  mutating func clear(register: Int, in frame: Int) { registers[frame] &= ~(1 << UInt16(register)) }
  mutating func clear(register: Int) { clear(register: register, in: frame) }
  mutating func clear(slot: Int, in frame: Int) { slots[frame] &= ~(1 << UInt64(slot)) }
  mutating func clearRegisters(_ mask: UInt16) { registers[frame] &= ~mask }
  func has(register: Int) -> Bool { registers[frame] >> UInt16(register) & 1 == 1 }
  func has(register: Int, in frame: Int) -> Bool { registers[frame] >> UInt16(register) & 1 == 1 }
  func has(slot: Int, in frame: Int) -> Bool { slots[frame] >> UInt64(slot) & 1 == 1 }

  /// Goes, backwards, into a function that was called; false when there is no such depth.
  mutating func enter() -> Bool {
    guard frame + 1 < 8 else { return false }
    frame += 1
    return true
  }

  /// Leaves, backwards, a function through its beginning.
  mutating func leave() -> Bool {
    guard frame > 0 else { return false }
    registers[frame] = 0
    slots[frame] = 0
    frame -= 1
    return true
  }
}
