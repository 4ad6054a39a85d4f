import BPFInstructions
import BPFObject
import BPFSimulator
import BPFTypeFormat

/// An object made by hand: programs in the assembler's syntax, in which `map(name)`, `value(name)`, `function(name)` and
/// `symbol(name)` stand for what a wide load refers to, as in `r1 = map(events) ll`.
struct AssembledObject {
  private(set) var file = ObjectFile()
  /// The declarations of programs and of the functions that they hand out, by name.
  private var prototypes: [String: String] = [:]

  init() { file.license = "GPL" }

  /// The C type `struct value` of the declarations is the maps' value where one is given.
  mutating func map(
    _ name: String, _ type: MapType, key: UInt32 = 4, value: UInt32 = 8, entries: UInt32 = 4, flags: MapFlags = [],
    declaring declarations: String? = nil
  ) throws {
    var definition = MapDefinition(name: name, type: type, keySize: key, valueSize: value, maxEntries: entries)
    definition.flags = flags
    if let declarations {
      var parsed = CDeclarations()
      try parsed.read(
        "typedef unsigned int u32; typedef unsigned long long u64; struct key { int key; };\n" + declarations,
        file: "value.h")
      let types = try BTF(parsed.builder)
      definition.types = types
      definition.keyType = types.first(named: "int", kind: .integer) ?? .void
      definition.valueType = types.first(named: "value", kind: .structure) ?? .void
      definition.valueSize = UInt32(try types.size(of: definition.valueType))
    }
    file.maps[name] = definition
  }

  /// Gives a map's only element its value; a map that is read-only is frozen with it, as `.rodata` is.
  mutating func fill(_ name: String, with bytes: [UInt8], isReadOnly: Bool = false) {
    file.maps[name]?.initialContents = bytes
    if isReadOnly { file.maps[name]?.origin = .readOnlyData(section: name) }
  }

  /// Puts programs into the slots of a program array.
  mutating func fillSlots(of name: String, with programs: [UInt32: String]) {
    file.maps[name]?.initialSlots = programs
  }

  /// A program; `functions` are those that it hands out as callbacks.
  mutating func program(
    _ name: String, _ text: String, kind: ProgramKind = ProgramKind(type: .systemCall, isSleepable: true),
    functions: [(name: String, text: String)] = []
  ) throws {
    var names: [String] = []
    var slots: [Instruction] = []
    var table: [Program.Function] = []
    for part in [(name: name, text: text)] + functions {
      let code = try Assembler.assemble(Self.encode(part.text, &names))
      table.append(.init(name: part.name, start: slots.count, count: code.count, type: nil, isStatic: true))
      slots += code
    }
    var program = Program(name: name, section: "test", kind: kind, instructions: slots)
    program.functions = table
    program.references = Self.references(in: &program.instructions, names: names, table)
    file.programs[name] = program
    if !functions.isEmpty { try giveTypes(to: name) }
  }

  /// Linux calls back only functions whose types it knows.
  private mutating func giveTypes(to name: String) throws {
    let functions = file.programs[name]?.functions ?? []
    for function in functions {
      let parameters = (1...5).map { "void *a\($0)" }.joined(separator: ", ")
      prototypes[function.name] =
        function.name == name ? "int f_\(name)(void *context);\n" : "static int f_\(function.name)(\(parameters));\n"
    }
    var declarations = CDeclarations()
    try declarations.read(prototypes.sorted { $0.key < $1.key }.map(\.value).joined(), file: "functions.h")
    var builder = declarations.builder
    for (index, type) in builder.types.enumerated() {
      guard case .function(let prototype, let linkage) = type.kind, linkage != .static else { continue }
      builder.replace(
        BTFTypeID(rawValue: UInt32(index + 1)),
        with: BTFType(name: type.name, kind: .function(prototype: prototype, linkage: .global)))
    }
    let types = try BTF(builder)
    file.types = types
    // Numbers of types change with each program that is added.
    for program in file.programs.keys {
      for index in file.programs[program]?.functions.indices ?? 0..<0 {
        guard let function = file.programs[program]?.functions[index], prototypes[function.name] != nil else {
          continue
        }
        file.programs[program]?.functions[index].type = types.first(named: "f_\(function.name)", kind: .function)
      }
    }
  }

  /// Puts numbers in the place of names: the index of the name, above a mark that no program has by chance.
  private static func encode(_ text: String, _ names: inout [String]) -> String {
    var result = text
    for match in text.matches(of: /(map|value|function|symbol|kfunc)\(([\w.]+)\)/) {
      let index = names.count
      names.append(String(match.2))
      let number = match.1 == "kfunc" ? "kfunc(\(index + 1))" : String((marks[String(match.1)] ?? 0) << 40 | index)
      guard let range = result.firstRange(of: match.0) else { continue }
      result.replaceSubrange(range, with: number)
    }
    return result
  }

  private static let marks = ["map": 0x1ab1, "value": 0x1ab2, "function": 0x1ab3, "symbol": 0x1ab4]

  private static func references(
    in slots: inout [Instruction], names: [String], _ functions: [Program.Function]
  ) -> [Int: Program.Reference] {
    var references: [Int: Program.Reference] = [:]
    var index = 0
    while index < slots.count {
      defer { index += slots[index].isWideLoad ? 2 : 1 }
      if slots[index].opcode == 0x85, slots[index].source == 2 {
        references[index] = .kernelFunction(names[Int(slots[index].immediate) - 1], isWeak: false)
      }
      guard slots[index].isWideLoad, index + 1 < slots.count else { continue }
      let high = UInt32(bitPattern: slots[index + 1].immediate)
      guard let word = marks.first(where: { $0.value << 8 == Int(high) })?.key else { continue }
      let name = names[Int(slots[index].immediate)]
      slots[index].immediate = 0
      slots[index + 1].immediate = 0
      switch word {
      case "map":
        slots[index].source = 1
        references[index] = .map(name)
      case "value":
        slots[index].source = 2
        references[index] = .mapValue(map: name, offset: 0)
      case "symbol": references[index] = .kernelSymbol(name, isWeak: false)
      default:
        guard let function = functions.first(where: { $0.name == name }) else { continue }
        slots[index].source = 4
        slots[index].immediate = Int32(function.start - index - 1)
        references[index] = .function(start: function.start)
      }
    }
    return references
  }
}

extension UInt64 {
  /// The bytes as they lie in memory.
  var memoryBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}

extension [UInt8] {
  /// The 64-bit words that the bytes are.
  var memoryWords: [UInt64] {
    stride(from: 0, to: count - count % 8, by: 8).map { start in
      self[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}
