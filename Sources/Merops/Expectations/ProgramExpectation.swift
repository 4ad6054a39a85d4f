public import BPFObject

/// What a program says about itself in the kernel's way of annotating tests: the declaration tags that `bpf_misc.h` makes of
/// `__success`, `__failure`, `__msg("…")`, `__retval(…)` and their relatives.
///
/// What is said about loading with the rights of root and what is said about loading without are tests of their own; of
/// the latter only the names are kept.
public struct ProgramExpectation: Hashable, Sendable {
  /// Whether the program is to be accepted, which is so unless it says otherwise.
  public var isAccepted = true
  /// What the verifier's log is to say and not to say, in the order of the source.
  public var messages: [ExpectedMessage] = []
  /// What the program is to return when it is run.
  public var result: Int64?
  /// What it is called in reports.
  public var description: String?
  /// Whether it is there for others only, and no test.
  public var isAuxiliary = false
  /// The log level that the messages are for, as `log_level` of `BPF_PROG_LOAD`.
  public var logLevel: UInt32?
  /// How it is to be loaded, as `prog_flags` of `BPF_PROG_LOAD`.
  public var loadFlags: UInt32 = 0
  /// The architectures that the test is for, such as `X86_64`; empty for all.
  public var architectures: [String] = []
  /// Whether the test is for kernels that compile programs to machine code, or for those that do not; `nil` for all.
  public var wantsMachineCode: Bool?
  /// Whether it is a test for loading with the rights of root: unless all that it says is for loading without.
  public var isPrivileged = true
  /// The annotations for loading without the rights of root, as they stand in the source.
  public var unprivileged: [String] = []
  /// Annotations that ask for something else, or that cannot be read, as they stand in the source.
  public var others: [String] = []

  /// What the tags of a program say; `nil` when it is not annotated.
  public init?(_ program: Program) {
    let notes = program.declarationTags.compactMap(Note.init)
    guard !notes.isEmpty else { return nil }
    var names: (unprivileged: [Note], others: [Note]) = ([], [])
    var ordered: [(order: Int, message: ExpectedMessage)] = []
    for note in notes {
      switch note.name {
      case "test_expect_success": isAccepted = true
      case "test_expect_failure": isAccepted = false
      case "test_description": description = note.value
      case "test_auxiliary": isAuxiliary = true
      case "test_arch": architectures.append(note.value)
      case "load_mode" where ["jited", "no_jited"].contains(note.value): wantsMachineCode = note.value == "jited"
      case "test_retval":
        result = Self.number(note.value[...])
        if result == nil { names.others.append(note) }
      case "test_log_level":
        logLevel = UInt32(note.value)
        if logLevel == nil { names.others.append(note) }
      case "test_prog_flags":
        let isCleared = note.value.hasPrefix("!")
        let value = note.value.dropFirst(isCleared ? 1 : 0)
        if let bits = Self.flags[String(value)] ?? UInt32(exactly: Self.number(value) ?? -1) {
          loadFlags = isCleared ? loadFlags & ~bits : loadFlags | bits
        } else {
          names.others.append(note)
        }
      case "test_expect_msg", "test_expect_not_msg":
        let message = ExpectedMessage(note.value, isAbsent: note.name == "test_expect_not_msg")
        ordered.append((note.order, message))
      case let name where name.hasSuffix("_unpriv"): names.unprivileged.append(note)
      default: names.others.append(note)
      }
    }
    messages = ordered.sorted { $0.order < $1.order }.map(\.message)
    let decisive: Set<Substring> = [
      "test_expect_success", "test_expect_failure", "test_expect_msg", "test_expect_not_msg", "test_retval",
    ]
    isPrivileged = names.unprivileged.isEmpty || notes.contains { decisive.contains($0.name) }
    unprivileged = Self.spellings(of: names.unprivileged)
    others = Self.spellings(of: names.others)
  }

  /// The flags that an annotation may name. Those that only make the kernel check itself change no verdict.
  private static let flags: [String: UInt32] = [
    "BPF_F_STRICT_ALIGNMENT": 1 << 0, "BPF_F_ANY_ALIGNMENT": 1 << 1, "BPF_F_TEST_RND_HI32": 1 << 2,
    "BPF_F_TEST_STATE_FREQ": 1 << 3, "BPF_F_SLEEPABLE": 1 << 4, "BPF_F_XDP_HAS_FRAGS": 1 << 5,
    "BPF_F_TEST_REG_INVARIANTS": 1 << 7,
  ]

  /// The result that stands for any: the program returns an address.
  public static let anyResult: Int64 = 0xbad_cafe

  /// Names that stand for numbers, where the header has not put them in.
  private static let constants: [Substring: Int64] = [
    "INT_MIN": Int64(Int32.min), "POINTER_VALUE": anyResult, "TEST_DATA_LEN": 64,
  ]

  /// A number of C: decimal, hexadecimal or octal, with a sign, in parentheses, or the name of one.
  private static func number(_ text: Substring) -> Int64? {
    var text = text.filter { $0 != " " && $0 != "(" && $0 != ")" }[...]
    if let number = constants[text] { return number }
    while let last = text.last, "uUlL".contains(last) { text.removeLast() }
    let isNegative = text.hasPrefix("-")
    if isNegative { text = text.dropFirst() }
    let magnitude =
      text.lowercased().hasPrefix("0x")
      ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text, radix: text.hasPrefix("0") ? 8 : 10)
    return magnitude.map { isNegative ? Int64(bitPattern: 0 &- $0) : Int64(bitPattern: $0) }
  }

  /// The annotations as they stand in the source, each once.
  private static func spellings(of notes: [Note]) -> [String] {
    notes.reduce(into: []) { list, note in if !list.contains(note.spelling) { list.append(note.spelling) } }
  }

  /// One declaration tag that is an annotation.
  private struct Note {
    var name: Substring
    /// What stands behind the name, without a number that says the order.
    var value: String
    var order = 0

    /// The form is `comment:NAME`, `comment:NAME=VALUE` or `comment:NAME=ORDER=VALUE`.
    init?(_ tag: String) {
      guard tag.hasPrefix("comment:test_") || tag.hasPrefix("comment:load_mode") else { return nil }
      let text = tag.dropFirst("comment:".count)
      let equals = text.firstIndex(of: "=") ?? text.endIndex
      name = text[..<equals]
      let rest = text[equals...].dropFirst()
      value = String(rest)
      let parts = rest.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard Self.ordered.contains(name.withoutUnprivileged), parts.count == 2, let number = Int(parts[0]) else {
        return
      }
      (order, value) = (number, String(parts[1]))
    }

    private static let ordered: Set<Substring> = [
      "test_expect_msg", "test_expect_not_msg", "test_expect_xlated", "test_jited", "test_expect_stdout",
      "test_expect_stderr",
    ]

    /// The annotation as it stands in the source.
    var spelling: String {
      switch name.withoutUnprivileged {
      case "load_mode": return "load_mode \(value)"
      case "test_prog_flags": return "__flag(\(value))"
      case "test_retval": return "__retval(\(value))"
      default: break
      }
      let kept = ["test_expect_", "test_"].first(where: name.hasPrefix).map { name.dropFirst($0.count) } ?? name
      return "__\(kept)"
    }
  }
}

extension Substring {
  /// The name without what says that it is about loading without the rights of root.
  fileprivate var withoutUnprivileged: Substring { hasSuffix("_unpriv") ? dropLast("_unpriv".count) : self }
}
