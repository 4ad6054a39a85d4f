// The state of one activation of the interpreter's loop.
//
// Unsafe because the loop reaches the registers and the table of regions by pointer. Register numbers have been
// checked by decoding and are below 11.

/// A run, or a callback nested in one: registers, budget, and the frames that it uses.
struct Activation {
  /// r0 to r10. The first member, so that a pointer to the activation is one to r0.
  var registers: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  )
  /// The host address at which straight-line execution would have used up the budget; see `remaining(at:)`.
  ///
  /// A taken jump moves it by the distance of the jump. So counting costs one addition at a jump, and nothing
  /// elsewhere.
  var limit: Int = 0
  /// The depth of the frame in use.
  var depth: Int
  /// The depth of the frame whose exit ends the activation.
  let baseDepth: Int
  /// The depth of the first frame of the run, from which the limit of eight frames is counted.
  let firstFrame: Int
  var tailCallCount = 0
  /// Whether the interpreter's `fault` has been set for this activation.
  var hasFaulted = false
  /// The record that the activation ended at.
  var stopped: UnsafePointer<Record>
  /// The budget of the run, for the message when it is used up.
  let budget: UInt64

  init(depth: Int, firstFrame: Int, first: UnsafePointer<Record>, budget: UInt64) {
    self.depth = depth
    self.baseDepth = depth
    self.firstFrame = firstFrame
    self.stopped = first
    self.budget = budget
  }

  /// The number of instructions that may be executed from a record on; negative when straight-line code overran.
  func remaining(at record: UnsafePointer<Record>) -> Int {
    (limit - Int(bitPattern: record)) / MemoryLayout<Record>.stride
  }

  /// Sets the number of instructions that may be executed from a record on.
  mutating func setRemaining(_ count: Int, at record: UnsafePointer<Record>) {
    limit = Int(bitPattern: record) + count * MemoryLayout<Record>.stride
  }
}

extension UnsafeMutablePointer<Activation> {
  /// The registers r0 to r10.
  @inline(__always)
  var registers: UnsafeMutablePointer<UInt64> {
    UnsafeMutableRawPointer(self).assumingMemoryBound(to: UInt64.self)
  }
}
