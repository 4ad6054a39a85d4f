internal import BPFInstructions
internal import BPFTypeFormat
internal import ELF

extension ObjectReader {
  /// How many slots, source positions and relocations all programs of an object may have together once they are linked.
  ///
  /// Each program gets its own copy of the subprograms that it reaches, so that a small file could ask for any amount of
  /// memory. A real kernel takes at most a million instructions a program.
  static let linkedLimit = 1 << 22

  /// Links each program with the subprograms that it reaches.
  mutating func linkPrograms() throws(ObjectError) {
    var left = budget
    let callbacks = exceptionCallbacks()
    var programs: OrderedDictionary<String, Program> = [:]
    for (number, function) in code.functions.enumerated() where function.isEntry {
      let section = elf.sections[function.section].name
      guard programs[function.name] == nil else {
        throw ObjectError(
          .program, section: section, subject: "program '\(function.name)'", "a second program of this name")
      }
      // The section's name has been checked when the functions were read.
      guard let kind = try? ProgramKind(section: section) else { continue }
      var linker = ProgramLinker(reader: self, entry: number, kind: kind, budget: left)
      try linker.link()
      if let id = linker.program.functions.first?.type, let types = object.types {
        linker.program.declarationTags = try reading(types.declarationTags(on: id))
      }
      for tag in linker.program.declarationTags {
        guard tag.hasPrefix(Self.exceptionCallbackTag) else { continue }
        try linker.append(exceptionCallback: String(tag.dropFirst(Self.exceptionCallbackTag.count)), among: callbacks)
      }
      linker.program.loadsByDefault = !section.hasPrefix("?")
      left = linker.budget
      programs[function.name] = linker.program
    }
    object.programs = programs
  }

  /// The declaration tag that names the function to run when a program throws (`__exception_cb`).
  static let exceptionCallbackTag = "exception_callback:"

  /// The functions that can be exception callbacks, by name: the global ones that are no programs.
  private func exceptionCallbacks() -> [String: Int] {
    var found: [String: Int] = [:]
    for (number, function) in code.functions.enumerated() where !function.isEntry && !function.isStatic {
      found[function.name] = number
    }
    return found
  }
}

/// Puts a program together: its own slots, then each function that it reaches, once, in the order in which a walk finds
/// them that goes into a call before it goes on behind it. That is libbpf's order.
struct ProgramLinker {
  let reader: ObjectReader
  let entry: Int
  var program: Program
  var budget: Int
  /// Where each function has been placed, by its number in the table of code.
  private var placed: [Int: Int] = [:]
  /// Functions that the walk is in, with the slot of each that comes next.
  private var walk: [(function: Int, slot: Int)] = []

  init(reader: ObjectReader, entry: Int, kind: ProgramKind, budget: Int) {
    self.reader = reader
    self.entry = entry
    self.budget = budget
    let function = reader.code.functions[entry]
    program = Program(
      name: function.name, section: reader.elf.sections[function.section].name, kind: kind, instructions: [])
  }

  mutating func link() throws(ObjectError) {
    try place(entry)
    try walkOn()
  }

  mutating func append(exceptionCallback name: String, among functions: [String: Int]) throws(ObjectError) {
    guard let number = functions[name] else {
      throw ObjectError(
        .program, section: program.section, subject: "program '\(program.name)'",
        "its exception callback '\(name)' is not a global function of the object")
    }
    guard placed[number] == nil else { return }
    try place(number)
    try walkOn()
  }

  /// Appends a function's slots and what belongs to them, and has the walk go through it next.
  private mutating func place(_ number: Int) throws(ObjectError) {
    let function = reader.code.functions[number]
    guard let section = reader.code.sections[function.section] else { return }
    let start = program.instructions.count
    let shift = start - function.start
    let lines = section.lines.slots(function.slots, \.instruction)
    let relocations = section.typeRelocations.slots(function.slots, \.instruction)
    budget -= function.count + lines.count + relocations.count
    guard budget >= 0 else {
      throw ObjectError(
        .limit, section: program.section, subject: "program '\(program.name)'",
        "with all their subprograms the object's programs have more than \(reader.budget) instructions",
        advice: "make objects of fewer programs")
    }
    program.instructions += section.instructions[function.slots]
    program.functions.append(
      Program.Function(
        name: function.name, start: start, count: function.count, type: section.types[function.start],
        isStatic: function.isStatic))
    for var line in lines {
      line.instruction += shift
      program.lines.append(line)
    }
    for var relocation in relocations {
      relocation.instruction += shift
      program.typeRelocations.append(relocation)
    }
    placed[number] = start
    walk.append((number, 0))
  }

