import Merops

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What `merops verify` prints.
struct VerifyText {
  let style: Style

  /// One line for a program that is accepted, the finding for another.
  func text(of entry: VerifyReport.ProgramEntry, _ diagnostic: Diagnostic?, explains: Bool) -> String {
    guard var diagnostic else { return accepted(entry) }
    if !explains {
      diagnostic.history = []
      diagnostic.path = []
    }
    return DiagnosticText(style).text(diagnostic)
  }

  private func accepted(_ entry: VerifyReport.ProgramEntry) -> String {
    var facts = ["\(entry.instructionCount) instructions"]
    if let processed = entry.processedInstructions { facts.append("\(processed) processed") }
    if let total = entry.totalStates {
      facts.append("\(total) states" + (entry.peakStates.map { " (at most \($0))" } ?? ""))
    }
    if let depths = entry.stackDepths, !depths.isEmpty {
      facts.append("stack \(depths.map(String.init).joined(separator: "+"))")
    }
    let tenths = Int((entry.duration * 10).rounded())
    facts.append("\(tenths / 10).\(tenths % 10) ms")
    return
      "\(style.applied(.value, to: "accepted")): \(style.applied(.name, to: entry.name)) (\(facts.joined(separator: ", ")))\n"
  }
}

extension DiagnosticText {
  /// A text for the user, who is in the current folder.
  init(_ style: Style) {
    self.init(style: .init(style))
    folder = FileManager.default.currentDirectoryPath
  }
}

extension DiagnosticStyle {
  /// The roles of a diagnostic in a terminal's style.
  init(_ style: Style) {
    self.init { role, text in
      switch role {
      case .error: style.applied(.failure, to: text)
      case .warning: style.applied(.interrupt, to: text)
      case .headline: style.applied(.heading, to: text)
      case .place: style.applied(.name, to: text)
      case .mark: style.applied(.value, to: text)
      case .title: style.applied(.heading, to: text)
      case .faint: style.applied(.faint, to: text)
      }
    }
  }
}
