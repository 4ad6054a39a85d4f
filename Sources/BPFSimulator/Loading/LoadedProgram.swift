import BPFExecution
public import BPFObject
import BPFTypeFormat

/// A program in the simulated kernel. It lives as long as something refers to it: a handle, an attachment, a slot of
/// a program array, a request for task work or a timer.
public final class LoadedProgram {
  /// The number that the kernel gave it.
  public let id: UInt32
  /// The name of its C function.
  public let name: String
  /// Its type and what its section says.
  public let kind: ProgramKind
  /// The maps that it refers to.
  let maps: [LoadedMap]
  let prepared: PreparedProgram
  /// How it is executed.
  public let execution: ProgramExecution
  /// The types of its object, of which programs make objects.
  let types: BTF?
  /// The slot of the function that exceptions go to.
  let exceptionCallback: Int?
  private let functions: [Program.Function]
  private let lines: [Program.SourceLine]
  private(set) var referenceCount = 1
  /// How often the program has run, its callbacks not counted.
  public internal(set) var runCount: UInt64 = 0

  init(
    id: UInt32, _ program: Program, prepared: PreparedProgram, execution: ProgramExecution, maps: [LoadedMap],
    types: BTF?
  ) {
    self.id = id
    name = program.name
    kind = program.kind
    functions = program.functions
    self.types = types
    let callback = program.declarationTags.lazy.compactMap { $0.split(separator: ":", maxSplits: 1) }
      .first { $0.count == 2 && $0[0] == "exception_callback" }?[1]
    exceptionCallback = callback.flatMap { name in program.functions.first { $0.name == name }?.start }
    lines = program.lines
    self.prepared = prepared
    self.execution = execution
    self.maps = maps
  }

  /// Whether nothing refers to the program any more, so that the kernel has freed it.
  public var isFreed: Bool { referenceCount == 0 }

  /// Takes a reference; fails when the program is being freed.
  @discardableResult
  func retain() -> Bool {
    guard referenceCount > 0 else { return false }
    referenceCount += 1
    return true
  }

  /// Drops a reference and returns whether it was the last.
  func dropReference() -> Bool {
    guard referenceCount > 0 else { return false }
    referenceCount -= 1
    return referenceCount == 0
  }

  /// The name of the function that begins at or before a slot.
  func functionName(at slot: Int) -> String {
    functions.last { $0.start <= slot }?.name ?? name
  }

  /// The source line of an instruction.
  func line(at instruction: Int) -> Program.SourceLine? {
    lines.last { $0.instruction <= instruction }
  }
}

extension Machine {
  /// Drops a reference to a program; with the last one the program and its hold on its maps are gone.
  func release(_ program: LoadedProgram) {
    guard program.dropReference() else { return }
    programs[program.id] = nil
    for map in program.maps { releaseProgramReference(to: map) }
  }

  /// The numbers of the programs that exist, in ascending order.
  public var programIDs: [UInt32] { programs.keys.sorted() }

  /// The program with a number, if it exists.
  func program(id: UInt32) -> LoadedProgram? { programs[id] }
}
