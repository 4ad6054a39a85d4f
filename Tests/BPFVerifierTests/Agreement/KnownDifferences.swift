import Foundation

/// The differences from the kernel's verifier that are known, each with its reason.
///
/// `Agreement/known.txt` holds them: a reason as a heading, below it a line for each program, `kind: title`. What is
/// accepted here and refused by the kernel can stand only under a reason that begins with `Policy:`, when the refusal has
/// nothing to do with safety, or with `Open:`, as a defect that is reported by each run until it is mended.
struct KnownDifferences {
  /// The reason for each difference.
  private(set) var reasons: [String: String] = [:]
  /// The lines under each reason, in the order of the file.
  private(set) var groups: [(reason: String, lines: [String])] = []

  static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "known.txt")

  init(_ text: String) throws {
    for line in text.split(separator: "\n").map(String.init) where !line.hasPrefix("# ") {
      if line.hasPrefix("## ") {
        groups.append((String(line.dropFirst(3)), []))
      } else {
        let reason = groups.last?.reason ?? ""
        guard
          !groups.isEmpty,
          !line.hasPrefix(Difference.acceptedHere.rawValue) || reason.hasPrefix("Policy:") || Self.isOpen(reason)
        else {
          throw CorpusFile.Trouble(description: "this can not be a known difference: \(line)")
        }
        groups[groups.count - 1].lines.append(line)
        reasons[line] = groups[groups.count - 1].reason
      }
    }
  }

  /// Whether a reason is one that is to be mended.
  static func isOpen(_ reason: String) -> Bool { reason.hasPrefix("Open:") }

  /// The differences that were not met, in the order of the file: they have to be taken out of it.
  func gone(seen: Set<String>) -> [String] { groups.flatMap(\.lines).filter { !seen.contains($0) } }

  /// Whether a difference is about a compiled program.
  static func isOfObject(_ key: String) -> Bool { key.contains(": objects: ") }

  static func key(_ difference: Difference, _ title: String) -> String { "\(difference.rawValue): \(title)" }
}
