/// The state of a context, with the kernel's numbers.
///
/// Every forward step is one compare-and-swap; ``freed`` is set by an unconditional exchange and is never left.
///
///     STANDBY ──▶ PENDING ──▶ SCHEDULING ──▶ SCHEDULED
///        ▲                     │      │          │
///        ├─────────────────────┘      ▼          ▼
///        └───────────────────────── RUNNING ◀────┘        any ──▶ FREED
///
/// Source: the enumerators of `enum bpf_task_work_state` in the BTF of Linux 6.18.
public enum TaskWorkState: UInt8, CaseIterable, Sendable {
  /// No request is outstanding.
  case standby = 0
  /// A request won the right to use the context and waits for its deferred step.
  case pending = 1
  /// The deferred step is attaching the request to its thread.
  case scheduling = 2
  /// The request is on its thread's work list.
  case scheduled = 3
  /// The thread runs the callback.
  case running = 4
  /// The slot let go of the context; what is still active drops its reference at its next step.
  case freed = 5

  /// Whether the state machine has a step from this state to another.
  ///
  /// A second exchange to ``freed`` is not a step: the slot is emptied first, so only one release reaches the context.
  public func canBecome(_ next: TaskWorkState) -> Bool {
    switch (self, next) {
    case (.standby, .pending), (.pending, .scheduling), (.scheduling, .scheduled), (.scheduling, .standby),
      (.scheduling, .running), (.scheduled, .running), (.running, .standby):
      true
    case (.freed, _):
      false
    case (_, .freed):
      true
    default:
      false
    }
  }
}
