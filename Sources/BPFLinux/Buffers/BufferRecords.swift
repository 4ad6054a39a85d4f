/// The records of a buffer as elements that can be kept, as they come.
///
/// It ends when the reader is stopped and nothing is left, and when the task is cancelled. Records are taken from the
/// buffer up to 64 at a time; those that were taken and not asked for are lost with the iterator.
public struct BufferRecords<Element>: AsyncSequence {
  let events: BufferEvents
  let take: (_ limit: Int, _ elements: inout [Element]) throws(BPFError) -> BufferPass

  /// Begins to read.
  public func makeAsyncIterator() -> Iterator { Iterator(events: events, take: take) }

  /// Reads.
  public struct Iterator: AsyncIteratorProtocol {
    private let events: BufferEvents
    private let take: (_ limit: Int, _ elements: inout [Element]) throws(BPFError) -> BufferPass
    private var elements: [Element] = []
    private var next = 0
    private var failure: BPFError?
    private var isLast = false
    private static var batch: Int { 64 }

    init(
      events: BufferEvents, take: @escaping (_ limit: Int, _ elements: inout [Element]) throws(BPFError) -> BufferPass
    ) {
      self.events = events
      self.take = take
    }

    /// The next element, `nil` at the end.
    ///
    /// - Throws: ``BPFError`` when the buffer cannot be read, after what was read before.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(BPFError) -> Element? {
      if next == elements.count { try await refill(isolation: actor) }
      guard next < elements.count else { return nil }
      defer { next += 1 }
      return elements[next]
    }

    /// Takes the next elements; none at the end.
    private mutating func refill(isolation actor: isolated (any Actor)?) async throws(BPFError) {
      if let failure {
        self.failure = nil
        throw failure
      }
      elements.removeAll(keepingCapacity: true)
      next = 0
      try events.claim()
      defer { events.release() }
      while !isLast, !Task.isCancelled {
        // All that is left, in one pass: programs may fill the buffer as fast as it is read.
        isLast = events.isStopped
        do throws(BPFError) {
          let pass = try take(isLast ? .max : Self.batch, &elements)
          if !elements.isEmpty { return }
          if isLast || !pass.mayWait { continue }
        } catch {
          guard !elements.isEmpty else { throw error }
          failure = error
          return
        }
        try await events.wait()
      }
    }
  }
}
