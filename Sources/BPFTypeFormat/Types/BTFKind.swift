/// The kinds of BTF types with the numbers of the format (`BTF_KIND_*`).
public enum BTFKind: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  /// `void`, which has identifier 0 and no record.
  case void = 0
  /// An integer, character or boolean.
  case integer = 1
  /// A pointer.
  case pointer = 2
  /// An array.
  case array = 3
  /// A structure.
  case structure = 4
  /// A union.
  case union = 5
  /// An enumeration of up to 32 bits.
  case enumeration = 6
  /// A forward declaration of a structure or union.
  case forward = 7
  /// A typedef.
  case typedef = 8
  /// The qualifier `volatile`.
  case volatile = 9
  /// The qualifier `const`.
  case const = 10
  /// The qualifier `restrict`.
  case restrict = 11
  /// A function.
  case function = 12
  /// A function prototype.
  case functionPrototype = 13
  /// A variable.
  case variable = 14
  /// The variables of an ELF section.
  case dataSection = 15
  /// A floating-point number.
  case float = 16
  /// A tag on a declaration.
  case declarationTag = 17
  /// A tag on a type.
  case typeTag = 18
  /// An enumeration of up to 64 bits.
  case enumeration64 = 19

  /// The name in lower case, as bpftool prints it in upper case.
  public var description: String {
    switch self {
    case .void: "void"
    case .integer: "int"
    case .pointer: "ptr"
    case .array: "array"
    case .structure: "struct"
    case .union: "union"
    case .enumeration: "enum"
    case .forward: "fwd"
    case .typedef: "typedef"
    case .volatile: "volatile"
    case .const: "const"
    case .restrict: "restrict"
    case .function: "func"
    case .functionPrototype: "func_proto"
    case .variable: "var"
    case .dataSection: "datasec"
    case .float: "float"
    case .declarationTag: "decl_tag"
    case .typeTag: "type_tag"
    case .enumeration64: "enum64"
    }
  }

  /// The number of bytes that follow the twelve common ones, for a type with `count` members (`vlen`).
  func trailingByteCount(count: Int) -> Int {
    switch self {
    case .void, .pointer, .forward, .typedef, .volatile, .const, .restrict, .function, .float, .typeTag: 0
    case .integer, .variable, .declarationTag: 4
    case .array: 12
    case .enumeration, .functionPrototype: 8 * count
    case .structure, .union, .dataSection, .enumeration64: 12 * count
    }
  }
}

extension BTFType.Kind {
  /// The kind's number in the format.
  public var code: BTFKind {
    switch self {
    case .void: .void
    case .integer: .integer
    case .pointer: .pointer
    case .array: .array
    case .structure: .structure
    case .union: .union
    case .enumeration(let enumeration): enumeration.is64Bit ? .enumeration64 : .enumeration
    case .forward: .forward
    case .typedef: .typedef
    case .volatile: .volatile
    case .const: .const
    case .restrict: .restrict
    case .function: .function
    case .functionPrototype: .functionPrototype
    case .variable: .variable
    case .dataSection: .dataSection
    case .float: .float
    case .declarationTag: .declarationTag
    case .typeTag: .typeTag
    }
  }
}
