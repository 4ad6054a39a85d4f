/// A 64-bit word that several threads work on.
///
/// Memory orders. Every read-modify-write is sequentially consistent, every load acquires, every store releases. Most
/// places need less: acquire and release suffice for the lists (what was written to a context before it was pushed is
/// seen by who takes it), for the reference count (what was done under a reference is seen by who frees) and for the
/// steps of the state. Sequential consistency is needed in one place: `schedule` fills the slot and the state and then
/// reads the map's user count, while the closing side lowers the count and then empties slot and state. With less, both
/// might miss the other, and a request would stay on a map that nobody can cancel any more. On x86-64 and on AArch64 with
/// atomic instructions the stronger order costs nothing in a read-modify-write, so there is one rule and no list.
package protocol AtomicWord {
  func load() -> UInt64
  func store(_ value: UInt64)
  func exchange(_ value: UInt64) -> UInt64
  /// Writes if the word is as expected, and answers with what was there: the expected value means success.
  func compareExchange(expected: UInt64, desired: UInt64) -> UInt64
  /// Subtracts and answers with what was there before.
  func subtract(_ value: UInt64) -> UInt64
}

/// The words of one context.
package enum ContextField: Int, CaseIterable, Sendable {
  /// ``StateWord``.
  case state
  /// ``ReferenceWord``.
  case references
  /// The next free context, read by threads that race for the head of the list.
  case freeLink
  /// The next context on a thread's work list.
  case workLink
  /// The next step on a CPU's queue of deferred steps.
  case deferredLink
}

/// Where contexts live. The algorithms are written against this, so that tests can run the very same code on a memory
/// that stops at each access and tries what the others could do there.
package protocol TaskWorkMemory {
  associatedtype Word: AtomicWord

  /// ``FreeListHead``.
  var freeList: Word { get }

  func word(_ field: ContextField, of index: UInt32) -> Word

  /// What the context was asked for. Not atomic: belongs to who has brought the state to PENDING, and is then handed
  /// on with the request; after the last reference is dropped it belongs to who dropped it.
  func request(of index: UInt32) -> HeldRequest
  func setRequest(_ request: HeldRequest, of index: UInt32)

  /// Counts free contexts, for ``TaskWorkScheduler/freeContextCount``.
  func stockChanged(by change: Int)
}

/// Mutual exclusion between taking a thread's list and removing from its middle.
package protocol WorkGate: ~Copyable {
  borrowing func locked<Value>(_ body: () -> Value) -> Value
}
