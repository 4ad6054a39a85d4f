/// How a thread is told that it has work: `TWA_RESUME` or `TWA_SIGNAL` of the kernel.
public enum TaskWorkMode: UInt8, CaseIterable, Sendable {
  /// The thread finds the work when it next returns to user mode by itself.
  case resume
  /// A thread in an interruptible sleep is woken for it.
  case signal
}

/// What a program asks for: which callback, for which map element, on which thread.
///
/// The tokens mean nothing to this module, it hands them back. An engine that uses a token for something that can be
/// used again (a table index, say) puts a number of the use into it, because ``TaskWorkResources`` may be asked about a
/// token whose last reference is gone.
public struct TaskWorkRequest: Hashable, Sendable {
  /// The thread that is to run the callback.
  public var task: UInt64
  /// The program that scheduled, which stays alive until the callback is done.
  public var program: UInt64
  /// The map that holds the element; the request does not keep it alive.
  public var map: UInt64
  /// The element's index among the map's slots.
  public var element: Int
  /// The callback, a subprogram of the program's object.
  public var callback: UInt64
  /// How the thread is told.
  public var mode: TaskWorkMode

  /// A request with the engine's tokens.
  public init(
    task: UInt64, program: UInt64, map: UInt64, element: Int, callback: UInt64, mode: TaskWorkMode
  ) {
    self.task = task
    self.program = program
    self.map = map
    self.element = element
    self.callback = callback
    self.mode = mode
  }
}

/// A request as its context keeps it, with the note whether references on program and task are still to be dropped.
package struct HeldRequest: Hashable, Sendable {
  package var request: TaskWorkRequest
  package var holdsReferences: Bool

  package init(request: TaskWorkRequest, holdsReferences: Bool) {
    self.request = request
    self.holdsReferences = holdsReferences
  }

  /// What a context holds before its first request.
  package static var nothing: HeldRequest {
    HeldRequest(
      request: TaskWorkRequest(task: 0, program: 0, map: 0, element: 0, callback: 0, mode: .resume),
      holdsReferences: false)
  }
}
