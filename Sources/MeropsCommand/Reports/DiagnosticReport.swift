import Merops

/// A diagnostic as the JSON documents of `merops verify` and `merops test` have it.
package struct DiagnosticReport: Codable, Hashable, Sendable {
  package var severity: String
  package var category: String
  package var headline: String
  package var program: String
  package var function: String?
  package var instruction: Int?
  package var instructionText: String?
  package var place: Place?
  package var labels: [Label]
  package var holdings: [Holding]
  package var history: [Step]
  package var path: [Decision]
  package var omittedDecisionCount: Int
  package var notes: [String]
  package var suggestion: String?
  package var kernelMessage: String?
  package var kernelVersion: String?

  /// A place in a source file; line and column are counted from 1, 0 stands for unknown.
  package struct Place: Codable, Hashable, Sendable {
    package var file: String
    package var line: Int
    package var column: Int
    package var text: String

    init(_ place: SourcePlace) { (file, line, column, text) = (place.file, place.line, place.column, place.text) }
  }

  /// Columns of the place's line, from the first up to and not including the last.
  package struct Label: Codable, Hashable, Sendable {
    package var from: Int
    package var to: Int
    package var text: String
  }

  /// What a register or a stack slot holds.
  package struct Holding: Codable, Hashable, Sendable {
    package var subject: String
    package var contents: String
    package var origin: Place?
    package var instruction: Int?
  }

  /// A step in the history of the value at fault.
  package struct Step: Codable, Hashable, Sendable {
    package var instruction: Int
    package var place: Place?
    package var action: String
    package var effect: String
  }

  /// A branch on the path.
  package struct Decision: Codable, Hashable, Sendable {
    package var instruction: Int
    package var place: Place?
    package var condition: String
    package var isTaken: Bool
  }

  package init(_ diagnostic: Diagnostic) {
    severity = diagnostic.severity.rawValue
    category = diagnostic.category.rawValue
    headline = diagnostic.headline
    program = diagnostic.program
    function = diagnostic.function
    instruction = diagnostic.instruction
    instructionText = diagnostic.instructionText
    place = diagnostic.place.map(Place.init)
    labels = diagnostic.labels.map {
      Label(from: $0.columns.lowerBound, to: $0.columns.upperBound, text: $0.text)
    }
    holdings = diagnostic.holdings.map {
      Holding(
        subject: $0.subject, contents: $0.contents, origin: $0.origin.map(Place.init), instruction: $0.instruction)
    }
    history = diagnostic.history.map {
      Step(instruction: $0.instruction, place: $0.place.map(Place.init), action: $0.action, effect: $0.effect)
    }
    path = diagnostic.path.map {
      Decision(
        instruction: $0.instruction, place: $0.place.map(Place.init), condition: $0.condition, isTaken: $0.isTaken)
    }
    omittedDecisionCount = diagnostic.omittedDecisionCount
    notes = diagnostic.remarks
    suggestion = diagnostic.suggestion
    kernelMessage = diagnostic.kernelMessage.isEmpty ? nil : diagnostic.kernelMessage
    kernelVersion = diagnostic.kernelVersion
  }
}
