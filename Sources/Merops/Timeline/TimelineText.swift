public import BPFSimulator

/// A machine's timeline for people: a line an event, in columns, what belongs together under a bar.
///
/// ```swift
/// print(TimelineText(machine.timeline, origin: machine.configuration.startTime))
/// ```
public struct TimelineText: CustomStringConvertible {
  /// One line of the text.
  public struct Line: Hashable, Sendable {
    /// Nanoseconds since the origin.
    public var time: UInt64
    /// The number of the CPU.
    public var cpu: Int
    /// What the CPU was doing.
    public var context: ExecutionContext
    /// The thread, by name and number.
    public var thread: String
    /// What happened, behind the bars of what it belongs to.
    public var text: String
    /// Whether a program was stopped.
    public var isFault: Bool
  }

  /// A part of the text that a terminal may show in a way of its own.
  public enum Part: Sendable {
    /// The titles of the columns.
    case title
    /// The time.
    case time
    /// The context and the event of an interrupt.
    case interrupt
    /// A fault.
    case fault
  }

  /// The lines in the order of the events, without those that ``takeText(indentation:mark:)`` has given out.
  public private(set) var lines: [Line] = []

  private let origin: UInt64
  private let keyText: (TimelineEvent.Request) -> String
  private var depths: [Thread: Int] = [:]
  private var widths = Widths()
  private var hasTitle = false

  /// The text for a timeline.
  ///
  /// - Parameters:
  ///   - events: the events in order; what comes later is appended with ``append(_:)``.
  ///   - origin: the time that is shown as 0; ``MachineConfiguration/startTime`` for the begin of a script.
  ///   - keyText: how the key of an element is shown.
  public init(
    _ events: [TimelineEvent], origin: UInt64 = 0,
    keyText: @escaping (TimelineEvent.Request) -> String = { DecodedValue($0.key).description }
  ) {
    self.origin = origin
    self.keyText = keyText
    append(events)
  }

  /// The text for the timeline of a scenario, with keys by their types.
  public init(_ run: ScenarioRun) {
    self.init(run.machine.timeline, origin: run.machine.configuration.startTime) { run.key(of: $0).description }
  }

  /// Adds the lines of what happened next.
  public mutating func append(_ events: [TimelineEvent]) {
    for event in events {
      let thread = Thread(event)
      let depth = depths[thread, default: 0]
      var text = event.kind.text(keyText)
      switch event.kind.nesting {
      case .opens: depths[thread] = depth + 1
      case .closes: depths[thread] = max(0, depth - 1)
      case .none: break
      }
      if case .switchedTo = event.kind, event.thread.pid == 0 { text = "idle" }
      guard !text.isEmpty else { continue }
      if depth > 0 {
        let isLast = event.kind.nesting == .closes
        text = String(repeating: "│ ", count: depth - 1) + (isLast ? "└ " : "│ ") + text.printable
      } else {
        text = text.printable
      }
      var isFault = false
      if case .fault = event.kind { isFault = true }
      lines.append(
        Line(
          time: event.time >= origin ? event.time - origin : 0, cpu: event.cpu, context: event.context,
          thread: event.thread.text.printable, text: text, isFault: isFault))
    }
  }

  /// A thread as the bars know it: each CPU has an idle thread of its own with number 0.
  private struct Thread: Hashable {
    var pid: Int32
    var cpu: Int

    init(_ event: TimelineEvent) {
      pid = event.thread.pid
      cpu = pid == 0 ? event.cpu : 0
    }
  }

  /// The text without marks.
  public var description: String { text { _, text in text } }

  /// The text in columns, a line break after each line.
  ///
  /// - Parameter mark: puts marks around a part, such as a terminal's colours; it must not change the width.
  public func text(mark: (Part, String) -> String) -> String {
    var copy = self
    return copy.takeText(mark: mark)
  }

  /// The text in columns of the lines that there are, which the value then forgets, so that a long timeline can be
  /// shown piece by piece. The titles are above the first piece; columns that were too narrow are wider from then on.
  ///
  /// - Parameters:
  ///   - indentation: how many spaces are before each line.
  ///   - mark: puts marks around a part, such as a terminal's colours; it must not change the width.
  public mutating func takeText(indentation: Int = 0, mark: (Part, String) -> String) -> String {
    guard !lines.isEmpty else { return "" }
    for line in lines { widths.include(line) }
    let margin = String(repeating: " ", count: indentation)
    var text = ""
    if !hasTitle {
      hasTitle = true
      let title =
        "time (µs)".padded(left: widths.time) + "  " + "CPU".padded(left: widths.cpu) + "  "
        + "context".padded(right: widths.context) + "  " + "thread".padded(right: widths.thread) + "  event"
      text += margin + mark(.title, title) + "\n"
    }
    for line in lines {
      let isInterrupt = line.context > .task
      let context = line.context.description.padded(right: widths.context)
      text += margin + mark(.time, Self.microseconds(line.time).padded(left: widths.time)) + "  "
      text += String(line.cpu).padded(left: widths.cpu) + "  "
      text += (isInterrupt ? mark(.interrupt, context) : context) + "  " + line.thread.padded(right: widths.thread)
      text += "  " + (line.isFault ? mark(.fault, line.text) : isInterrupt ? mark(.interrupt, line.text) : line.text)
      text += "\n"
    }
    lines = []
    return text
  }

  /// How wide the columns are.
  private struct Widths {
    var time = "time (µs)".count
    var cpu = "CPU".count
    var context = "context".count
    var thread = "thread".count

    mutating func include(_ line: Line) {
      time = max(time, TimelineText.microseconds(line.time).utf8.count)
      cpu = max(cpu, String(line.cpu).utf8.count)
      context = max(context, line.context.description.count)
      thread = max(thread, line.thread.count)
    }
  }

  /// Microseconds with three decimals.
  private static func microseconds(_ nanoseconds: UInt64) -> String {
    "\(nanoseconds / 1000)." + String(nanoseconds % 1000).padded(left: 3, with: "0")
  }
}

extension String {
  fileprivate func padded(left width: Int, with character: Character = " ") -> String {
    String(repeating: character, count: max(0, width - count)) + self
  }

  fileprivate func padded(right width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension TimelineEvent.ThreadName {
  /// The name with the number, but for idle threads, which have none.
  fileprivate var text: String { pid == 0 ? comm : description }
}
