/// Turns a text in the syntax that ``Disassembler`` prints into slots.
///
/// One statement a line, or several with semicolons between; `name:` is a label; `#` and `//` begin a comment.
/// A jump's target is a label or a signed number of slots, a call's a number, the name of a helper function, a label
/// (`call name`), `pc` and a signed number of slots, or `kfunc(type)`.
public struct Assembler {
  private var scanner: AssemblyScanner
  private var slots: [Instruction] = []
  private var labels: [String: (index: Int, line: Int)] = [:]
  private var references: [Reference] = []

  /// A use of a label that is resolved when all labels are known.
  struct Reference {
    let label: String
    let index: Int
    let isLong: Bool
    /// Set for a call, which may name a helper function too.
    let isCall: Bool
    let scanner: AssemblyScanner
  }

  private init(_ source: String) { scanner = AssemblyScanner(source) }

  /// The slots of a program.
  public static func assemble(_ source: String) throws(AssemblerError) -> [Instruction] {
    var assembler = Assembler(source)
    while !assembler.scanner.isAtEnd { try assembler.statement() }
    try assembler.resolveReferences()
    return assembler.slots
  }

  private mutating func statement() throws(AssemblerError) {
    if scanner.acceptEndOfStatement() { return }
    if try acceptLabel() { return }
    var parser = StatementParser(scanner: scanner)
    let instruction = try parser.instruction()
    if let target = parser.target {
      references.append(
        Reference(
          label: target.label, index: slots.count, isLong: target.isLong, isCall: target.isCall,
          scanner: target.scanner))
    }
    slots += instruction.slots
    scanner = parser.scanner
    guard scanner.acceptEndOfStatement() else { throw scanner.error(.expected("the end of the statement")) }
  }

  private mutating func acceptLabel() throws(AssemblerError) -> Bool {
    guard let word = scanner.word() else { return false }
    var ahead = scanner
    ahead.skip(word)
    guard ahead.accept(":") else { return false }
    scanner.skipSpaces()
    if let first = labels[word] { throw scanner.error(.duplicateLabel(word, firstLine: first.line)) }
    labels[word] = (slots.count, scanner.line)
    scanner = ahead
    return true
  }

  private mutating func resolveReferences() throws(AssemblerError) {
    for reference in references {
      guard let target = labels[reference.label] else {
        if reference.isCall {
          guard let helper = HelperFunction(name: reference.label) else {
            throw reference.scanner.error(.unknownFunction(reference.label))
          }
          slots[reference.index] = .call(helper: helper.identifier)
          continue
        }
        throw reference.scanner.error(.undefinedLabel(reference.label))
      }
      let distance = target.index - reference.index - 1
      if reference.isLong, let long = Int32(exactly: distance) {
        slots[reference.index].immediate = long
      } else if !reference.isLong, let short = Int16(exactly: distance) {
        slots[reference.index].offset = short
      } else {
        throw reference.scanner.error(.jumpTooFar(reference.label, distance: distance))
      }
    }
  }
}

extension Array where Element == Instruction {
  /// The slots of a program in LLVM's syntax; see ``Assembler``.
  public init(assembling source: String) throws(AssemblerError) {
    self = try Assembler.assemble(source)
  }
}
