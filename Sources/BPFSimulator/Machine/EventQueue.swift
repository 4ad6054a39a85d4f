/// Things that happen at a virtual time, in order of time and, at one time, of their entry.
struct EventQueue<Event> {
  struct Token: Hashable {
    fileprivate var number: UInt64
  }

  private struct Entry {
    var time: UInt64
    var number: UInt64
    var event: Event
  }

  /// In descending order, so that the next event is the last.
  private var entries: [Entry] = []
  private var nextNumber: UInt64 = 0

  /// The time of the next event.
  var nextTime: UInt64? { entries.last?.time }

  @discardableResult
  mutating func insert(_ event: Event, at time: UInt64) -> Token {
    let entry = Entry(time: time, number: nextNumber, event: event)
    nextNumber += 1
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if (entries[middle].time, entries[middle].number) > (entry.time, entry.number) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    entries.insert(entry, at: low)
    return Token(number: entry.number)
  }

  mutating func remove(_ token: Token) {
    entries.removeAll { $0.number == token.number }
  }

  /// Takes the next event that is due at `time`.
  mutating func popFirst(upTo time: UInt64) -> (time: UInt64, event: Event)? {
    guard let last = entries.last, last.time <= time else { return nil }
    entries.removeLast()
    return (last.time, last.event)
  }
}
