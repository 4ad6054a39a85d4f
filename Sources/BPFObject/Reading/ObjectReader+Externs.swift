internal import BPFInstructions
internal import BPFTypeFormat
internal import ELF

/// A symbol that is not defined in the object.
struct ExternSymbol: Sendable {
  var name: String
  var kind: Extern.Kind
  var isWeak: Bool
  /// The offset in the value of `.kconfig`, for a configuration value.
  var offset = 0
  var byteCount = 0
}

extension ObjectReader {
  /// The name of the map that holds the configuration values.
  static let configurationMap = ".kconfig"
  static let kernelSymbolSection = ".ksyms"

  /// Finds what each undefined symbol stands for: the section of BTF that its declaration is in says so.
  mutating func readExterns() throws(ObjectError) {
    let undefined = elf.symbols.indices.filter { elf.symbols[$0].isExtern }
    guard !undefined.isEmpty else { return }
    let declarations = try declaredExterns()
    for index in undefined {
      let symbol = elf.symbols[index]
      guard let declaration = declarations[symbol.name] else { throw undeclared(symbol) }
      var found = ExternSymbol(name: symbol.name, kind: declaration.kind, isWeak: symbol.binding == .weak)
      if declaration.kind == .configuration, let type = declaration.type {
        found.byteCount = try configurationSize(of: type, symbol.name)
      }
      externs[index] = found
      guard object.externs[symbol.name] == nil else { continue }
      object.externs[symbol.name] = Extern(
        name: symbol.name, kind: declaration.kind, isWeak: found.isWeak, type: declaration.type)
    }
    try layOutConfiguration()
  }

  private struct Declaration {
    var kind: Extern.Kind
    var type: BTFTypeID?
  }

  private func declaredExterns() throws(ObjectError) -> [String: Declaration] {
    guard let types = object.types else { return [:] }
    var found: [String: Declaration] = [:]
    for (section, isConfiguration) in [(Self.configurationMap, true), (Self.kernelSymbolSection, false)] {
      guard let id = types.first(named: section, kind: .dataSection) else { continue }
      let type = try reading(types.type(id))
      guard case .dataSection(let data) = type.kind else { continue }
      for variable in data.variables {
        let declared = try reading(types.type(variable.type))
        guard found[declared.name] == nil else { continue }
        switch declared.kind {
        case .variable(let type, _):
          let isVoid = try reading(types.resolve(type) == .void)
          found[declared.name] = Declaration(
            kind: isConfiguration ? .configuration : .kernelVariable, type: isVoid ? nil : type)
        case .function(let prototype, _):
          guard !isConfiguration else {
            throw ObjectError(
              .extern, section: section, subject: "extern '\(declared.name)'", "a function is no configuration value",
              advice: "declare it with __ksym")
          }
          found[declared.name] = Declaration(kind: .kernelFunction, type: prototype)
        default:
          throw ObjectError(
            .types, section: ".BTF", subject: "section '\(section)'",
            "type \(variable.type) is neither a variable nor a function", advice: "compile the object again")
        }
      }
    }
    return found
  }

  private func undeclared(_ symbol: ELFSymbol) -> ObjectError {
    let subject = "extern '\(symbol.name)'"
    guard let types = object.types else {
      return ObjectError(
        .extern, subject: subject, "the symbol is not defined, and without types nothing says what it is",
        advice: "define it, or declare it with __ksym or __kconfig and compile with -g")
    }
    let isDeclared = types.types(named: symbol.name).contains { id in
      let kind = try? types.kind(of: id)
      return kind == .variable || kind == .function
    }
    if isDeclared {
      return ObjectError(
        .extern, subject: subject, "the symbol is declared and defined nowhere in the object",
        advice: "declare it with __ksym or __kconfig, or link the object that defines it with bpftool gen object")
    }
    return ObjectError(
      .extern, subject: subject, "the symbol is not defined, and there is no type for it",
      advice: symbol.name.hasPrefix("mem") || symbol.name.hasPrefix("str")
        ? "the C library is not there in BPF: use __builtin_\(symbol.name) with a constant size, or a loop"
        : "define it, or declare it with __ksym or __kconfig and compile with -g")
  }

  /// The size of a configuration value, whose type has to be one that libbpf can fill in.
  private func configurationSize(of type: BTFTypeID, _ name: String) throws(ObjectError) -> Int {
    let types = try types(for: "extern '\(name)'")
    let kind = try reading(types.type(types.resolve(type)))
    let isAllowed: Bool
    switch kind.kind {
    case .integer(let integer):
      isAllowed = integer.byteCount <= 8 && (!integer.isBoolean || integer.byteCount == 1)
    case .enumeration(let enumeration):
      isAllowed = kind.name == ConfigurationValue.tristateName && (enumeration.byteCount == 4 || enumeration.is64Bit)
    case .array(let array):
      let element = try reading(types.type(types.resolve(array.element)))
      if case .integer(let integer) = element.kind {
        isAllowed = array.count > 0 && integer.byteCount == 1 && !integer.isBoolean
      } else {
        isAllowed = false
      }
    default: isAllowed = false
    }
    guard isAllowed else {
      throw ObjectError(
        .extern, section: Self.configurationMap, subject: "extern '\(name)'",
        "a configuration value cannot be of this type",
        advice: "use bool, char, an integer, enum libbpf_tristate, or an array of char")
    }
    return try reading(types.size(of: type))
  }

  /// Gives each configuration value its place, in the order that libbpf uses: alignment from the largest, size from the
  /// smallest, name.
  private mutating func layOutConfiguration() throws(ObjectError) {
    let indexes = externs.keys.filter { externs[$0]?.kind == .configuration }
    guard !indexes.isEmpty else { return }
    let types = try types(for: "a configuration value")
    var rows: [(index: Int, symbol: ExternSymbol, alignment: Int)] = []
    for index in indexes {
      guard let symbol = externs[index], let type = object.externs[symbol.name]?.type else { continue }
      let alignment = try reading(types.alignment(of: type))
      rows.append((index, symbol, max(1, alignment)))
    }
    rows.sort {
      ($1.alignment, $0.symbol.byteCount, $0.symbol.name) < ($0.alignment, $1.symbol.byteCount, $1.symbol.name)
    }
    var end = 0
    for row in rows {
      let offset = (end + row.alignment - 1) / row.alignment * row.alignment
      externs[row.index]?.offset = offset
      end = offset + row.symbol.byteCount
    }
    guard end <= Int(Int32.max) else {
      throw ObjectError(.limit, section: Self.configurationMap, "the configuration values take \(end) bytes")
    }
    configurationSize = end
  }
}