  private mutating func walkOn() throws(ObjectError) {
    while let (number, next) = walk.last {
      let function = reader.code.functions[number]
      guard let start = placed[number], let section = reader.code.sections[function.section] else { return }
      let depth = walk.count
      var slot = next
      while slot < function.count, walk.count == depth {
        let instruction = program.instructions[start + slot]
        let current = slot
        slot += instruction.isWideLoad ? 2 : 1
        // Most instructions refer to nothing.
        if section.relocationOfSlot[function.start + current] == 0, instruction.standsAlone { continue }
        walk[depth - 1].slot = slot
        try resolve(instruction, Site(function: function, section: section, slot: current, index: start + current))
      }
      if walk.count == depth { walk.removeLast() }
    }
  }

  /// One instruction on the walk.
  private struct Site {
    let function: CodeFunction
    let section: CodeSection
    /// The slot within the function.
    let slot: Int
    /// The slot within the program.
    let index: Int

    var sectionSlot: Int { function.start + slot }

    func error(_ category: ObjectError.Category, _ problem: String, advice: String = "") -> ObjectError {
      ObjectError(
        category, section: section.name, offset: sectionSlot * Instruction.byteCount,
        subject: "function '\(function.name)', instruction \(slot)", problem, advice: advice)
    }
  }

  private mutating func resolve(_ instruction: Instruction, _ site: Site) throws(ObjectError) {
    let relocation = site.section.relocation(at: site.sectionSlot)
    if instruction.isWideLoad {
      guard site.slot + 1 < site.function.count else {
        throw site.error(.program, "the second half of a 64-bit load is missing at the function's end")
      }
      if site.section.relocation(at: site.sectionSlot + 1) != nil {
        throw site.error(.relocation, "a relocation is for the second half of a 64-bit load")
      }
      if let relocation { try resolve(load: site, relocation) }
      return
    }
    if instruction.opcode == Opcode.call, instruction.source == Pseudo.localCall || relocation != nil {
      try resolve(call: site, relocation)
      return
    }
    if let relocation {
      let symbol = reader.elf.displayName(of: reader.elf.symbols[relocation.symbol])
      throw site.error(
        .relocation, "\(relocation.type) against '\(symbol)' is for an instruction that holds no address",
        advice: "it has to be lddw or call")
    }
    try checkJump(instruction, site)
  }

  /// A jump stays within its function; the verifier checks the rest.
  private func checkJump(_ instruction: Instruction, _ site: Site) throws(ObjectError) {
    guard let distance = instruction.jumpDistance else { return }
    let target = site.slot + 1 + distance
    guard target >= 0, target < site.function.count else {
      throw site.error(
        .program, "it jumps to instruction \(target) of a function that has \(site.function.count)",
        advice: "compile with -Xclang -fno-split-cold-code, if the compiler has split the function")
    }
  }
}

extension ProgramLinker {
  /// Numbers of the instruction set that linking is about.
  private enum Opcode {
    static let call: UInt8 = 0x85
  }

  /// What the source register of `lddw` and `call` says about the immediate (`BPF_PSEUDO_*`).
  private enum Pseudo {
    static let map: UInt8 = 1
    static let mapValue: UInt8 = 2
    static let function: UInt8 = 4
    static let localCall: UInt8 = 1
    static let kernelFunction: UInt8 = 2
  }

