import BPFInstructions
import BPFObject
import BPFTypeFormat

/// Makes objects of cases.
///
/// The code is the assembler's with names for what a loader fills in: `r1 = map(array) ll`, `r1 = value(globals) + 8 ll`,
/// `r2 = function(label) ll`, `r1 = symbol(name) ll`, `call kfunc(name)`; `type(name)` is a structure's number. The maps are those of ``CorpusMaps``. A line
/// that is a C prototype with a colon begins a function with function info, whose label is the function's name; when
/// there is one, the program itself is `int p` of its context, with the declaration tags of lines `@tag text`. `@value array` stands for a look-up of the key 0 after
/// which r6 is the value; the program ends with 0 where there is none.
struct CorpusAssembler {
  private var names: [String] = []
  private var functions: [(name: String, prototype: String)] = []
  private var tags: [String] = []

  /// What the loader fills in, by the word that names it; the mark is the high half of the constant in its place.
  private static let marks: [(word: String, mark: UInt32)] = [
    ("map", 0x1ab1_0000), ("value", 0x1ab2_0000), ("symbol", 0x1ab3_0000),
  ]

  /// The object with the one program `p`, and the maps that it names.
  static func object(_ row: CorpusCase) throws -> ObjectFile {
    var assembler = CorpusAssembler()
    let source = assembler.translate(row.code)
    var slots = try Assembler.assemble(source.text)
    var object = ObjectFile()
    object.license = row.license
    let references = try assembler.references(&slots)
    let kind = try ProgramKind(section: row.section)
    var program = Program(name: "p", section: row.section, kind: kind, instructions: slots)
    program.references = references
    if !assembler.functions.isEmpty {
      let starts = try source.functionLines.map { try Assembler.assemble($0).count }
      (program.functions, object.types) = try assembler.functionTable(
        starts, slots.count, context: contextType(kind.type))
    }
    for reference in references.values {
      switch reference {
      case .map(let name), .mapValue(let name, _): object.maps[name] = try CorpusMaps.definition(name)
      default: continue
      }
    }
    object.programs["p"] = program
    return object
  }

  /// The code with numbers for names, and for each function the code before it, of which only the length counts.
  private mutating func translate(_ code: String) -> (text: String, functionLines: [String]) {
    var lines: [String] = []
    var before: [String] = []
    for line in code.split(separator: "\n") {
      if let match = line.wholeMatch(of: /\s*@value (\w+)/) {
        lines.append(named(Self.lookup.replacing("$1", with: match.1)))
      } else if let match = line.wholeMatch(of: /\s*@tag (\S+)/) {
        tags.append(String(match.1))
      } else if let match = line.wholeMatch(of: /((?:\w+[ *]+)+(\w+)\(.*\)):/), !line.hasPrefix(" ") {
        before.append(Self.closed(lines))
        functions.append((String(match.2), String(match.1)))
        lines.append("\(match.2):")
      } else {
        lines.append(named(String(line)))
      }
    }
    return (lines.joined(separator: "\n"), before)
  }

  private static let lookup = """
    *(u64 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = map($1) ll
    call bpf_map_lookup_elem
    if r0 != 0 goto +2
    r0 = 0
    exit
    r6 = r0
    """

  /// Code whose labels need not be known: each reference to one is made a jump by nothing.
  private static func closed(_ lines: [String]) -> String {
    lines.map { line in
      line.replacing(/(goto|gotol|may_goto) [a-z_]\w*/) { "\($0.1) +0" }
        .replacing(/call [a-z_]\w*(?!\w*\()/) { _ in "call 1" }
        .replacing(/code_addr\(\w+\)/) { _ in "1" }
    }.joined(separator: "\n")
  }

  private mutating func named(_ line: String) -> String {
    var result = ""
    var rest = line[...]
    while let match = rest.firstMatch(of: /(map|value|symbol|function|kfunc|type)\((\w+)\)(?: \+ (\d+))?/) {
      result += rest[..<match.range.lowerBound] + number(match.1, name: match.2, offset: match.3)
      rest = rest[match.range.upperBound...]
    }
    return result + rest
  }

  /// What the assembler reads in the place of a name.
  private mutating func number(_ word: Substring, name: Substring, offset: Substring?) -> String {
    if word == "function" { return "code_addr(\(name))" }
    if word == "type" { return (try? CorpusMaps.typeNumber(String(name))).map(String.init) ?? "no_such_type" }
    names.append(String(name) + (offset.map { "+\($0)" } ?? ""))
    if word == "kfunc" { return "kfunc(\(names.count))" }
    let mark = Self.marks.first { $0.word == word }?.mark ?? 0
    return String(UInt64(mark) << 32 | UInt64(names.count))
  }

  private func references(_ slots: inout [Instruction]) throws -> [Int: Program.Reference] {
    var references: [Int: Program.Reference] = [:]
    var index = 0
    while index < slots.count {
      defer { index += slots[index].isWideLoad ? 2 : 1 }
      if slots[index].opcode == 0x85, slots[index].source == 2 {
        references[index] = .kernelFunction(names[Int(slots[index].immediate) - 1], isWeak: false)
        slots[index].immediate = 0
      }
      guard slots[index].isWideLoad, index + 1 < slots.count else { continue }
      if slots[index].source == 4 {
        references[index] = .function(start: index + 1 + Int(slots[index].immediate))
        continue
      }
      let high = UInt32(bitPattern: slots[index + 1].immediate)
      guard let word = Self.marks.first(where: { $0.mark == high })?.word else { continue }
      let parts = names[Int(slots[index].immediate) - 1].split(separator: "+").map(String.init)
      slots[index].immediate = 0
      slots[index + 1].immediate = 0
      switch word {
      case "map":
        slots[index].source = 1
        references[index] = .map(parts[0])
      case "value":
        slots[index].source = 2
        let offset = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        slots[index + 1].immediate = Int32(offset)
        references[index] = .mapValue(map: parts[0], offset: offset)
      default: references[index] = .kernelSymbol(parts[0], isWeak: false)
      }
    }
    return references
  }

  /// What C programs call the context.
  private static func contextType(_ type: ProgramType) -> String {
    switch type {
    case .xdp: "struct xdp_md"
    case .kprobe: "struct pt_regs"
    case .perfEvent: "struct bpf_perf_event_data"
    case .tracepoint, .rawTracepoint, .tracing, .systemCall: "u64"
    default: "struct __sk_buff"
    }
  }

  private func functionTable(
    _ starts: [Int], _ count: Int, context: String
  ) throws -> ([Program.Function], BTF) {
    let marks = tags.map { " __attribute__((btf_decl_tag(\"\($0)\")))" }.joined()
    let all = [(name: "p", prototype: "int p(\(context) *context)\(marks)")] + functions
    var declarations = CorpusMaps.declarations
    try declarations.read(all.map { $0.prototype + ";\n" }.joined(), file: "functions")
    var builder = declarations.builder
    for (index, type) in builder.types.enumerated() {
      if case .function(let prototype, .extern) = type.kind {
        builder.replace(
          BTFTypeID(rawValue: UInt32(index + 1)),
          with: BTFType(name: type.name, kind: .function(prototype: prototype, linkage: .global)))
      }
    }
    let types = try BTF(builder)
    let bounds = [0] + starts + [count]
    let table = all.enumerated().map { index, function in
      Program.Function(
        name: function.name, start: bounds[index], count: bounds[index + 1] - bounds[index],
        type: types.first(named: function.name, kind: .function),
        isStatic: function.prototype.hasPrefix("static "))
    }
    return (table, types)
  }
}
