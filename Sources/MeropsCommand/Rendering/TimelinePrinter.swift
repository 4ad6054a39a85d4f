import Merops

/// Prints what comes of one program, its timeline while the program runs.
final class TimelinePrinter {
  private let program: Program
  private let text: RunText
  private let separator: String
  private let showsTimeline: Bool
  private var timeline: TimelineText
  private var hasTitle = false
  private var hasLines = false
  /// Why nothing more can be printed.
  private var problem: (any Error)?
  /// Whether a run of the program returned a negative number.
  private(set) var hasNegativeResult = false

  /// - Parameters:
  ///   - separator: what comes before the title.
  ///   - origin: the time that is shown as 0.
  init(
    of program: Program, in object: ObjectFile, _ text: RunText, separator: String, showsTimeline: Bool, origin: UInt64
  ) {
    self.program = program
    self.text = text
    self.separator = separator
    self.showsTimeline = showsTimeline
    timeline = TimelineText([], origin: origin) { object.key(of: $0).description }
  }

  /// Prints a piece of the timeline; false when it could not be printed.
  func print(_ events: [TimelineEvent]) -> Bool {
    notice(events)
    if showsTimeline { timeline.append(events) }
    do {
      try printLines()
    } catch {
      problem = error
      return false
    }
    return true
  }

  /// Looks at events without printing them.
  func notice(_ events: [TimelineEvent]) {
    for case .programRan(program.name, let result, _) in events.map(\.kind)
    where Int32(truncatingIfNeeded: result) < 0 {
      hasNegativeResult = true
    }
  }

  /// Prints the rest of the timeline, and what the program has left.
  func finish(_ run: ScenarioRun, of scenario: Scenario, _ maps: [MapContents]) throws {
    _ = print(run.machine.timeline)
    if let problem { throw problem }
    let rest =
      text.execution(of: run) + text.packet(run.packetResult, of: program.kind.type, before: scenario.packet)
      + text.context(run.context)
      + text.maps(maps) + text.trace(run.machine.traceLog)
    if !rest.isEmpty { try Output.standard.write("\n" + rest) }
  }

  private func printLines() throws {
    var output = ""
    if !hasTitle {
      hasTitle = true
      output = separator + text.title(of: program)
    }
    let lines = text.lines(takenFrom: &timeline)
    if !lines.isEmpty {
      output += (hasLines ? "" : "\n") + lines
      hasLines = true
    }
    if !output.isEmpty { try Output.standard.write(output) }
  }
}
