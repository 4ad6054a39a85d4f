internal import BPFInstructions
internal import BPFTypeFormat
internal import ELF

/// A function as its symbol describes it.
struct CodeFunction: Sendable {
  var name: String
  /// The section that it is in.
  var section: Int
  /// The index of its first slot in the section.
  var start: Int
  /// The number of its slots.
  var count: Int
  /// Whether it is a program of its own and not only called by others.
  var isEntry: Bool
  var isStatic: Bool

  var slots: Range<Int> { start..<start + count }
}

/// A section of code, decoded, with what the tables of the object say about its slots.
struct CodeSection: Sendable {
  var name: String
  var instructions: [Instruction] = []
  /// The relocations, and for each slot the index of its relocation plus 1, or 0.
  var relocations: [ELFRelocation] = []
  var relocationOfSlot: [UInt32] = []
  /// The function that begins at a slot.
  var functionAtSlot: [Int: Int] = [:]
  /// The types of functions, by first slot.
  var types: [Int: BTFTypeID] = [:]
  /// The source positions, in ascending order of slots, each slot at most once.
  var lines: [Program.SourceLine] = []
  /// The CO-RE relocations, in ascending order of slots.
  var typeRelocations: [Program.TypeRelocation] = []

  func relocation(at slot: Int) -> ELFRelocation? {
    let number = relocationOfSlot[slot]
    return number == 0 ? nil : relocations[Int(number) - 1]
  }
}

/// All code of an object before it is linked.
struct CodeTable: Sendable {
  /// The sections of code by section index.
  var sections: [Int: CodeSection] = [:]
  /// The functions in the order of sections and of slots within them.
  var functions: [CodeFunction] = []

  /// The name of the program that begins at a slot.
  func entry(section: Int, slot: Int) -> String? {
    guard let index = sections[section]?.functionAtSlot[slot], functions[index].isEntry else { return nil }
    return functions[index].name
  }
}
