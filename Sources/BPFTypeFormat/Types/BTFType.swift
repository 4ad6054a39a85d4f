/// The number of a type in a BTF blob; 0 is `void`.
public struct BTFTypeID: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The number.
  public var rawValue: UInt32
  /// The identifier with the given number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The identifier with the given number.
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }
  /// The type `void`.
  public static let void = BTFTypeID(0)
  /// Compares the numbers.
  public static func < (left: BTFTypeID, right: BTFTypeID) -> Bool { left.rawValue < right.rawValue }
  /// The number after a `#`.
  public var description: String { "#\(rawValue)" }
}

/// One BTF type: its name (empty when it has none) and what it is.
public struct BTFType: Hashable, Sendable {
  /// The name, empty for an anonymous type.
  public var name: String
  /// What the type is.
  public var kind: Kind
  /// For a type tag or declaration tag: the name is a whole attribute, as in `__attribute__((name))`.
  ///
  /// The flag of these two kinds, since Linux 6.15.
  public var isAttribute: Bool

  /// A type of the given name and kind.
  public init(name: String = "", kind: Kind, isAttribute: Bool = false) {
    self.name = name
    self.kind = kind
    self.isAttribute = isAttribute
  }

  /// The twenty kinds of BTF, with what each carries. Sizes are in bytes, offsets and widths in bits.
  public enum Kind: Hashable, Sendable {
    /// No type at all: identifier 0.
    case void
    /// An integer, character or boolean.
    case integer(Integer)
    /// A pointer to a type.
    case pointer(BTFTypeID)
    /// An array.
    case array(Array)
    /// A structure.
    case structure(Composite)
    /// A union.
    case union(Composite)
    /// An enumeration.
    case enumeration(Enumeration)
    /// A forward declaration of a structure or a union.
    case forward(isUnion: Bool)
    /// Another name for a type.
    case typedef(BTFTypeID)
    /// A type qualified with `volatile`.
    case volatile(BTFTypeID)
    /// A type qualified with `const`.
    case const(BTFTypeID)
    /// A pointer qualified with `restrict`.
    case restrict(BTFTypeID)
    /// A function, whose type is a function prototype.
    case function(prototype: BTFTypeID, linkage: Linkage)
    /// The result and the parameters of a function.
    case functionPrototype(FunctionPrototype)
    /// A global variable.
    case variable(type: BTFTypeID, linkage: Linkage)
    /// The variables of an ELF section, which is the name of the type.
    case dataSection(DataSection)
    /// A floating-point number.
    case float(byteCount: UInt32)
    /// `btf_decl_tag`: `component` is the member or parameter, -1 for the declaration itself.
    case declarationTag(target: BTFTypeID, component: Int32)
    /// `btf_type_tag` on the type that follows.
    case typeTag(BTFTypeID)
  }

  /// An integer type.
  public struct Integer: Hashable, Sendable {
    /// The size in bytes: 1, 2, 4, 8 or 16.
    public var byteCount: UInt32
    /// The number of bits that hold the value, at most eight times the size.
    public var bitCount: UInt8
    /// The number of bits below the value, nearly always 0.
    public var bitOffset: UInt8
    /// Whether the value is signed.
    public var isSigned: Bool
    /// Whether it is a character; clang does not set this for `char`.
    public var isCharacter: Bool
    /// Whether it is a boolean.
    public var isBoolean: Bool
    /// An integer type of the given size.
    public init(
      byteCount: UInt32, bitCount: UInt8, bitOffset: UInt8 = 0, isSigned: Bool = false, isCharacter: Bool = false,
      isBoolean: Bool = false
    ) {
      self.byteCount = byteCount
      self.bitCount = bitCount
      self.bitOffset = bitOffset
      self.isSigned = isSigned
      self.isCharacter = isCharacter
      self.isBoolean = isBoolean
    }
  }

  /// An array type.
  public struct Array: Hashable, Sendable {
    /// The type of an element.
    public var element: BTFTypeID
    /// The type of an index, which no rule depends on.
    public var index: BTFTypeID
    /// The number of elements, 0 for a flexible array.
    public var count: UInt32
    /// An array of `count` elements.
    public init(element: BTFTypeID, index: BTFTypeID, count: UInt32) {
      self.element = element
      self.index = index
      self.count = count
    }
  }

