import BPFInstructions

/// What is known of a register or a stack slot, as far as it matters for which map it may be.
enum MapArgument: Hashable, Sendable {
  /// A number that is no address: the verifier refuses it as a map by itself.
  case number
  /// One of these maps, by name.
  case maps(Set<String>)
  /// What a lookup in a map returned: an element, or an inner map.
  case lookupResult
  /// The first argument of a callback: a map, a number or the element's address, by the helper that calls it.
  case callbackArgument
  /// An address in the function's own stack frame, as its distance from the frame pointer.
  case frame(Int)
  /// Anything.
  case anything

  func joined(with other: MapArgument) -> MapArgument {
    if self == other { return self }
    switch (self, other) {
    case (.maps(let left), .maps(let right)): return .maps(left.union(right))
    // A null or number beside something that is refused or accepted on its own account changes nothing.
    case (.number, .maps), (.number, .lookupResult), (.number, .callbackArgument): return other
    case (.maps, .number), (.lookupResult, .number), (.callbackArgument, .number): return self
    default: return .anything
    }
  }
}

/// Registers and slots of a stack frame at one place of a program.
struct MapArgumentState: Hashable, Sendable {
  /// R0 to R10.
  var registers: [MapArgument]
  /// Slots of eight bytes by their distance from the frame pointer; what is not here may be anything.
  var slots: [Int: MapArgument] = [:]

  /// The state at the entry of a function with the given arguments.
  init(arguments: [MapArgument]) {
    registers = [MapArgument](repeating: .anything, count: 11)
    for (index, argument) in arguments.prefix(5).enumerated() {
      // An address in the caller's frame means nothing in this one.
      if case .frame = argument { continue }
      registers[1 + index] = argument
    }
    registers[10] = .frame(0)
  }

  /// Takes in what else may be so at the same place, and says whether that changed anything.
  mutating func join(_ other: MapArgumentState) -> Bool {
    let before = self
    for index in registers.indices { registers[index] = registers[index].joined(with: other.registers[index]) }
    for (slot, value) in slots {
      if let theirs = other.slots[slot] {
        slots[slot] = value.joined(with: theirs)
      } else {
        slots[slot] = nil
      }
    }
    return self != before
  }

  subscript(_ register: Register) -> MapArgument {
    get { registers[Int(register.rawValue)] }
    set { registers[Int(register.rawValue)] = newValue }
  }

  /// A store of some bytes through a register.
  mutating func store(_ value: MapArgument, byteCount: Int, base: Register, offset: Int) {
    switch self[base] {
    case .frame(let distance):
      let place = distance + offset
      for slot in Array(slots.keys) where slot < place + byteCount && place < slot + 8 { slots[slot] = nil }
      if byteCount == 8, place % 8 == 0 { slots[place] = value }
    case .lookupResult, .maps: break
    case .number, .callbackArgument, .anything:
      // It may be the stack by another way.
      slots = [:]
    }
  }

  /// A load of some bytes through a register.
  func load(byteCount: Int, base: Register, offset: Int) -> MapArgument {
    guard case .frame(let distance) = self[base], byteCount == 8 else { return .anything }
    return slots[distance + offset] ?? .anything
  }

  /// What a call leaves: nothing of R0 to R5.
  mutating func endCall(result: MapArgument) {
    for index in 1...5 { registers[index] = .anything }
    registers[0] = result
  }
}
