extension TaskWorkList {
  /// Takes and runs until nothing is left, so that what callbacks add for this thread runs in the same go.
  ///
  /// - Parameters:
  ///   - closing: for an exiting thread: the list is closed for good when it is found empty.
  ///   - passLimit: the greatest number of times that the list is taken. The kernel has no such limit, and two elements
  ///     that schedule each other for ever never let a thread return to user mode.
  ///   - body: runs one context (``TaskWorkScheduler/run(_:using:_:)``).
  /// - Returns: whether the list was found empty; false if the limit came first.
  @discardableResult
  public func runAll(
    closing: Bool = false, passLimit: Int = .max, _ body: (TaskWorkContext) -> Void
  ) -> Bool {
    var passes = 0
    while passes < passLimit {
      var batch = closing ? takeAllOrClose() : takeAll()
      if batch.isEmpty { return true }
      while let context = batch.next() { body(context) }
      passes += 1
    }
    return isEmpty
  }
}
