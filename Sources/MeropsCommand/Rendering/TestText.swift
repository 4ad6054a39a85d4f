import Merops

/// What `merops test` prints.
struct TestText {
  let style: Style

  /// A line for a test, with what went wrong below it.
  func text(of test: TestReport.Case) -> String {
    let time = style.applied(.faint, to: " (\(milliseconds(test.duration)) ms)")
    switch test.outcome {
    case .passed: return "  \(style.applied(.value, to: "pass")) \(test.title)\(time)\n"
    case .skipped(let reason): return "  \(style.applied(.interrupt, to: "skip")) \(test.title): \(reason)\n"
    case .broken(let reason, let details): return failure(test.title, reason + "\n" + details)
    case .failed(let reason, let diagnostic):
      let details = diagnostic.map { DiagnosticText(style).text($0) } ?? ""
      return failure(test.title + time, reason + "\n" + details)
    }
  }

  private func failure(_ title: String, _ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return "  \(style.applied(.failure, to: "FAIL")) \(title)\n" + lines.map { "       \($0)\n" }.joined()
  }

  /// The last line.
  func summary(of report: TestReport) -> String {
    let counts = report.counts
    let failed = counts.failures + counts.errors
    var parts = ["\(counts.tests - failed - counts.skipped) passed"]
    if failed > 0 { parts.append(style.applied(.failure, to: "\(failed) failed")) }
    if counts.skipped > 0 { parts.append("\(counts.skipped) skipped") }
    return parts.joined(separator: ", ") + "\n"
  }

  private func milliseconds(_ duration: Duration) -> String {
    let tenths = Int((duration.milliseconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
