internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// Which stack slots may still be read after an instruction: the classic backward data flow, over what the walk has seen.
///
/// Which slots an instruction reads is only known while paths are walked, since pointers to stacks are values. So reads and
/// writes are gathered for each function under each chain of calls, and what is live is computed when a finished state is
/// about to be compared: by then all paths from it have been walked. Slots are bits of a word; each instruction has a word
/// for the function's own frame and one for each of its callers'.
struct StackLiveness: ~Copyable {
  struct Instance: BitwiseCopyable {
    /// The caller's, -1 for none.
    var outer: Int32
    var callSite: Int32
    var start: Int32
    var count: Int32
    /// The number of callers.
    var depth: Int32
    /// The index of the first word.
    var base: Int
    var isStale = false
    var hasReads = false
  }

  struct Key: Hashable {
    var outer: Int32
    var callSite: Int32
    var start: Int
  }

  private var instances = Buffer<Instance>(capacity: 8)
  private var indexes: [Key: Int32] = [:]
  private var reads = Buffer<UInt64>(capacity: 64)
  private var writes = Buffer<UInt64>(capacity: 64)
  private var live = Buffer<UInt64>(capacity: 64)
  private var hasStale = false
  private var work = 0
  private var written: (frame: Int, slots: UInt64) = (-1, 0)

  /// The writes of an instruction that was not walked; nothing is known of it, and it overwrites nothing.
  private static let unseen = UInt64.max

  init() {}

  /// A function under a chain of calls.
  mutating func instance(outer: Int32, callSite: Int32, _ function: borrowing FunctionFacts) -> Int32 {
    let key = Key(outer: outer, callSite: callSite, start: function.start)
    if let known = indexes[key] { return known }
    let index = Int32(instances.count)
    let depth = outer < 0 ? 0 : instances[Int(outer)].depth + 1
    let count = function.end - function.start
    instances.append(
      Instance(
        outer: outer, callSite: callSite, start: Int32(function.start), count: Int32(count), depth: depth,
        base: reads.count))
    reads.extend(by: count * Int(depth + 1), repeating: 0)
    writes.extend(by: count * Int(depth + 1), repeating: Self.unseen)
    live.extend(by: count * Int(depth + 1), repeating: 0)
    indexes[key] = index
    return index
  }

  @inline(__always)
  private static func place(_ instance: Instance, _ instruction: Int, _ frame: Int) -> Int {
    instance.base + (instruction - Int(instance.start)) * Int(instance.depth + 1) + frame
  }

  /// An instruction reads slots of a frame.
  @inline(__always)
  mutating func read(_ index: Int32, at instruction: Int, frame: Int, _ slots: UInt64) {
    let place = Self.place(instances[Int(index)], instruction, frame)
    guard slots & ~reads[place] != 0 else { return }
    reads[place] |= slots
    instances[Int(index)].hasReads = true
    markStale(index)
  }

  private mutating func markStale(_ index: Int32) {
    instances[Int(index)].isStale = true
    hasStale = true
  }

  /// A store begins, or writes a slot whole.
  @inline(__always)
  mutating func beginStore() { written = (-1, 0) }

  @inline(__always)
  mutating func write(frame: Int, slot: Int) { written = (frame, 1 << UInt64(slot)) }

  /// What a store overwrites is what it overwrote at each visit.
  @inline(__always)
  mutating func endStore(_ index: Int32, at instruction: Int) {
    let instance = instances[Int(index)]
    for frame in 0...Int(instance.depth) {
      let place = Self.place(instance, instruction, frame)
      let now = frame == written.frame ? written.slots : 0
      let old = writes[place]
      let new = old == Self.unseen ? now : old & now
      if new != old {
        writes[place] = new
        if new != 0 || old != Self.unseen { markStale(index) }
      }
    }
  }

  // MARK: Data flow