  /// A call: of a kernel function, or of a function in the object.
  private mutating func resolve(call site: Site, _ relocation: ELFRelocation?) throws(ObjectError) {
    let instruction = program.instructions[site.index]
    guard let relocation else {
      // Within a section the assembler has filled in the distance.
      try call(site, section: site.function.section, slot: site.sectionSlot + 1 + Int(instruction.immediate), "")
      return
    }
    let symbol = reader.elf.symbols[relocation.symbol]
    let name = reader.elf.displayName(of: symbol)
    guard relocation.type == .call else {
      throw site.error(
        .relocation, "\(relocation.type) against '\(name)' does not fit a call", advice: "it takes R_BPF_64_32")
    }
    if let extern = reader.externs[relocation.symbol] {
      guard extern.kind == .kernelFunction else {
        throw site.error(
          .extern, "it calls '\(name)', which is declared as a variable", advice: "declare it as a function")
      }
      program.instructions[site.index].source = Pseudo.kernelFunction
      program.instructions[site.index].immediate = 0
      program.instructions[site.index].offset = 0
      program.references[site.index] = .kernelFunction(extern.name, isWeak: extern.isWeak)
      return
    }
    guard instruction.source == Pseudo.localCall else {
      throw site.error(.relocation, "a call of '\(name)' is encoded as one of a helper")
    }
    guard case .section(let section) = symbol.location, reader.roles[section].isCode,
      let base = Int(exactly: symbol.value),
      base % Instruction.byteCount == 0
    else {
      throw site.error(
        .relocation, "it calls '\(name)', which is no function of the object",
        advice: "declare it with __ksym, or define it")
    }
    // The immediate of a section's symbol is the distance from the section's start, less 1.
    let addend: Int
    if let explicit = relocation.addend {
      guard let bytes = Int(exactly: explicit), bytes % Instruction.byteCount == 0 else {
        throw site.error(.relocation, "the addend \(explicit) of a call is not a whole number of instructions")
      }
      addend = bytes / Instruction.byteCount
    } else {
      addend = Int(instruction.immediate) + 1
    }
    let (slot, overflow) = (base / Instruction.byteCount).addingReportingOverflow(addend)
    try call(site, section: section, slot: overflow ? -1 : slot, name)
  }

  private mutating func call(_ site: Site, section: Int, slot: Int, _ name: String) throws(ObjectError) {
    let start = try function(site, section: section, slot: slot, name)
    program.instructions[site.index].immediate = try distance(site, to: start)
  }

  private func distance(_ site: Site, to start: Int) throws(ObjectError) -> Int32 {
    guard let distance = Int32(exactly: start - site.index - 1) else {
      throw site.error(.limit, "the distance to a function does not fit in 32 bits")
    }
    return distance
  }

  /// The slot in the program at which a function begins, which is appended if it is not there yet.
  private mutating func function(
    _ site: Site, section: Int, slot: Int, _ name: String
  ) throws(ObjectError) -> Int {
    guard let number = reader.code.sections[section]?.functionAtSlot[slot] else {
      let position =
        slot < 0 ? "before the section's start" : "at 0x\(String(slot &* Instruction.byteCount, radix: 16))"
      throw site.error(
        .relocation,
        "no function begins \(position) of section '\(reader.elf.sections[section].name)'"
          + (name.isEmpty ? "" : ", for '\(name)'"), advice: "do not strip symbols of functions")
    }
    if let start = placed[number] { return start }
    try place(number)
    return placed[number] ?? 0
  }

  /// A load of an address: of a map, a variable, a function, or something of the kernel's.
  private mutating func resolve(load site: Site, _ relocation: ELFRelocation) throws(ObjectError) {
    let elf = reader.elf
    let symbol = elf.symbols[relocation.symbol]
    let name = elf.displayName(of: symbol)
    guard relocation.type == .wideLoad else {
      throw site.error(
        .relocation, "\(relocation.type) against '\(name)' does not fit a 64-bit load", advice: "it takes R_BPF_64_64")
    }
    let immediate = program.instructions[site.index].immediate
    let addend = relocation.addend ?? Int64(immediate)
    if let extern = reader.externs[relocation.symbol] {
      try resolve(load: site, extern, addend)
      return
    }
    let (target, overflow) = Int64(bitPattern: symbol.value).addingReportingOverflow(addend)
    guard case .section(let index) = symbol.location, !overflow else { throw unplaced(site, symbol, name) }
    switch reader.roles[index] {
    case .maps:
      guard let map = reader.mapsByOffset[Int(target)] else {
        throw site.error(.relocation, "no map's definition begins at 0x\(String(target, radix: 16)) of section '.maps'")
      }
      set(site, source: Pseudo.map, .map(map))
    case .data, .arena:
      guard let map = reader.dataMaps[index], target >= 0, UInt64(target) <= elf.sections[index].byteCount else {
        throw site.error(
          .relocation,
          "'\(name)' + \(addend) is outside of section '\(elf.sections[index].name)', which has "
            + "\(elf.sections[index].byteCount) bytes")
      }
      set(
        site, source: Pseudo.mapValue, .mapValue(map: map, offset: Int(target)), high: Int32(truncatingIfNeeded: target)
      )
    case .subprograms, .programs:
      guard target >= 0, target % Int64(Instruction.byteCount) == 0 else {
        throw site.error(.relocation, "'\(name)' + \(addend) is not the address of a function")
      }
      let start = try function(site, section: index, slot: Int(target) / Instruction.byteCount, name)
      set(site, source: Pseudo.function, .function(start: start), low: try distance(site, to: start))
    case .jumpTables:
      throw site.error(
        .unsupported, "it jumps through a table, which is not supported", advice: "compile with -fno-jump-tables")
    case .ignored, .types, .typeExtension, .license, .version, .legacyMaps, .structOperations:
      let section = elf.sections[index].name
      throw site.error(
        .relocation, "it uses '\(name)' in section '\(section)', which is not one of data",
        advice: "name the section '.data.\(section.drop { $0 == "." })' or '.rodata.\(section.drop { $0 == "." })'")
    }
  }