  /// The body of a structure or a union.
  public struct Composite: Hashable, Sendable {
    /// The size in bytes.
    public var byteCount: UInt32
    /// The members in the order of the declaration.
    public var members: [Member]
    /// A body of the given size and members.
    public init(byteCount: UInt32, members: [Member]) {
      self.byteCount = byteCount
      self.members = members
    }
  }

  /// A member of a structure or a union.
  public struct Member: Hashable, Sendable {
    /// The name, empty for an anonymous structure or union.
    public var name: String
    /// The type.
    public var type: BTFTypeID
    /// The offset in bits from the start of the structure.
    public var bitOffset: UInt32
    /// The width in bits of a bit field, 0 for an ordinary member.
    public var bitFieldWidth: UInt8
    /// A member at an offset in bits.
    public init(name: String, type: BTFTypeID, bitOffset: UInt32, bitFieldWidth: UInt8 = 0) {
      self.name = name
      self.type = type
      self.bitOffset = bitOffset
      self.bitFieldWidth = bitFieldWidth
    }
  }

  /// An enumeration, of 32 or of 64 bits.
  public struct Enumeration: Hashable, Sendable {
    /// The size in bytes: 1, 2, 4 or 8.
    public var byteCount: UInt32
    /// Whether values are signed.
    public var isSigned: Bool
    /// Whether it is encoded as `BTF_KIND_ENUM64`.
    public var is64Bit: Bool
    /// The enumerators in the order of the declaration.
    public var values: [Value]
    /// An enumeration of the given size and values.
    public init(byteCount: UInt32, isSigned: Bool, is64Bit: Bool, values: [Value]) {
      self.byteCount = byteCount
      self.isSigned = isSigned
      self.is64Bit = is64Bit
      self.values = values
    }
    /// One enumerator; `value` holds the bits, sign-extended when the enumeration is signed.
    public struct Value: Hashable, Sendable {
      /// The name.
      public var name: String
      /// The bits, sign-extended to 64 when the enumeration is signed.
      public var value: UInt64
      /// An enumerator.
      public init(name: String, value: UInt64) {
        self.name = name
        self.value = value
      }
    }
  }

  /// The prototype of a function. A variadic function's last parameter has no name and type `void`.
  public struct FunctionPrototype: Hashable, Sendable {
    /// The type of the result.
    public var result: BTFTypeID
    /// The parameters in order.
    public var parameters: [Parameter]
    /// A prototype of the given result and parameters.
    public init(result: BTFTypeID, parameters: [Parameter]) {
      self.result = result
      self.parameters = parameters
    }
    /// A parameter of a function.
    public struct Parameter: Hashable, Sendable {
      /// The name, empty when the prototype has none.
      public var name: String
      /// The type.
      public var type: BTFTypeID
      /// A parameter of the given name and type.
      public init(name: String, type: BTFTypeID) {
        self.name = name
        self.type = type
      }
    }
  }

  /// The variables of one ELF section.
  public struct DataSection: Hashable, Sendable {
    /// The size of the section in bytes, 0 until a linker or loader fills it in.
    public var byteCount: UInt32
    /// The variables in ascending order of offset.
    public var variables: [Variable]
    /// A section of the given size and variables.
    public init(byteCount: UInt32, variables: [Variable]) {
      self.byteCount = byteCount
      self.variables = variables
    }
    /// A variable's place in its section.
    public struct Variable: Hashable, Sendable {
      /// The variable (`BTF_KIND_VAR`), or the function in the section `.ksyms`.
      public var type: BTFTypeID
      /// The offset in the section in bytes.
      public var offset: UInt32
      /// The size in bytes.
      public var byteCount: UInt32
      /// A variable at an offset.
      public init(type: BTFTypeID, offset: UInt32, byteCount: UInt32) {
        self.type = type
        self.offset = offset
        self.byteCount = byteCount
      }
    }
  }

  /// The linkage of a function or a variable.
  public enum Linkage: UInt32, Hashable, Sendable {
    /// Not visible outside its object.
    case `static` = 0
    /// Defined here and visible outside.
    case global = 1
    /// Defined elsewhere.
    case extern = 2
  }
}
