internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Whether everything that the state being walked may still do, a stored state may do as well.
  mutating func isCovered(by index: Int32, _ comparison: Comparison) -> Bool {
    let record = states[Int(index)]
    guard record.isSleepable == isSleepable else { return false }
    identities.truncate(to: 0)
    identityCounter = lastID
    var (word, frameCount, referenceCount) = framesStart(record.contents)
    guard frameCount == frame + 1, referenceCount == references.count else { return false }
    guard regionsAreEquivalent(pool.words.load(StateRegions.self, at: record.contents + 1)) else { return false }
    for position in 0..<referenceCount {
      let old = pool.words.load(
        AcquiredReference.self, at: record.contents + 1 + Self.regionWords + position * Self.referenceWords)
      let current = references[position]
      guard old.kind == current.kind, old.owner == current.owner, idsMatch(old.id, current.id) else { return false }
    }
    for position in 0..<frameCount {
      let old = pool.words.load(Frame.self, at: word)
      guard old.callSite == frames[position].callSite, old.function == frames[position].function else { return false }
      guard old.callbackDepth <= frames[position].callbackDepth else { return false }
      guard frameIsCovered(position, old, word, comparison) else { return false }
      word = endOfFrame(word, old)
    }
    return true
  }

  private mutating func regionsAreEquivalent(_ old: StateRegions) -> Bool {
    old.lockCount == regions.lockCount && old.rcuDepth == regions.rcuDepth
      && old.preemptionDepth == regions.preemptionDepth && old.activeLockOwner == regions.activeLockOwner
      && idsMatch(old.activeLock, regions.activeLock) && idsMatch(old.interruptID, regions.interruptID)
  }

  private mutating func frameIsCovered(_ index: Int, _ old: Frame, _ start: Int, _ comparison: Comparison) -> Bool {
    let live = liveRegisters(index)
    var word = start + Self.frameWords
    for register in 0..<10 {
      let bit = (1 as UInt16) << UInt16(register)
      if old.keptRegisters & bit != 0 {
        let stored = pool.words.load(RegisterState.self, at: word)
        word += Self.registerWords
        if live & bit != 0, !isCovered(registers[Self.place(index, register)], by: stored, comparison) { return false }
      } else if live & bit != 0, comparison != .covered,
        registers[Self.place(index, register)].kind != .uninitialized
      {
        return false
      }
    }
    return stackIsCovered(index, old, word, comparison)
  }

  private mutating func stackIsCovered(
    _ index: Int, _ old: Frame, _ maskWord: Int, _ comparison: Comparison
  ) -> Bool {
    let count = Int(old.slotCount)
    let currentCount = Int(frames[index].slotCount)
    if comparison == .exact && count > currentCount { return false }
    let mask = pool.words[maskWord]
    var word = maskWord + 1 + count
    for slot in 0..<count {
      let bytes = pool.words[maskWord + 1 + slot]
      let hasRegister = mask >> UInt64(slot) & 1 == 1
      let place = word
      if hasRegister { word += Self.registerWords }
      if bytes == 0 && comparison != .exact { continue }
      if slot >= currentCount {
        if Self.isUnknownOrInvalid(bytes) { continue }
        return false
      }
      let currentPlace = Self.slotPlace(index, slot)
      let current = slots[currentPlace].bytes
      if comparison == .exact && current != bytes { return false }
      // A whole spilled number and eight bytes of which nothing is known stand for each other: a load of either gives a number.
      let oldIsNumber = hasRegister && bytes == StackSlot.all(.spilled)
      let oldScalar: RegisterState? =
        oldIsNumber
        ? pool.words.load(RegisterState.self, at: place) : Self.isUnknownOrInvalid(bytes) ? .unknown : nil
      if let oldScalar, oldScalar.kind == .scalar {
        if current == StackSlot.all(.spilled), slots[currentPlace].register.kind == .scalar {
          if !isCovered(slots[currentPlace].register, by: oldScalar, comparison) { return false }
          continue
        }
        if Self.isUnknownOrInvalid(current) {
          if !isCovered(.unknown, by: oldScalar, comparison) { return false }
          continue
        }
      }
      guard bytesAreCovered(bytes, current) else { return false }
      if hasRegister {
        let stored = pool.words.load(RegisterState.self, at: place)
        if UInt8(truncatingIfNeeded: bytes) == StackByte.spilled.rawValue {
          if !isCovered(slots[currentPlace].register, by: stored, comparison) { return false }
        } else if !specialIsEquivalent(stored, slots[currentPlace].register) {
          return false
        }
      }
    }
    return true
  }

  @inline(__always)
  static func isUnknownOrInvalid(_ bytes: UInt64) -> Bool {
    if bytes == StackSlot.all(.unknown) || bytes == 0 { return true }
    // Each byte is 0 or 2: no other bit is set anywhere.
    return bytes & ~StackSlot.all(.unknown) == 0
  }

  /// Byte by byte: what was never used or unknown is covered by anything, the rest by the same.
  private func bytesAreCovered(_ old: UInt64, _ current: UInt64) -> Bool {
    if old == current { return true }
    for byte in 0..<8 {
      let was = UInt8(truncatingIfNeeded: old >> UInt64(byte * 8))
      let isNow = UInt8(truncatingIfNeeded: current >> UInt64(byte * 8))
      if was == isNow || was == StackByte.invalid.rawValue || was == StackByte.unknown.rawValue { continue }
      return false
    }
    return true
  }

  /// Dynptrs, iterators and interrupt flags: the same thing in the same place, by another id.
  private mutating func specialIsEquivalent(_ old: RegisterState, _ current: RegisterState) -> Bool {
    old.kind == current.kind && old.object == current.object && old.flags == current.flags
      && old.range == current.range && idsMatch(old.reference, current.reference)
      && (old.kind == .dynptr || idsMatch(old.id, current.id))
  }

  // MARK: Registers

  private mutating func isCovered(
    _ current: RegisterState, by old: RegisterState, _ comparison: Comparison
  ) -> Bool {
    if comparison == .exact { return isSame(old, current) }
    if old.kind == .uninitialized { return comparison == .covered || current.kind == .uninitialized }
    guard old.kind == current.kind, old.flags == current.flags else { return false }
    switch old.kind {
    case .scalar:
      if !old.isPrecise && comparison == .covered { return true }
      // What was linked to nothing may be linked to anything now.
      guard old.id != 0 else { return old.number.covers(current.number) }
      guard old.id & RegisterState.linkFlag == current.id & RegisterState.linkFlag else { return false }
      if old.id & RegisterState.linkFlag != 0, old.offset != current.offset { return false }
      return old.number.covers(current.number) && scalarIDsMatch(old.id, current.id)
    case .mapKey, .mapValue, .memory, .buffer, .tracepointBuffer:
      return old.offset == current.offset && old.object == current.object && old.range == current.range
        && old.number.covers(current.number) && idsMatch(old.id, current.id)
        && idsMatch(old.reference, current.reference)
    case .packet, .packetMetadata:
      // A range that was proven may be longer now; what was known of the end has to be the same.
      if old.range < 0 || current.range < 0 {
        guard old.range == current.range else { return false }
      } else if old.range > current.range {
        return false
      }
      return old.offset == current.offset && idsMatch(old.id, current.id) && old.number.covers(current.number)
    case .arena: return true
    default: return isSame(old, current)
    }
  }

  private mutating func isSame(_ old: RegisterState, _ current: RegisterState) -> Bool {
    old.kind == current.kind && old.flags == current.flags && old.object == current.object
      && old.offset == current.offset && old.range == current.range && old.number == current.number
      && idsMatch(old.id, current.id) && idsMatch(old.reference, current.reference)
  }

  /// Whether two ids stand for each other everywhere in the two states.
  @inline(__always)
  mutating func idsMatch(_ old: UInt32, _ current: UInt32) -> Bool {
    if old == 0 || current == 0 { return old == current }
    for index in 0..<identities.count {
      let pair = identities[index]
      if pair.old == old { return pair.current == current }
      if pair.current == current { return false }
    }
    identities.append(IdentityPair(old: old, current: current))
    return true
  }

  /// Numbers without an id are like no other: each gets one of its own.
  @inline(__always)
  private mutating func scalarIDsMatch(_ old: UInt32, _ current: UInt32) -> Bool {
    let oldID = old & ~RegisterState.linkFlag
    let currentID = current & ~RegisterState.linkFlag
    identityCounter += 1
    let first = oldID != 0 ? oldID : identityCounter
    identityCounter += 1
    return idsMatch(first, currentID != 0 ? currentID : identityCounter)
  }

  // MARK: Iterators

  /// Whether the iterator that the current call moves on is active in both, and further on here.
  func isIteratorConverged(_ record: StateRecord) -> Bool {
    guard let place = iteratorSlot(), let slot = storedSlot(record.contents, frame: place.frame, slot: place.slot)
    else {
      return false
    }
    let old = pool.words.load(RegisterState.self, at: slot.register)
    let current = slots[Self.slotPlace(place.frame, place.slot)].register
    return old.range == IteratorProgress.active.rawValue && current.range == IteratorProgress.active.rawValue
  }

  /// Whether some iterator has moved on since a stored state.
  func iteratorDepthsDiffer(_ record: StateRecord) -> Bool {
    for index in 0...frame {
      for slot in 0..<Int(frames[index].slotCount) {
        let current = slots[Self.slotPlace(index, slot)]
        guard current.byte(0) == .iterator else { continue }
        guard let old = storedSlot(record.contents, frame: index, slot: slot) else { continue }
        let stored = pool.words.load(RegisterState.self, at: old.register)
        if stored.offset != current.register.offset { return true }
      }
    }
    return false
  }

  /// The slot of the iterator that R1 points to.
  func iteratorSlot() -> (frame: Int, slot: Int)? {
    let register = registers[Self.place(frame, 1)]
    guard register.kind == .stack, let constant = register.number.constant else { return nil }
    let offset = Int(register.offset) + Int(Int64(bitPattern: constant))
    guard offset < 0, offset >= -512, Int(register.object) <= frame else { return nil }
    return (Int(register.object), (-offset - 1) / 8)
  }
}

/// What is known of an iterator's state: in ``RegisterState/range`` of its slot.
enum IteratorProgress: Int32 {
  case active = 1
  case drained = 2
}
