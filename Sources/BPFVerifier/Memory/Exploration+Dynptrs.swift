internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// What a dynptr gives access to: in ``RegisterState/object`` of its slots.
enum DynptrKind: UInt32 {
  case local = 1
  case ringBuffer
  case skb
  case xdp
  case skbMetadata

  /// Whether it has to be given back.
  var isReferenced: Bool { self == .ringBuffer }

  /// Whether its memory is that of a packet.
  var isPacket: Bool { self != .local && self != .ringBuffer }

  /// The kernel's name.
  var name: String {
    switch self {
    case .local: "local"
    case .ringBuffer: "ringbuf"
    case .skb: "skb"
    case .xdp: "xdp"
    case .skbMetadata: "skb_meta"
    }
  }
}

/// A dynptr that was passed to a function.
struct PassedDynptr {
  var kind: DynptrKind
  var id: UInt32
  var reference: UInt32
}

extension Exploration {
  // A dynptr takes two slots of the stack. Both have a register of kind `dynptr`: what it is made of in `object`, one id,
  // one reference, and in `range` whether the slot is the first, at the higher address.

  private enum DynptrPlace {
    case slots(frame: Int, first: Int)
    /// Below what the frame uses so far.
    case beyond
    case invalid(String)
  }

  /// Where the dynptr would be that an argument points to.
  private func dynptrPlace(_ state: RegisterState) -> DynptrPlace {
    guard let constant = state.number.constant else { return .invalid("dynptr has to be at a constant offset") }
    let offset = Int(state.offset) + Int(truncatingIfNeeded: Int64(bitPattern: constant))
    guard offset % 8 == 0, offset <= -16 else { return .invalid("cannot pass in dynptr at an offset=\(offset)") }
    let index = Int(state.object)
    let first = -offset / 8 - 1
    return first < Int(frames[index].slotCount) ? .slots(frame: index, first: first) : .beyond
  }

  /// Makes a dynptr of the slots that an argument points to.
  mutating func makeDynptr(
    _ kind: DynptrKind, _ register: Register, _ state: RegisterState, cloneOf reference: UInt32 = 0
  ) throws(Stop) {
    try requireDynptrPointer(register, state)
    func refused(_ line: String?) -> Stop {
      reject(
        (line.map { $0 + "\n" } ?? "") + "Dynptr has to be an uninitialized dynptr", .invalidArgument,
        .argument(register, found: kindName(state), expected: ["uninitialized dynptr"]))
    }
    guard state.kind == .stack else { throw refused(nil) }
    if case .invalid(let line) = dynptrPlace(state) { throw refused(line) }
    // The writes destroy what was there, and make the stack so deep.
    for offset in [0, 8] { try access(Access(base: register, offset: offset, size: 8, isWrite: true)) }
    guard case .slots(let index, let first) = dynptrPlace(state) else { throw refused(nil) }
    var dynptr = RegisterState(kind: .dynptr, object: kind.rawValue)
    dynptr.id = newID()
    if kind.isReferenced { dynptr.reference = reference != 0 ? reference : acquire(.object) }
    for (slot, isFirst) in [(first, true), (first - 1, false)] {
      dynptr.range = isFirst ? 1 : 0
      slots[Self.slotPlace(index, slot)] = StackSlot(bytes: StackSlot.all(.dynptr), register: dynptr)
    }
  }

  private mutating func requireDynptrPointer(_ register: Register, _ state: RegisterState) throws(Stop) {
    guard state.kind == .stack || state.kind == .dynptr else {
      throw reject(
        "arg#\(register.rawValue - 1) expected pointer to stack or const struct bpf_dynptr", .invalidArgument,
        .argument(register, found: kindName(state), expected: ["fp", "dynptr_ptr"]))
    }
  }

