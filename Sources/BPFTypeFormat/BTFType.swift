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
  public static func < (left: BTFTypeID, right: BTFTypeID) -> Bool { left.rawValue < right.rawValue }
  public var description: String { "#\(rawValue)" }
}

/// One BTF type: its name (empty when it has none) and what it is.
public struct BTFType: Hashable, Sendable {
  /// The name, empty for an anonymous type.
  public var name: String
  /// What the type is.
  public var kind: Kind

  /// A type of the given name and kind.
  public init(name: String = "", kind: Kind) {
    self.name = name
    self.kind = kind
  }

  /// The twenty kinds of BTF, with what each carries. Sizes are in bytes, offsets and widths in bits.
  public enum Kind: Hashable, Sendable {
    case void
    case integer(Integer)
    case pointer(BTFTypeID)
    case array(Array)
    case structure(Composite)
    case union(Composite)
    case enumeration(Enumeration)
    /// A forward declaration of a structure or a union.
    case forward(isUnion: Bool)
    case typedef(BTFTypeID)
    case volatile(BTFTypeID)
    case const(BTFTypeID)
    case restrict(BTFTypeID)
    /// A function, whose type is a function prototype.
    case function(prototype: BTFTypeID, linkage: Linkage)
    case functionPrototype(FunctionPrototype)
    case variable(type: BTFTypeID, linkage: Linkage)
    case dataSection(DataSection)
    case float(byteCount: UInt32)
    /// `btf_decl_tag`: `component` is the member or parameter, -1 for the declaration itself.
    case declarationTag(target: BTFTypeID, component: Int32)
    /// `btf_type_tag` on the type that follows.
    case typeTag(BTFTypeID)
  }

  /// An integer type.
  public struct Integer: Hashable, Sendable {
    public var byteCount: UInt32
    public var bitCount: UInt8
    public var bitOffset: UInt8
    public var isSigned: Bool
    public var isCharacter: Bool
    public var isBoolean: Bool
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
    public var element: BTFTypeID
    public var index: BTFTypeID
    public var count: UInt32
    public init(element: BTFTypeID, index: BTFTypeID, count: UInt32) {
      self.element = element
      self.index = index
      self.count = count
    }
  }

  /// The body of a structure or a union.
  public struct Composite: Hashable, Sendable {
    public var byteCount: UInt32
    public var members: [Member]
    public init(byteCount: UInt32, members: [Member]) {
      self.byteCount = byteCount
      self.members = members
    }
  }

  /// A member of a structure or a union.
  public struct Member: Hashable, Sendable {
    public var name: String
    public var type: BTFTypeID
    /// The offset in bits from the start of the structure.
    public var bitOffset: UInt32
    /// The width in bits of a bit field, 0 for an ordinary member.
    public var bitFieldWidth: UInt8
    public init(name: String, type: BTFTypeID, bitOffset: UInt32, bitFieldWidth: UInt8 = 0) {
      self.name = name
      self.type = type
      self.bitOffset = bitOffset
      self.bitFieldWidth = bitFieldWidth
    }
  }

  /// An enumeration, of 32 or of 64 bits.
  public struct Enumeration: Hashable, Sendable {
    public var byteCount: UInt32
    public var isSigned: Bool
    /// Whether it is encoded as `BTF_KIND_ENUM64`.
    public var is64Bit: Bool
    public var values: [Value]
    public init(byteCount: UInt32, isSigned: Bool, is64Bit: Bool, values: [Value]) {
      self.byteCount = byteCount
      self.isSigned = isSigned
      self.is64Bit = is64Bit
      self.values = values
    }
    /// One enumerator; `value` holds the bits, sign-extended when the enumeration is signed.
    public struct Value: Hashable, Sendable {
      public var name: String
      public var value: UInt64
      public init(name: String, value: UInt64) {
        self.name = name
        self.value = value
      }
    }
  }

  /// The prototype of a function. A variadic function's last parameter has no name and type `void`.
  public struct FunctionPrototype: Hashable, Sendable {
    public var result: BTFTypeID
    public var parameters: [Parameter]
    public init(result: BTFTypeID, parameters: [Parameter]) {
      self.result = result
      self.parameters = parameters
    }
    public struct Parameter: Hashable, Sendable {
      public var name: String
      public var type: BTFTypeID
      public init(name: String, type: BTFTypeID) {
        self.name = name
        self.type = type
      }
    }
  }

  /// The variables of one ELF section.
  public struct DataSection: Hashable, Sendable {
    public var byteCount: UInt32
    public var variables: [Variable]
    public init(byteCount: UInt32, variables: [Variable]) {
      self.byteCount = byteCount
      self.variables = variables
    }
    public struct Variable: Hashable, Sendable {
      public var type: BTFTypeID
      public var offset: UInt32
      public var byteCount: UInt32
      public init(type: BTFTypeID, offset: UInt32, byteCount: UInt32) {
        self.type = type
        self.offset = offset
        self.byteCount = byteCount
      }
    }
  }

  /// The linkage of a function or a variable.
  public enum Linkage: UInt32, Hashable, Sendable {
    case `static` = 0
    case global = 1
    case extern = 2
  }
}
