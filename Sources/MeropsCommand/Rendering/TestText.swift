import Merops

/// What `merops test` prints, and the same for servers that read JUnit's XML.
struct TestText {
  let style: Style

  /// A line for a test, with what went wrong below it.
  func text(of test: TestReport.Case) -> String {
    let time = style.applied(.faint, to: " (\(milliseconds(test.duration)) ms)")
    switch test.outcome {
    case .passed: return "  \(style.applied(.value, to: "pass")) \(test.title)\(time)\n"
    case .skipped(let reason): return "  \(style.applied(.interrupt, to: "skip")) \(test.title): \(reason)\n"
    case .failed(let reason, let diagnostic):
      var text = "  \(style.applied(.failure, to: "FAIL")) \(test.title)\(time)\n       \(reason)\n"
      if let diagnostic {
        let lines = DiagnosticText(style: .init(style)).text(diagnostic).split(
          separator: "\n", omittingEmptySubsequences: false)
        text += lines.dropLast().map { "       \($0)\n" }.joined()
      }
      return text
    }
  }

  /// The last line.
  func summary(of report: TestReport) -> String {
    let failed = report.failureCount, skipped = report.skipCount
    let passed = report.all.count - failed - skipped
    var parts = ["\(passed) passed"]
    if failed > 0 { parts.append(style.applied(.failure, to: "\(failed) failed")) }
    if skipped > 0 { parts.append("\(skipped) skipped") }
    return parts.joined(separator: ", ") + "\n"
  }

  private func milliseconds(_ duration: Duration) -> String {
    let tenths = Int((duration.milliseconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  // MARK: JUnit

  /// The report as JUnit writes it: a suite for each file, a case for each program.
  static func junit(_ report: TestReport) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text +=
      "<testsuites tests=\"\(report.all.count)\" failures=\"\(report.failureCount)\" skipped=\"\(report.skipCount)\">\n"
    for file in report.files {
      let part = TestReport(files: [file])
      text += "  <testsuite name=\"\(escaped(file.name))\" tests=\"\(file.cases.count)\" "
      text += "failures=\"\(part.failureCount)\" skipped=\"\(part.skipCount)\">\n"
      for test in file.cases {
        let micro = Int((test.duration.milliseconds * 1000).rounded())
        let fraction = String(micro % 1_000_000)
        let seconds = "\(micro / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
        text += "    <testcase classname=\"\(escaped(file.name))\" name=\"\(escaped(test.title))\" time=\"\(seconds)\""
        switch test.outcome {
        case .passed: text += "/>\n"
        case .skipped(let reason): text += "><skipped message=\"\(escaped(reason))\"/></testcase>\n"
        case .failed(let reason, let diagnostic):
          let details = diagnostic.map { DiagnosticText().text($0) } ?? ""
          text += "><failure message=\"\(escaped(reason))\">\(escaped(details))</failure></testcase>\n"
        }
      }
      text += "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  /// XML has no way to write control characters at all.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n": result += "&#10;"
      case "\t": result += "&#9;"
      case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: result += "?"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