  private mutating func resolve(
    load site: Site, _ extern: ExternSymbol, _ addend: Int64
  ) throws(ObjectError) {
    switch extern.kind {
    case .configuration:
      guard addend >= 0, addend <= Int64(extern.byteCount) else {
        throw site.error(
          .relocation, "'\(extern.name)' + \(addend) is outside of a value of \(extern.byteCount) bytes")
      }
      let offset = extern.offset + Int(addend)
      set(
        site, source: Pseudo.mapValue, .mapValue(map: ObjectReader.configurationMap, offset: offset),
        high: Int32(truncatingIfNeeded: offset))
    case .kernelFunction, .kernelVariable:
      guard addend == 0 else {
        throw site.error(
          .relocation, "it uses an address \(addend) bytes into '\(extern.name)'",
          advice: "take the symbol's own address and add to it in another statement")
      }
      set(site, source: 0, .kernelSymbol(extern.name, isWeak: extern.isWeak))
    }
  }

  private func unplaced(_ site: Site, _ symbol: ELFSymbol, _ name: String) -> ObjectError {
    switch symbol.location {
    case .common:
      site.error(
        .relocation, "'\(name)' is a tentative definition", advice: "initialise it, or compile with -fno-common")
    case .undefined:
      site.error(.relocation, "'\(name)' is not defined", advice: "define it, or declare it with __ksym or __kconfig")
    case .absolute, .reserved, .section:
      site.error(.relocation, "'\(name)' has no address in the object", advice: "define it in a section of data")
    }
  }

  /// Fills in both slots of a load.
  private mutating func set(
    _ site: Site, source: UInt8, _ reference: Program.Reference, low: Int32 = 0, high: Int32 = 0
  ) {
    program.instructions[site.index].source = source
    program.instructions[site.index].immediate = low
    program.instructions[site.index + 1].immediate = high
    program.references[site.index] = reference
  }
}

extension Instruction {
  /// Whether the instruction is no jump, call or load of two slots.
  fileprivate var standsAlone: Bool {
    let group = opcode & 7
    return group != 5 && group != 6 && !isWideLoad
  }

  /// How many slots a jump skips, or `nil` for what is no jump.
  ///
  /// All instructions of the two jump classes are jumps but calls, exits and jumps to a register's value; only the jump
  /// with a 32-bit distance has it in the immediate (RFC 9669, section 4.3).
  fileprivate var jumpDistance: Int? {
    let isWideClass = opcode & 7 == 5
    guard isWideClass || opcode & 7 == 6 else { return nil }
    switch opcode >> 4 {
    case 0: return opcode & 8 != 0 ? nil : isWideClass ? Int(offset) : Int(immediate)
    case 8, 9: return nil
    default: return Int(offset)
    }
  }
}

extension Array {
  /// The elements whose slot is in a range, of elements in ascending order of slots.
  fileprivate func slots(_ range: Range<Int>, _ slot: (Element) -> Int) -> ArraySlice<Element> {
    func firstIndex(notBelow bound: Int) -> Int {
      var (low, high) = (startIndex, endIndex)
      while low < high {
        let middle = (low + high) / 2
        if slot(self[middle]) < bound { low = middle + 1 } else { high = middle }
      }
      return low
    }
    let start = firstIndex(notBelow: range.lowerBound)
    return self[start..<Swift.max(start, firstIndex(notBelow: range.upperBound))]
  }
}
