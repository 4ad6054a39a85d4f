/// One finding about a program: what is wrong, where, why, and what to do.
///
/// Only ``headline`` and ``severity`` are always there: a diagnostic from a bare kernel message has little else, one from
/// the verifier of Merops nearly everything.
public struct Diagnostic: Error, Hashable, Sendable {
  /// How bad it is.
  public var severity: Severity
  /// What kind of rule is broken.
  public var category: Category
  /// What is wrong, in plain words, without a full stop.
  public var headline: String
  /// The program's name, empty when it is not known.
  public var program: String
  /// The function within the program, `nil` when it is the program's own or not known.
  public var function: String?
  /// The index of the instruction's first slot.
  public var instruction: Int?
  /// The instruction in the syntax of the disassembler, or of the kernel's log.
  public var instructionText: String?
  /// Where the instruction comes from.
  public var place: SourcePlace?
  /// What to underline in the line of ``place``, from left to right.
  public var labels: [Label] = []
  /// What registers and stack slots hold, as far as it matters.
  public var holdings: [Holding] = []
  /// Where the value at fault comes from, in the order of execution.
  public var history: [Step] = []
  /// The decisions that lead there, in the order of execution, those that matter.
  public var path: [Decision] = []
  /// How many decisions were left out of ``path``.
  public var omittedDecisionCount = 0
  /// More to know, such as what another kernel version would say.
  public var remarks: [String] = []
  /// What to do, `nil` where none is known.
  public var suggestion: String?
  /// The kernel's own message, word for word, empty where it has none.
  public var kernelMessage: String
  /// The kernel that says it or would say it, such as `6.18`.
  public var kernelVersion: String?
  /// The kernel's log as it was, empty where there is none.
  public var log: String

  /// A finding.
  public init(
    _ headline: String, severity: Severity = .error, category: Category, program: String = "",
    instruction: Int? = nil, kernelMessage: String = "", kernelVersion: String? = nil, log: String = ""
  ) {
    self.headline = headline
    self.severity = severity
    self.category = category
    self.program = program
    self.instruction = instruction
    self.kernelMessage = kernelMessage
    self.kernelVersion = kernelVersion
    self.log = log
  }

  /// How bad a finding is.
  public enum Severity: String, Hashable, Sendable, CaseIterable {
    /// The program is refused.
    case error
    /// The program is accepted, and something about it is not as it seems.
    case warning
  }

  /// What kind of rule is broken. The raw values are those of the JSON form.
  public enum Category: String, Hashable, Sendable, CaseIterable {
    /// A register holds something of another kind than the instruction needs.
    case registerType = "register-type"
    /// An access may be outside of what it is meant for.
    case memory = "memory"
    /// A reference, a lock or a dynptr is not given back, or used after it was.
    case lifetime = "lifetime"
    /// A function is called with something it does not take, or may not be called.
    case call = "call"
    /// Something may not be done in this context: sleeping, in a section, under a lock.
    case executionContext = "execution-context"
    /// The shape of the program: its control flow, its size, its stack, its types.
    case structure = "structure"
    /// The kernel's configuration, the program's licence or the rights of the process stand against it.
    case policy = "policy"
  }

  /// Something underlined in the source line.
  public struct Label: Hashable, Sendable {
    /// The columns, counted from 1, in characters.
    public var columns: Range<Int>
    /// What is said about them, may be empty.
    public var text: String
    /// A label.
    public init(_ columns: Range<Int>, _ text: String = "") {
      self.columns = columns
      self.text = text
    }
  }

  /// What a register or a stack slot holds.
  public struct Holding: Hashable, Sendable {
    /// `R2`, `fp-16`, or the name of a variable.
    public var subject: String
    /// What it holds, in words.
    public var contents: String
    /// Where that was made.
    public var origin: SourcePlace?
    /// The instruction where that was made.
    public var instruction: Int?
    /// What something holds.
    public init(_ subject: String, _ contents: String, origin: SourcePlace? = nil, instruction: Int? = nil) {
      self.subject = subject
      self.contents = contents
      self.origin = origin
      self.instruction = instruction
    }
  }

  /// A step in the history of a value.
  public struct Step: Hashable, Sendable {
    /// The instruction.
    public var instruction: Int
    /// Where it comes from.
    public var place: SourcePlace?
    /// What happens there: the instruction or the C expression.
    public var action: String
    /// What is known afterwards.
    public var effect: String
    /// A step.
    public init(instruction: Int, place: SourcePlace? = nil, action: String, effect: String) {
      self.instruction = instruction
      self.place = place
      self.action = action
      self.effect = effect
    }
  }

  /// A branch that was taken or not.
  public struct Decision: Hashable, Sendable {
    /// The instruction.
    public var instruction: Int
    /// Where it comes from.
    public var place: SourcePlace?
    /// The condition as the instruction has it, such as `r0 == 0`.
    public var condition: String
    /// Whether the jump was taken, that is, whether the condition held.
    public var isTaken: Bool
    /// A decision.
    public init(instruction: Int, place: SourcePlace? = nil, condition: String, isTaken: Bool) {
      self.instruction = instruction
      self.place = place
      self.condition = condition
      self.isTaken = isTaken
    }
  }
}

/// A place in a source file, with the text that stands there.
public struct SourcePlace: Hashable, Sendable {
  /// The path as the compiler was given it.
  public var file: String
  /// The line, counted from 1.
  public var line: Int
  /// The column, counted from 1; 0 when it is not known.
  public var column: Int
  /// The line's text, empty when it is not known.
  public var text: String
  /// A place.
  public init(file: String, line: Int, column: Int = 0, text: String = "") {
    self.file = file
    self.line = line
    self.column = column
    self.text = text
  }
}
