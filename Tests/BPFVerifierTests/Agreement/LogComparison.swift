/// How many lines of two verifiers' logs are the same, and what the others are about.
struct LogComparison: CustomStringConvertible {
  private(set) var programs = 0
  /// Programs whose logs are the same to the last line.
  private(set) var equalPrograms = 0
  private(set) var kernelLines = 0
  /// Lines of the kernel's logs that the other log has in the same order.
  private(set) var equalLines = 0
  private(set) var differences: [Kind: Int] = [:]
  /// For each shape of a line how often it differs, and the first program that shows it, with the line of each log.
  private var shapes: [String: (count: Int, example: String)] = [:]

  /// What a line is.
  enum Kind: String, CaseIterable {
    case instruction
    /// A line with a state, or an instruction with one.
    case state
    case branch
    case source
    case counts
    case message
  }

  mutating func add(_ title: String, kernel: String, own: String) {
    let kernel = Self.lines(kernel), own = Self.lines(own)
    programs += 1
    kernelLines += kernel.count
    if kernel == own {
      equalPrograms += 1
      equalLines += kernel.count
      return
    }
    let difference = own.difference(from: kernel)
    equalLines += kernel.count - difference.removals.count
    let added = difference.insertions.compactMap { if case .insert(_, let line, _) = $0 { line } else { nil } }
    for case .remove(let offset, let line, _) in difference.removals {
      let kind = Self.kind(of: line)
      differences[kind, default: 0] += 1
      let shape = line.replacing(/[0-9]+(x[0-9a-f]+)?/, with: "0")
      if let known = shapes[shape] {
        shapes[shape] = (known.count + 1, known.example)
        continue
      }
      // The other log's line about the same instruction, or what stands there.
      let start = line.prefix { $0 != " " }
      let other = added.first { $0.hasPrefix(start + " ") } ?? added.first ?? ""
      shapes[shape] = (1, "\(title), line \(offset + 1)\n    kernel: \(line)\n    here:   \(other)")
    }
  }

  /// The lines of a log without what only a kernel has: addresses of maps.
  private static func lines(_ log: String) -> [String] {
    log.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard let match = line.firstMatch(of: /\(18\) r\d+ = 0x[0-9a-f]+ */) else { return String(line) }
      return line[..<match.range.lowerBound] + "(18)" + line[match.range.upperBound...]
    }
  }

  private static func kind(of line: String) -> Kind {
    if line.hasPrefix("; ") { return .source }
    if line.hasPrefix("from ") || line.hasSuffix(": safe") { return .branch }
    if line.hasPrefix("processed ") { return .counts }
    if line.hasPrefix(" ") || line.contains(/^\d+: (R|frame)/) { return .state }
    guard line.contains(/^\d+: \(/) else { return .message }
    return line.contains(" ;") ? .state : .instruction
  }

  var description: String {
    let kinds = Kind.allCases.compactMap { kind in differences[kind].map { "\(kind.rawValue) \($0)" } }
    return "\(programs) programs, \(equalPrograms) with the same log; \(equalLines) of \(kernelLines) lines"
      + (kinds.isEmpty ? "" : ", others: " + kinds.joined(separator: ", "))
  }

  /// What differs, the most frequent shapes of lines first.
  var report: String {
    shapes.values.sorted { ($1.count, $0.example) < ($0.count, $1.example) }
      .map { "\($0.count) times, first in \($0.example)" }.joined(separator: "\n")
  }
}
