public import BPFInstructions
public import BPFTypeFormat

/// A BPF object as a plain, editable value: what is in an ELF file, linked, and bound to no engine.
///
/// ``init(parsing:name:)`` reads one from an ELF file. Maps, globals and programs can be changed until an engine loads
/// it; ``setGlobal(_:bytes:)`` and its relatives check what they are given against the object's types.
public struct ObjectFile: Sendable {
  /// The name that a loader may put in front of the names of data sections, such as the file's name without its ending.
  public var name: String?
  /// The programs in the order of the file, by name, each with the subprograms that it calls linked in.
  public var programs: OrderedDictionary<String, Program> = [:]
  /// The maps in the order of the file, by name, the data sections (`.bss`, `.rodata`, …) among them.
  public var maps: OrderedDictionary<String, MapDefinition> = [:]
  /// The global variables, by name.
  public var globals: OrderedDictionary<String, GlobalVariable> = [:]
  /// What the object expects the engine to provide, by name.
  public var externs: OrderedDictionary<String, Extern> = [:]
  /// The text of the `license` section, empty when there is none.
  public var license: String = ""
  /// The contents of the `version` section, which old kernels wanted to be their own version.
  public var kernelVersion: UInt32?
  /// The byte order that the object was compiled for.
  public var byteOrder: ByteOrder = .little
  /// The object's own types, if it has any, with what the compiler left open filled in: the sizes and offsets of data
  /// sections, and static linkage for functions and variables of hidden visibility.
  public var types: BTF?

  /// An object that holds nothing.
  public init() {}
}

/// One program of an object, ready to load: its instructions and all subprograms that it reaches.
public struct Program: Sendable {
  /// The name of the C function.
  public var name: String
  /// The ELF section as written, such as `perf_event` or `tracepoint/syscalls/sys_enter_read`.
  public var section: String
  /// What the section name says of type, attach point and flags.
  public var kind: ProgramKind
  /// The slots: the entry function first, then each subprogram that it reaches, once.
  public var instructions: [Instruction]
  /// What the instruction at an index refers to and the engine has still to fill in.
  public var references: [Int: Reference] = [:]
  /// The functions in the order of their first instruction; the first is the entry.
  public var functions: [Function] = []
  /// Where instructions come from in the source, in ascending order of instruction.
  public var lines: [SourceLine] = []
  /// The CO-RE relocations, by instruction index, still to be applied against the engine's types.
  public var typeRelocations: [TypeRelocation] = []
  /// The relocations for which the engine has no type, field or enumerator, by the index of the instruction, which a call
  /// of a helper that does not exist has replaced: it must not be reached.
  public var poisonedInstructions: [Int: TypeRelocation] = [:]
  /// Declaration tags on the program's function, such as `comment:test_expect_success`.
  public var declarationTags: [String] = []
  /// Whether the program is loaded unless it is told otherwise; not so where the section's name begins with `?`.
  public var loadsByDefault: Bool = true

  /// A program that refers to nothing.
  public init(name: String, section: String, kind: ProgramKind, instructions: [Instruction]) {
    self.name = name
    self.section = section
    self.kind = kind
    self.instructions = instructions
  }

  /// A function within a linked program.
  public struct Function: Hashable, Sendable {
    /// The name of the C function.
    public var name: String
    /// The index of its first slot.
    public var start: Int
    /// The number of its slots.
    public var count: Int
    /// Its `BTF_KIND_FUNC` in the object's types, if any.
    public var type: BTFTypeID?
    /// Whether it has static linkage, hidden visibility included (as libbpf treats it).
    public var isStatic: Bool
    /// A function of the given place.
    public init(name: String, start: Int, count: Int, type: BTFTypeID?, isStatic: Bool) {
      self.name = name
      self.start = start
      self.count = count
      self.type = type
      self.isStatic = isStatic
    }
  }

