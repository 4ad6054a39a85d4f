import Merops
import SystemPackage

/// A test report as JUnit writes it: a suite for each file, a case for each program.
///
/// Elements and attributes are those that all descriptions of the format share.
struct JUnitText {
  let report: TestReport

  var text: String {
    let suites = report.files.enumerated().map { suite($1, number: $0) }.joined()
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      + "<testsuites name=\"merops test\" tests=\"\(report.counts.tests)\" failures=\"\(report.counts.failures)\" "
      + "errors=\"\(report.counts.errors)\" time=\"\(seconds(report.counts.duration))\">\n\(suites)</testsuites>\n"
  }

  private func suite(_ file: TestReport.File, number: Int) -> String {
    let counts = TestReport.Counts(file.cases)
    return "  <testsuite name=\"\(escaped(file.name))\" id=\"\(number)\" tests=\"\(counts.tests)\" "
      + "failures=\"\(counts.failures)\" errors=\"\(counts.errors)\" skipped=\"\(counts.skipped)\" "
      + "time=\"\(seconds(counts.duration))\">\n"
      + file.cases.map { element($0, in: className(file.name)) }.joined() + "  </testsuite>\n"
  }

  private func element(_ test: TestReport.Case, in className: String) -> String {
    let start =
      "    <testcase classname=\"\(escaped(className))\" name=\"\(escaped(test.title))\" "
      + "time=\"\(seconds(test.duration))\""
    switch test.outcome {
    case .passed: return start + "/>\n"
    case .skipped(let reason): return start + "><skipped message=\"\(escaped(reason))\"/></testcase>\n"
    case .broken(let reason, let details): return start + problem("error", "input", reason, details)
    case .failed(let reason, let diagnostic):
      let details = diagnostic.map { DiagnosticText(.plain).text($0) } ?? ""
      return start + problem("failure", diagnostic?.category.rawValue ?? "expectation", reason, details)
    }
  }

  private func problem(_ element: String, _ type: String, _ reason: String, _ details: String) -> String {
    "><\(element) message=\"\(escaped(reason))\" type=\"\(type)\">\(escaped(details))</\(element)></testcase>\n"
  }

  /// Readers take what stands before the last full stop for a package: the file's name goes without its endings.
  private func className(_ file: String) -> String {
    let path = FilePath(file)
    guard let name = path.lastComponent?.string, let stem = name.split(separator: ".").first else { return file }
    return path.removingLastComponent().appending(String(stem)).string
  }

  private func seconds(_ duration: Duration) -> String { duration.formatted(fractionDigits: 6) }

  /// XML has no way to write control characters at all.
  private func escaped(_ text: String) -> String {
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
