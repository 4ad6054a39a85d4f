import BPFProfiler

/// How much a profiler has captured, and what it did to the target, in a few lines.
package struct CaptureText {
  private let style: Style

  package init(style: Style) { self.style = style }

  package func text(of report: CaptureReport) -> String {
    if report.samples == 0 { return "no samples: the target did not run while it was sampled\n" }
    var lines = [
      "\(report.samples) samples, \(report.samplesWithUserStack) with a user stack: "
        + "\(Self.percent(report.captureRate)) whole"
    ]
    var table = Columns([.right, .left])
    if report.lostSamples > 0 { table.add("\(report.lostSamples)", "lost: the buffer was full", role: .failure) }
    for (status, samples) in report.reasons { table.add("\(samples)", status.description) }
    for (status, samples) in report.absences {
      table.add("\(samples)", "without a user stack: \(status.description)", role: .faint)
    }
    lines += table.lines(style, indentation: 2)
    lines.append("per sample \(Self.microseconds(report.meanInterrupt)) in the interrupt" + Self.walks(of: report))
    lines.append(
      "harm: \(report.majorFaults) major fault\(report.majorFaults == 1 ? "" : "s"), longest stall \(Self.microseconds(Int(report.longestWalk))), "
        + "\(Self.calls(report.interruptedCalls))")
    return lines.joined(separator: "\n") + "\n"
  }

  /// What whole stacks have cost, as far as there are any of a kind.
  private static func walks(of report: CaptureReport) -> String {
    let (warm, cold) = (report.warm, report.cold)
    let frames = "for a stack of \(Int((warm.count > 0 ? warm : cold).meanFrames.rounded())) frames"
    return switch (warm.count > 0, cold.count > 0) {
    case (true, true):
      ", \(microseconds(warm.mean)) \(frames) (\(microseconds(cold.mean)) where rules had to be read)"
    case (true, false): ", \(microseconds(warm.mean)) \(frames)"
    case (false, true): ", \(microseconds(cold.mean)) \(frames), whose rules had to be read"
    case (false, false): ""
    }
  }

  private static func calls(_ count: Int) -> String {
    switch count {
    case 0: "no system call interrupted"
    case 1: "at most 1 system call interrupted"
    default: "at most \(count) system calls interrupted"
    }
  }

  static func percent(_ part: Double) -> String {
    // Rounded down, so that 100 % means all.
    let hundredths = Int((part * 10_000).rounded(.down))
    let digits = String(hundredths % 100)
    return "\(hundredths / 100).\(digits.count < 2 ? "0" : "")\(digits) %"
  }

  static func microseconds(_ nanoseconds: Int) -> String {
    if nanoseconds >= 10_000_000 { return "\(nanoseconds / 1_000_000) ms" }
    return "\(nanoseconds / 1000).\(nanoseconds % 1000 / 100) µs"
  }
}
