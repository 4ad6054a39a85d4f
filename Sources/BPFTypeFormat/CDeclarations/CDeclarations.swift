/// Declarations in C, read into types of the BPF type format.
///
/// The subset is what describes a kernel: structures, unions, enumerations (with a fixed underlying type as well), type
/// names, bit fields, arrays, pointers, function pointers, qualifiers, prototypes, external variables and
/// `_Static_assert`. The layout is that of 64-bit Linux: pointers and `long` have eight bytes, each type its
/// natural alignment, bit fields lie as the System V ABI lays them out. Lines that begin with `#` are skipped: no
/// preprocessor runs.
///
/// The types are those that clang describes for the same text: integers are called `unsigned long` and not
/// `long unsigned int`, a type tag stands between a pointer and what it points to, and the attributes `btf_decl_tag` and
/// `btf_type_tag` become tags. A prototype that is marked `__bpf_kfunc` becomes a function with the tag `bpf_kfunc`, as the
/// kernel's own types have it. Names of parameters are kept for functions and dropped in pointers to functions.
///
///     var declarations = CDeclarations()
///     try declarations.read("struct pair { int first; long second; };", file: "pair.h")
///     let types = declarations.builder
///
/// Several texts can be read after one another; later ones see what earlier ones declare. A text that has an error adds
/// nothing.
public struct CDeclarations: Sendable {
  /// How deep declarators, structures and expressions may lie inside each other.
  public static let maximumDepth = 64

  private var table = CTypeTable()

  /// No declarations.
  public init() {}

  /// Reads a text and adds what it declares; `file` is the name for errors.
  public mutating func read(_ text: String, file: String = "<declarations>") throws(CDeclarationError) {
    let tokens = try CLexer.tokens(of: text, file: file)
    var parser = CDeclarationParser(tokens: tokens, file: file, table: table)
    try parser.parseTranslationUnit()
    table = parser.table
  }

  /// All types so far, with a data section for each section that variables were put into.
  public var builder: BTFBuilder { table.builderWithDataSections() }

  /// The structure of a name, also when it is only declared.
  public func structure(named name: String) -> BTFTypeID? { table.tags[.init(kind: .structure, name: name)]?.type }

  /// The union of a name, also when it is only declared.
  public func union(named name: String) -> BTFTypeID? { table.tags[.init(kind: .union, name: name)]?.type }

  /// The enumeration of a name.
  public func enumeration(named name: String) -> BTFTypeID? { table.tags[.init(kind: .enumeration, name: name)]?.type }

  /// The type that a type name stands for, as a `typedef`.
  public func typedef(named name: String) -> BTFTypeID? { table.typedefs[name] }

  /// The value of an enumerator.
  public func enumerator(named name: String) -> Int128? { table.enumerators[name] }

  /// The size of a type in bytes, or nothing where it has none.
  public func byteCount(of type: BTFTypeID) -> UInt64? { table.layout(of: type)?.byteCount }
}
