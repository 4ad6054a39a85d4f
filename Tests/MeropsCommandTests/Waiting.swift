import Testing

/// Waits until something that another process or the kernel does has happened. The limit is for what never comes: on a
/// machine that has much else to do, what comes may take its time.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
  for _ in 0..<30_000 {
    if try condition() { return }
    try await Task.sleep(for: .milliseconds(10))
  }
  Issue.record("waited in vain until \(what)")
}
