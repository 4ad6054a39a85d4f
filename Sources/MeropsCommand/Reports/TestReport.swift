import Merops

/// What `merops test` tells: every annotated program of every file.
struct TestReport {
  var files: [File] = []

  /// A file and its tests.
  struct File {
    var name: String
    var cases: [Case] = []
  }

  /// One annotated program.
  struct Case {
    var program: String
    /// What it is called: its description, or its name.
    var title: String
    var outcome: Outcome
    var duration: Duration
  }

  /// How a test has ended.
  enum Outcome {
    case passed
    /// Why it failed, and what was found about the program where that matters.
    case failed(String, Diagnostic?)
    /// Why it could not be decided.
    case skipped(String)
  }

  var all: [Case] { files.flatMap(\.cases) }
  var failureCount: Int { all.count { if case .failed = $0.outcome { true } else { false } } }
  var skipCount: Int { all.count { if case .skipped = $0.outcome { true } else { false } } }
}
