import Merops

/// What `merops test` tells: every annotated program of every file.
struct TestReport {
  var files: [File] = []

  /// A file and its tests.
  struct File {
    var name: String
    var cases: [Case] = []
  }

  /// One annotated program, or the file as a whole where it cannot be opened.
  struct Case {
    /// What it is called: the program's description, or its name.
    var title: String
    var outcome: Outcome
    var duration: Duration = .zero
  }

  /// How a test has ended.
  enum Outcome {
    case passed
    /// Why it failed, and what was found about the program where that matters.
    case failed(String, Diagnostic?)
    /// Why there is nothing to test, and what a tool said about it.
    case broken(String, details: String)
    /// Why it could not be decided.
    case skipped(String)
  }

  /// How many tests there are, and how they have ended.
  struct Counts: Hashable {
    var tests = 0
    var failures = 0
    var errors = 0
    var skipped = 0
    var duration = Duration.zero

    init(_ cases: [Case]) {
      tests = cases.count
      for test in cases {
        duration += test.duration
        switch test.outcome {
        case .passed: break
        case .failed: failures += 1
        case .broken: errors += 1
        case .skipped: skipped += 1
        }
      }
    }
  }

  /// The numbers of all files.
  var counts: Counts { Counts(files.flatMap(\.cases)) }
}
