internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// States whose marks of what matters are not complete, since a path from each ended at a state that was not finished: they
/// are when all paths from the first of them are walked.
struct LoopRecord: BitwiseCopyable {
  /// The loop that this one has turned out to be part of; itself if none.
  var whole: Int32
  /// The state at which it begins.
  var entry: Int32
  /// How many states are on the way to it.
  var depth: Int32
  var isFinished = false
}

/// A path that ended at a state which was not finished: the way to its end, and the state that covers it.
struct BackEdge: BitwiseCopyable {
  var covering: Int32
  var loop: Int32
  var way: Way
}

/// The way that a path took from its last kept state.
struct Way: BitwiseCopyable {
  var parent: Int32
  var firstInstruction: Int32
  var instruction: Int32
  var frame: Int32
  /// Where its history is in the pool; -1 for that of the state being walked.
  var history: Int
  var historyCount: Int32
}

extension Exploration {
  /// Whether marks of what matters may be missing in a state.
  func isIncomplete(_ record: StateRecord) -> Bool {
    record.loop != 0 && !loops[Int(whole(record.loop))].isFinished
  }

  private func whole(_ loop: Int32) -> Int32 {
    var loop = loop
    while loops[Int(loop)].whole != loop { loop = loops[Int(loop)].whole }
    return loop
  }

  /// The path being walked ends at a state that is not finished: every state on the way from there may lack marks.
  mutating func addBackEdge(to covering: Int32) {
    var loop: Int32
    let record = states[Int(covering)]
    if isIncomplete(record) {
      loop = whole(record.loop)
    } else {
      loop = Int32(loops.count)
      loops.append(LoopRecord(whole: loop, entry: covering, depth: record.depth))
      states[Int(covering)].loop = loop
    }
    var index = parent
    while index >= 0 {
      let state = states[Int(index)]
      if isIncomplete(state) { loop = merge(loop, whole(state.loop)) }
      states[Int(index)].loop = loop
      if index == loops[Int(loop)].entry { break }
      index = state.parent
    }
    backEdges.append(
      BackEdge(
        covering: covering, loop: loop,
        way: Way(
          parent: parent, firstInstruction: firstInstruction, instruction: Int32(instruction), frame: Int32(frame),
          history: captureHistory(), historyCount: Int32(history.count))))
  }

  /// Makes one loop of two that have a state in common: it begins where the outer one does.
  private mutating func merge(_ first: Int32, _ second: Int32) -> Int32 {
    guard first != second else { return first }
    let (outer, inner) = loops[Int(first)].depth <= loops[Int(second)].depth ? (first, second) : (second, first)
    loops[Int(inner)].whole = outer
    return outer
  }

  /// All paths from a state are walked: if a loop begins there, what matters at the end of each round is traced back along
  /// it, until nothing new comes of it.
  mutating func finishLoop(at index: Int32) {
    let record = states[Int(index)]
    guard isIncomplete(record) else { return }
    let loop = whole(record.loop)
    guard loops[Int(loop)].entry == index else { return }
    var rounds = 0
    repeat {
      marksAdded = false
      rounds += 1
      for position in 0..<backEdges.count where whole(backEdges[position].loop) == loop {
        propagatePrecision(from: backEdges[position].covering, along: backEdges[position].way, all: rounds > 64)
      }
    } while marksAdded && rounds <= 64
    loops[Int(loop)].isFinished = true
    var kept = 0
    for position in 0..<backEdges.count {
      let edge = backEdges[position]
      if whole(edge.loop) == loop {
        releaseHistory(edge.way.history, Int(edge.way.historyCount))
      } else {
        backEdges[kept] = edge
        kept += 1
      }
    }
    backEdges.truncate(to: kept)
    var waiting = 0
    for position in 0..<dropped.count {
      let state = dropped[position]
      if isIncomplete(states[Int(state)]) {
        dropped[waiting] = state
        waiting += 1
      } else {
        release(state)
      }
    }
    dropped.truncate(to: waiting)
  }
}
