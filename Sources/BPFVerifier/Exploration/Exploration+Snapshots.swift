internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  // A state in the pool, in words: a header, the regions, the acquired references, then each frame with its registers
  // (those of a bit set), the bytes of its slots, a bit set of the slots with a register, and these registers.

  static var registerWords: Int { (MemoryLayout<RegisterState>.size + 7) / 8 }
  static var frameWords: Int { (MemoryLayout<Frame>.size + 7) / 8 }
  static var regionWords: Int { (MemoryLayout<StateRegions>.size + 7) / 8 }
  static var referenceWords: Int { (MemoryLayout<AcquiredReference>.size + 7) / 8 }

  /// The index of the word at which the frames of a state begin.
  @inline(__always)
  func framesStart(_ contents: Int) -> (word: Int, frameCount: Int, referenceCount: Int) {
    let header = pool.words[contents]
    let frameCount = Int(header & 0xff)
    let referenceCount = Int(header >> 8 & 0xffff)
    return (contents + 1 + Self.regionWords + referenceCount * Self.referenceWords, frameCount, referenceCount)
  }

  /// Stores the state being walked.
  ///
  /// - Parameter keepsAll: whether registers are kept that are not read any more.
  mutating func capture(keepsAll: Bool) -> (contents: Int, words: Int) {
    var words = 1 + Self.regionWords + references.count * Self.referenceWords
    for index in 0...frame {
      var kept: UInt16 = 0
      let live = keepsAll ? 0x3ff : liveRegisters(index)
      for register in 0..<10 where live >> UInt16(register) & 1 == 1 {
        if registers[Self.place(index, register)].kind != .uninitialized { kept |= 1 << UInt16(register) }
      }
      frames[index].keptRegisters = kept
      let count = Int(frames[index].slotCount)
      var withRegister = 0
      for slot in 0..<count where slots[Self.slotPlace(index, slot)].hasRegister { withRegister += 1 }
      words += Self.frameWords + 1 + count + (kept.nonzeroBitCount + withRegister) * Self.registerWords
    }
    let contents = pool.allocate(words)
    pool.words[contents] = UInt64(frame + 1) | UInt64(references.count) << 8
    pool.words.store(regions, at: contents + 1)
    var word = contents + 1 + Self.regionWords
    for reference in references {
      pool.words.store(reference, at: word)
      word += Self.referenceWords
    }
    for index in 0...frame {
      let header = frames[index]
      pool.words.store(header, at: word)
      word += Self.frameWords
      for register in 0..<10 where header.keptRegisters >> UInt16(register) & 1 == 1 {
        pool.words.store(registers[Self.place(index, register)], at: word)
        word += Self.registerWords
      }
      let count = Int(header.slotCount)
      let maskWord = word
      word += 1 + count
      var mask: UInt64 = 0
      for slot in 0..<count {
        let place = Self.slotPlace(index, slot)
        pool.words[maskWord + 1 + slot] = slots[place].bytes
        if slots[place].hasRegister {
          mask |= 1 << UInt64(slot)
          pool.words.store(slots[place].register, at: word)
          word += Self.registerWords
        }
      }
      pool.words[maskWord] = mask
    }
    return (contents, words)
  }

  /// Makes a stored state the one being walked.
  mutating func restore(_ contents: Int) {
    var (word, frameCount, referenceCount) = framesStart(contents)
    regions = pool.words.load(StateRegions.self, at: contents + 1)
    references.removeAll(keepingCapacity: true)
    for index in 0..<referenceCount {
      let place = contents + 1 + Self.regionWords + index * Self.referenceWords
      references.append(pool.words.load(AcquiredReference.self, at: place))
    }
    frame = frameCount - 1
    for index in 0..<frameCount {
      let header = pool.words.load(Frame.self, at: word)
      frames[index] = header
      word += Self.frameWords
      for register in 0..<10 {
        if header.keptRegisters >> UInt16(register) & 1 == 1 {
          registers[Self.place(index, register)] = pool.words.load(RegisterState.self, at: word)
          word += Self.registerWords
        } else {
          registers[Self.place(index, register)] = .uninitialized
        }
      }
      registers[Self.place(index, 10)] = RegisterState(kind: .stack, object: UInt32(index))
      let count = Int(header.slotCount)
      let mask = pool.words[word]
      let bytes = word + 1
      word += 1 + count
      for slot in 0..<count {
        let place = Self.slotPlace(index, slot)
        slots[place].bytes = pool.words[bytes + slot]
        if mask >> UInt64(slot) & 1 == 1 {
          slots[place].register = pool.words.load(RegisterState.self, at: word)
          word += Self.registerWords
        } else {
          slots[place].register = .uninitialized
        }
      }
    }
  }

  /// The registers of a frame that are read from here on.
  @inline(__always)
  func liveRegisters(_ index: Int) -> UInt16 {
    let place = index == frame ? instruction : Int(frames[index + 1].callSite)
    guard place >= 0 else { return 0x3ff }
    return code.facts[place].liveBefore
  }

  /// Where a register of a frame of a stored state is, nil when it was not kept.
  func storedRegister(_ contents: Int, frame wanted: Int, register: Int) -> Int? {
    var (word, frameCount, _) = framesStart(contents)
    guard wanted < frameCount else { return nil }
    for index in 0..<frameCount {
      let header = pool.words.load(Frame.self, at: word)
      if index == wanted {
        guard header.keptRegisters >> UInt16(register) & 1 == 1 else { return nil }
        let before = (header.keptRegisters & ((1 << UInt16(register)) - 1)).nonzeroBitCount
        return word + Self.frameWords + before * Self.registerWords
      }
      word = endOfFrame(word, header)
    }
    return nil
  }

  /// Where the register spilled in a slot of a frame of a stored state is, and the slot's bytes.
  func storedSlot(_ contents: Int, frame wanted: Int, slot: Int) -> (register: Int, bytes: UInt64)? {
    var (word, frameCount, _) = framesStart(contents)
    guard wanted < frameCount else { return nil }
    for index in 0..<frameCount {
      let header = pool.words.load(Frame.self, at: word)
      if index == wanted {
        guard slot < Int(header.slotCount) else { return nil }
        let maskWord = word + Self.frameWords + header.keptRegisters.nonzeroBitCount * Self.registerWords
        let mask = pool.words[maskWord]
        guard mask >> UInt64(slot) & 1 == 1 else { return nil }
        let before = (mask & ((1 << UInt64(slot)) - 1)).nonzeroBitCount
        return (
          maskWord + 1 + Int(header.slotCount) + before * Self.registerWords, pool.words[maskWord + 1 + slot]
        )
      }
      word = endOfFrame(word, header)
    }
    return nil
  }

  @inline(__always)
  func endOfFrame(_ word: Int, _ header: Frame) -> Int {
    let maskWord = word + Self.frameWords + header.keptRegisters.nonzeroBitCount * Self.registerWords
    return maskWord + 1 + Int(header.slotCount) + pool.words[maskWord].nonzeroBitCount * Self.registerWords
  }

  // MARK: Histories

  static var entryWords: Int { (MemoryLayout<HistoryEntry>.size + 7) / 8 }

  mutating func captureHistory() -> Int {
    guard history.count > 0 else { return -1 }
    let place = pool.allocate(history.count * Self.entryWords)
    for index in 0..<history.count { pool.words.store(history[index], at: place + index * Self.entryWords) }
    return place
  }

  mutating func restoreHistory(_ place: Int, _ count: Int) {
    history.truncate(to: 0)
    for index in 0..<count {
      history.append(pool.words.load(HistoryEntry.self, at: place + index * Self.entryWords))
    }
  }

  mutating func releaseHistory(_ place: Int, _ count: Int) {
    if count > 0 { pool.release(place, count * Self.entryWords) }
  }

  // MARK: Fingerprints

  /// A number that is the same for states whose innermost registers are the same in everything.
  func fingerprint() -> UInt64 {
    var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
    func mix(_ value: UInt64) {
      hash = (hash ^ value) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash >> 32
    }
    for register in 0..<10 {
      let state = registers[Self.place(frame, register)]
      mix(UInt64(state.kind.rawValue) | UInt64(state.flags.rawValue) << 8 | UInt64(state.object) << 32)
      if state.kind == .uninitialized { continue }
      mix(UInt64(state.id) << 32 | UInt64(state.reference))
      mix(UInt64(UInt32(bitPattern: state.offset)) << 32 | UInt64(UInt32(bitPattern: state.range)))
      mix(state.number.bits.value)
      mix(state.number.bits.mask)
      mix(state.number.unsigned.minimum)
      mix(state.number.unsigned.maximum)
      mix(UInt64(bitPattern: state.number.signed.minimum))
      mix(UInt64(bitPattern: state.number.signed.maximum))
      mix(UInt64(state.number.unsigned32.minimum) << 32 | UInt64(state.number.unsigned32.maximum))
      mix(
        UInt64(UInt32(bitPattern: state.number.signed32.minimum)) << 32
          | UInt64(UInt32(bitPattern: state.number.signed32.maximum)))
    }
    return hash
  }
}