  /// The source position of an instruction, from `.BTF.ext`.
  public struct SourceLine: Hashable, Sendable {
    /// The index of the slot at which this position begins.
    public var instruction: Int
    /// The path of the source file as the compiler was given it.
    public var file: String
    /// The text of the line as the compiler recorded it.
    public var text: String
    /// Counted from 1.
    public var line: Int
    /// Counted from 1, 0 when unknown.
    public var column: Int
    /// A source position.
    public init(instruction: Int, file: String, text: String, line: Int, column: Int) {
      self.instruction = instruction
      self.file = file
      self.text = text
      self.line = line
      self.column = column
    }
  }

  /// A CO-RE relocation: what to compute, of which local type, to be patched into which slot.
  public struct TypeRelocation: Hashable, Sendable {
    /// The index of the slot to change; for `lddw` the first of the two.
    public var instruction: Int
    /// The type in the object's own types.
    public var type: BTFTypeID
    /// The access string, such as `0:1:2`.
    public var access: String
    /// What to compute.
    public var kind: CORERelocationKind
    /// A relocation of the given fields.
    public init(instruction: Int, type: BTFTypeID, access: String, kind: CORERelocationKind) {
      self.instruction = instruction
      self.type = type
      self.access = access
      self.kind = kind
    }
  }

  /// What an instruction refers to by name, to be resolved when the program is loaded.
  ///
  /// The object reader leaves in the slots: `lddw` of a map has source register 1, of a map's value 2 and the offset in
  /// the second slot's immediate, of a function 4 and the distance in slots as in a call, of a kernel symbol 0; a call
  /// of a kernel function has source register 2. What the engine decides is 0.
  public enum Reference: Hashable, Sendable {
    /// `lddw` of a map.
    case map(String)
    /// `lddw` of an address within the single value of a map: a global variable.
    case mapValue(map: String, offset: Int)
    /// `lddw` of a function of this program, given by the index of its first slot: a callback.
    case function(start: Int)
    /// A call of a kernel function.
    case kernelFunction(String, isWeak: Bool)
    /// `lddw` of the address of a kernel variable or function (`__ksym`), 0 when weak and missing.
    case kernelSymbol(String, isWeak: Bool)
  }
}

/// A global variable of an object.
public struct GlobalVariable: Hashable, Sendable {
  /// The name, as in the source; a variable within a function is called `function.variable`.
  public var name: String
  /// The map that holds it.
  public var map: String
  /// The offset in bytes within the map's value.
  public var offset: Int
  /// The size in bytes.
  public var byteCount: Int
  /// Its type in the object's types (the variable's type, not the `BTF_KIND_VAR`), if known.
  public var type: BTFTypeID?
  /// A variable of the given place.
  public init(name: String, map: String, offset: Int, byteCount: Int, type: BTFTypeID?) {
    self.name = name
    self.map = map
    self.offset = offset
    self.byteCount = byteCount
    self.type = type
  }
}

/// A symbol that the engine has to provide.
public struct Extern: Hashable, Sendable {
  /// What an engine has to provide.
  public enum Kind: Hashable, Sendable {
    /// A kernel function, with its `BTF_KIND_FUNC_PROTO` in the object's types.
    case kernelFunction
    /// A kernel variable or an address without type.
    case kernelVariable
    /// A configuration value in `.kconfig`.
    case configuration
  }
  /// The name.
  public var name: String
  /// What the engine has to provide.
  public var kind: Kind
  /// Whether the object works without it.
  public var isWeak: Bool
  /// Its declared type in the object's types: a function's prototype, or a variable's type. `nil` for a variable that is
  /// declared as `void`, of which only the address is wanted.
  public var type: BTFTypeID?
  /// An external symbol of the given kind.
  public init(name: String, kind: Kind, isWeak: Bool, type: BTFTypeID?) {
    self.name = name
    self.kind = kind
    self.isWeak = isWeak
    self.type = type
  }
}