  /// Brings what is live up to date; false when that has cost more than it may.
  mutating func update(_ code: borrowing CodeTable, limit: Int) -> Bool {
    guard hasStale else { return true }
    guard work < limit else { return false }
    // A function that is called comes after its callers, to which it passes what it reads of theirs.
    for index in (0..<instances.count).reversed() where instances[index].isStale {
      guard solve(index, code, limit: limit) else { return false }
      instances[index].isStale = false
      let instance = instances[index]
      guard instance.outer >= 0 else { continue }
      for frame in 0..<Int(instance.depth) {
        let slots = live[Self.place(instance, Int(instance.start), frame)]
        if slots != 0 { read(instance.outer, at: Int(instance.callSite), frame: frame, slots) }
      }
    }
    hasStale = false
    return true
  }

  private mutating func solve(_ index: Int, _ code: borrowing CodeTable, limit: Int) -> Bool {
    let instance = instances[index]
    guard instance.hasReads else { return true }
    let width = Int(instance.depth) + 1
    let start = Int(instance.start)
    let count = Int(instance.count)
    for word in instance.base..<(instance.base + count * width) { live[word] = 0 }
    var waiting = SlotWorklist(start..<start + count)
    while let slot = waiting.next() {
      work += width
      guard work < limit else { return false }
      let (next, target) = code.successors(of: slot)
      let place = instance.base + (slot - start) * width
      var changed = false
      for frame in 0..<width {
        var after: UInt64 = 0
        if let next, next - start < count { after |= live[instance.base + (next - start) * width + frame] }
        if let target { after |= live[instance.base + (target - start) * width + frame] }
        let writes = writes[place + frame]
        let before = after & ~(writes == Self.unseen ? 0 : writes) | reads[place + frame]
        if before != live[place + frame] {
          live[place + frame] = before
          changed = true
        }
      }
      if changed { for source in code.predecessors[slot] { waiting.add(source) } }
    }
    return true
  }

  /// The slots of a frame that may be read from an instruction on.
  func slots(_ index: Int32, before instruction: Int, frame: Int) -> UInt64 {
    live[Self.place(instances[Int(index)], instruction, frame)]
  }
}

extension Exploration {
  /// The current instruction reads a slot of a frame.
  @inline(__always)
  mutating func noteStackRead(_ index: Int, _ slot: Int) {
    stackLiveness.read(frames[frame].instance, at: instruction, frame: index, 1 << UInt64(slot))
  }

  /// Forgets the slots of a finished state that no path from it read, so that they no longer count in comparisons.
  mutating func cleanStack(of index: Int32) {
    states[Int(index)].isCleaned = true
    guard stackLiveness.update(code, limit: 1 << 22 + 32 * statistics.processedInstructions) else { return }
    let record = states[Int(index)]
    var (word, frameCount, _) = framesStart(record.contents)
    for position in 0..<frameCount {
      let header = pool.words.load(Frame.self, at: word)
      let end = endOfFrame(word, header)
      let alive = liveSlots(position, header, end, frameCount, Int(record.instruction))
      let bytes = word + Self.frameWords + header.keptRegisters.nonzeroBitCount * Self.registerWords + 1
      for slot in 0..<Int(header.slotCount) where alive >> UInt64(slot) & 1 == 0 { pool.words[bytes + slot] = 0 }
      word = end
    }
  }

  /// The slots of a frame of a stored state that the function itself, those that it has called, or it after their return
  /// may still read.
  private func liveSlots(_ position: Int, _ header: Frame, _ next: Int, _ frameCount: Int, _ place: Int) -> UInt64 {
    var alive: UInt64 = 0
    var current = header
    var word = next
    for _ in (position + 1)..<max(frameCount, position + 1) {
      let inner = pool.words.load(Frame.self, at: word)
      let site = Int(inner.callSite)
      // A function that calls back may do so again.
      alive |= stackLiveness.slots(
        current.instance, before: code.facts[site].callsBack ? site : site + 1, frame: position)
      word = endOfFrame(word, inner)
      current = inner
    }
    return alive | stackLiveness.slots(current.instance, before: place, frame: position)
  }
}