  /// The dynptr that an argument points to, which has to be initialised, and of a kind if one is wanted.
  @discardableResult
  mutating func requireDynptr(
    _ register: Register, _ state: RegisterState, wanted: DynptrKind? = nil
  ) throws(Stop) -> PassedDynptr {
    try requireDynptrPointer(register, state)
    var line: String?
    var found: RegisterState?
    if state.kind == .dynptr {
      try checkUnchanged(state, register)
      found = state
    } else {
      switch dynptrPlace(state) {
      case .slots(let index, let first):
        let place = Self.slotPlace(index, first)
        let next = Self.slotPlace(index, first - 1)
        if slots[place].bytes == StackSlot.all(.dynptr), slots[place].register.range == 1,
          slots[next].bytes == StackSlot.all(.dynptr)
        {
          found = slots[place].register
          noteStackRead(index, first)
          noteStackRead(index, first - 1)
        }
      case .beyond: break
      case .invalid(let text): line = text
      }
    }
    guard let found, let kind = DynptrKind(rawValue: found.object) else {
      throw reject(
        (line.map { $0 + "\n" } ?? "") + "Expected an initialized dynptr as arg #\(register.rawValue - 1)",
        .invalidArgument, .argument(register, found: kindName(state), expected: ["initialized dynptr"]))
    }
    if let wanted, wanted != kind {
      throw reject(
        "Expected a dynptr of type \(wanted.name) as arg #\(register.rawValue - 1)", .invalidArgument,
        .argument(register, found: "\(kind.name) dynptr", expected: ["\(wanted.name) dynptr"]))
    }
    return PassedDynptr(kind: kind, id: found.id, reference: found.reference)
  }

  /// A dynptr as functions that are called are given it: what it is made of is the caller's affair.
  mutating func givenDynptr() -> RegisterState {
    var dynptr = RegisterState(kind: .dynptr, object: DynptrKind.local.rawValue)
    dynptr.id = newID()
    dynptr.range = 1
    return dynptr
  }

  /// Whether a dynptr that is passed can be given back.
  mutating func requireAcquiredDynptr(_ register: Register, _ state: RegisterState) throws(Stop) {
    guard state.kind == .stack else {
      throw reject("cannot release unowned const bpf_dynptr", .invalidArgument, .notAcquired(register))
    }
    var line = ""
    switch dynptrPlace(state) {
    case .slots(let index, let first):
      let slot = slots[Self.slotPlace(index, first)]
      if slot.byte(0) == .dynptr, slot.register.reference != 0 { return }
    case .beyond: break
    case .invalid(let text): line = text + "\n"
    }
    throw reject(
      "\(line)arg \(register.rawValue) is an unacquired reference", .invalidArgument, .notAcquired(register))
  }

  /// Gives back a dynptr, and with it its clones and all memory that was taken from them.
  mutating func releaseDynptr(_ state: RegisterState) {
    guard case .slots(let index, let first) = dynptrPlace(state) else { return }
    let reference = slots[Self.slotPlace(index, first)].register.reference
    guard reference != 0 else { return }
    _ = release(reference: reference)
    for slot in 0..<Int(frames[index].slotCount) {
      let place = Self.slotPlace(index, slot)
      if slots[place].byte(0) == .dynptr, slots[place].register.reference == reference { slots[place] = .invalid }
    }
  }

  /// A write over one slot of a dynptr destroys both, and what was taken from it is of no use any more.
  mutating func destroyDynptr(_ index: Int, _ slot: Int) throws(Stop) {
    let dynptr = slots[Self.slotPlace(index, slot)].register
    let first = dynptr.range == 1 ? slot : slot + 1
    if DynptrKind(rawValue: dynptr.object)?.isReferenced ?? false {
      throw reject(
        "cannot overwrite referenced dynptr", .invalidArgument, .partialSpill(offset: -(first + 1) * 8))
    }
    slots[Self.slotPlace(index, first)] = .invalid
    slots[Self.slotPlace(index, first - 1)] = .invalid
    let slice = Int32(bitPattern: dynptr.id)
    func invalidate(_ register: inout RegisterState) {
      guard register.kind == .memory, register.range == slice, register.flags.contains(.dynptrSlice),
        register.flags.isDisjoint(with: [.packetSlice, .readOnly])
      else { return }
      register = .unknown
    }
    for index in 0...frame {
      for register in 0..<10 { invalidate(&registers[Self.place(index, register)]) }
      for slot in 0..<Int(frames[index].slotCount) where slots[Self.slotPlace(index, slot)].isSpilled {
        invalidate(&slots[Self.slotPlace(index, slot)].register)
      }
    }
  }

  /// Memory of a dynptr: it goes with the dynptr, or with the packet.
  func slice(of dynptr: PassedDynptr?, size: UInt64, isWritable: Bool) -> RegisterState {
    var memory = RegisterState(kind: .memory, flags: .dynptrSlice, object: UInt32(clamping: size))
    if !isWritable { memory.flags.insert(.readOnly) }
    guard let dynptr else { return memory }
    if dynptr.kind.isPacket { memory.flags.insert(.packetSlice) }
    memory.range = Int32(bitPattern: dynptr.id)
    memory.reference = dynptr.reference
    return memory
  }
}
