/// The word that holds a context's state: its use and its request are numbered in it, so that a step of an earlier
/// request can never be mistaken for one of the present request.
///
/// The number of the request is more than the kernel has. Without it a deferred step that is held up between attaching
/// and its last compare-and-swap can meet the SCHEDULING of the *next* request and make it SCHEDULED; if that request is
/// then declined by its thread, its own step back to STANDBY fails and the slot stays busy until it is released.
package struct StateWord: Hashable, Sendable {
  /// Bits 0–7 the state, bits 8–31 the number of the request, bits 32–63 the number of the context's use.
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  package init(generation: UInt32, request: UInt32, state: TaskWorkState) {
    rawValue = UInt64(generation) << 32 | UInt64(request & 0xff_ffff) << 8 | UInt64(state.rawValue)
  }

  package var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

  package var request: UInt32 { UInt32(truncatingIfNeeded: rawValue) >> 8 }

  /// The state; a word that this module never writes counts as ``TaskWorkState/freed``.
  package var state: TaskWorkState { TaskWorkState(rawValue: UInt8(truncatingIfNeeded: rawValue)) ?? .freed }

  /// The same request in another state.
  package func with(_ state: TaskWorkState) -> StateWord {
    StateWord(rawValue: rawValue & ~0xff | UInt64(state.rawValue))
  }

  /// The next request, PENDING.
  package var nextPending: StateWord {
    StateWord(generation: generation, request: request &+ 1, state: .pending)
  }
}

/// The word that counts references on one use of a context: one of the slot, one of the request.
package struct ReferenceWord: Hashable, Sendable {
  /// Bits 0–31 the count, bits 32–63 the number of the context's use.
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  package init(generation: UInt32, count: UInt32) {
    rawValue = UInt64(generation) << 32 | UInt64(count)
  }

  package var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

  package var count: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

  /// The number of the next use; zero is left out, because an empty slot is zero.
  package var nextGeneration: UInt32 { generation == .max ? 1 : generation &+ 1 }
}

/// The head of the list of free contexts: an index and a tag that counts changes.
///
/// Without the tag, a thread held up between reading the head's successor and its compare-and-swap could put back a
/// successor that has been taken meanwhile, if the same context had become the head again.
package struct FreeListHead: Hashable, Sendable {
  /// Bits 0–31 one more than the index, or zero for an empty list; bits 32–63 the tag.
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// The first free context.
  package var index: UInt32? {
    let link = UInt32(truncatingIfNeeded: rawValue)
    return link == 0 ? nil : link &- 1
  }

  /// The link that a context pushed on this list keeps.
  package var link: UInt64 { rawValue & 0xffff_ffff }

  /// The head after a change, with the tag counted on.
  package func changed(toLink link: UInt64) -> FreeListHead {
    FreeListHead(rawValue: ((rawValue >> 32) &+ 1) << 32 | link & 0xffff_ffff)
  }

  /// The link that names a context.
  package static func link(to index: UInt32) -> UInt64 { UInt64(index) &+ 1 }
}
