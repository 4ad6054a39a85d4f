/// One program of the corpus: a rule, code that keeps or breaks it, and what Linux 6.18 says of it.
struct CorpusCase: Sendable {
  /// The file's name without its ending.
  var topic: String
  /// The rule, as a sentence.
  var name: String
  /// The ELF section that the program would be in.
  var section: String
  var license: String
  /// The code in the syntax that ``CorpusAssembler`` reads.
  var code: String
  /// What the kernel is recorded to say.
  var expectation: RecordedVerdict
  /// The line of the file that holds the expectation, counted from 0.
  var line: Int

  var title: String { "\(topic): \(name)" }

  /// Whether a verifier looks at a million instructions, which a debug build does in minutes.
  var isLong: Bool { topic == "limits" || expectation.message.contains("BPF program is too large") }
}

/// A verdict as the corpus has it: `ok`, or the error, the instruction where there is one, and the lines of the message.
struct RecordedVerdict: Hashable, Sendable, CustomStringConvertible {
  /// The name of the error, such as `EACCES`; nil for an accepted program.
  var error: String?
  /// The index of the refused instruction; nil where the kernel names none.
  var instruction: Int?
  /// The lines of the message, ` / ` between them.
  var message = ""

  static let accepted = RecordedVerdict()

  var isAccepted: Bool { error == nil }

  var description: String {
    guard let error else { return "ok" }
    return error + (instruction.map { " at \($0)" } ?? "") + (message.isEmpty ? "" : ": \(message)")
  }

  init(error: String? = nil, instruction: Int? = nil, message: String = "") {
    (self.error, self.instruction, self.message) = (error, instruction, message)
  }

  init?(_ text: String) {
    if text == "ok" { return }
    guard let match = text.wholeMatch(of: /([A-Z0-9]+)(?: at (\d+))?(?:: (.*))?/) else { return nil }
    error = String(match.1)
    instruction = match.2.flatMap { Int($0) }
    message = match.3.map(String.init) ?? ""
  }
}

/// A file of cases.
///
///     # What the topic is about.
///
///     ## a mask keeps an index within a value
///     section: socket
///         call bpf_get_prandom_u32
///         r0 &= $1
///         …
///         exit
///     | 7 | ok
///     | 8 | EACCES at 9: invalid access to map value, … / R0 max value is outside of the allowed memory range
///
/// A table's last cell is the verdict, the cells before it take the place of `$1`, `$2` and so on, also in the name, to
/// which those that it does not mention are added.
/// The section stays in force until the next one; `license:` holds for one rule. While a file is written, `?` stands for
/// any verdict, `no` for any refusal.
struct CorpusFile {
  var topic: String
  var lines: [String]
  private(set) var cases: [CorpusCase] = []

  struct Trouble: Error, CustomStringConvertible {
    var description: String
  }

  init(topic: String, text: String) throws {
    self.topic = topic
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var name = ""
    var section = ""
    var license = "GPL"
    var code: [String] = []
    var hasRows = true
    for (index, line) in lines.enumerated() {
      if line.hasPrefix("## ") {
        guard hasRows else { throw Trouble(description: "\(topic):\(index): '\(name)' has no verdict") }
        (name, license, code, hasRows) = (String(line.dropFirst(3)), "GPL", [], false)
      } else if line.hasPrefix("#") || line.isEmpty {
        continue
      } else if line.hasPrefix("section: ") {
        section = String(line.dropFirst(9))
      } else if line.hasPrefix("license: ") {
        license = String(line.dropFirst(9))
      } else if line.hasPrefix("| ") {
        hasRows = true
        let cells = Self.cells(of: line)
        guard let verdict = Self.verdict(cells[cells.count - 1]) else {
          throw Trouble(description: "\(topic):\(index + 1): no verdict: \(line)")
        }
        var row = CorpusCase(
          topic: topic, name: name, section: section, license: license, code: code.joined(separator: "\n"),
          expectation: verdict, line: index)
        for (number, cell) in cells.dropLast().enumerated() {
          row.name =
            name.contains("$\(number + 1)") ? row.name.replacing("$\(number + 1)", with: cell) : "\(row.name), \(cell)"
          row.section = row.section.replacing("$\(number + 1)", with: cell)
          row.code = row.code.replacing("$\(number + 1)", with: cell)
        }
        cases.append(row)
      } else {
        code.append(line)
      }
    }
    guard hasRows else { throw Trouble(description: "\(topic): '\(name)' has no verdict") }
  }

  private static func cells(of line: String) -> [String] {
    line.dropFirst(2).split(separator: " | ", omittingEmptySubsequences: false).map {
      String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  private static func verdict(_ text: String) -> RecordedVerdict? {
    switch text {
    case "?", "no": RecordedVerdict(error: text)
    default: RecordedVerdict(text)
    }
  }

  /// Puts a verdict into the last cell of a row.
  mutating func record(_ verdict: RecordedVerdict, at line: Int) {
    var cells = Self.cells(of: lines[line])
    cells[cells.count - 1] = verdict.description
    lines[line] = "| " + cells.joined(separator: " | ")
  }
}
