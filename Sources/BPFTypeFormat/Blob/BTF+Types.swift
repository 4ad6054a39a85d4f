extension BTF {
  /// A type, decoded.
  ///
  /// Every type that the result refers to exists.
  ///
  /// - Throws: ``BTFError`` when the type does not exist or its record breaks a rule of the format.
  public func type(_ id: BTFTypeID) throws(BTFError) -> BTFType {
    guard id != .void else { return BTFType(kind: .void) }
    let (owner, offset) = try locate(id)
    let info = BTFInfo(owner.blob.word(at: offset + 4))
    // Opening has checked the kind and the length of every record.
    guard let kind = info.kind else { throw BTFError(.types, offset: offset, .unknownKind(info.kindNumber)) }
    let record = Record(btf: self, blob: owner.blob, start: offset, info: info)
    let name = try string(at: owner.blob.word(at: offset))
    return BTFType(
      name: name, kind: try record.decode(kind), isAttribute: kind.allowsAttribute && info.flag)
  }

  /// A type, decoded.
  ///
  /// - Throws: ``BTFError`` when the type does not exist or its record breaks a rule of the format.
  public subscript(_ id: BTFTypeID) -> BTFType {
    get throws(BTFError) { try type(id) }
  }

  /// One record of the type section, while it is decoded.
  private struct Record {
    let btf: BTF
    let blob: BTFBytes
    let start: Int
    let info: BTFInfo

    /// The word at an index after the three that every record has.
    func extra(_ index: Int) -> UInt32 { blob.word(at: start + 12 + 4 * index) }

    /// The third word: a size or a type.
    var sizeOrType: UInt32 { blob.word(at: start + 8) }

    func reference(_ number: UInt32, at index: Int) throws(BTFError) -> BTFTypeID {
      guard Int(number) <= btf.typeCount else {
        throw BTFError(.types, offset: start + 4 * index, .unknownType(BTFTypeID(number)))
      }
      return BTFTypeID(number)
    }

    func referenced() throws(BTFError) -> BTFTypeID { try reference(sizeOrType, at: 2) }

    func name(_ index: Int) throws(BTFError) -> String {
      do {
        return try btf.string(at: extra(index))
      } catch {
        throw BTFError(.types, offset: start + 12 + 4 * index, error.problem)
      }
    }

    func bad(_ field: String, _ value: UInt32, at index: Int, _ expected: String) -> BTFError {
      BTFError(
        .types, offset: start + 4 * index, .badValue(field: field, value: UInt64(value), expected: expected))
    }

    func decode(_ kind: BTFKind) throws(BTFError) -> BTFType.Kind {
      switch kind {
      case .void: .void
      case .integer: .integer(try integer())
      case .pointer: .pointer(try referenced())
      case .array:
        .array(
          .init(element: try reference(extra(0), at: 3), index: try reference(extra(1), at: 4), count: extra(2)))
      case .structure: .structure(try composite())
      case .union: .union(try composite())
      case .enumeration, .enumeration64: .enumeration(try enumeration(is64Bit: kind == .enumeration64))
      case .forward: .forward(isUnion: info.flag)
      case .typedef: .typedef(try referenced())
      case .volatile: .volatile(try referenced())
      case .const: .const(try referenced())
      case .restrict: .restrict(try referenced())
      case .function: .function(prototype: try referenced(), linkage: try linkage(UInt32(info.count), at: 1))
      case .functionPrototype: .functionPrototype(try prototype())
      case .variable: .variable(type: try referenced(), linkage: try linkage(extra(0), at: 3))
      case .dataSection: .dataSection(try dataSection())
      case .float: .float(byteCount: try float())
      case .declarationTag:
        .declarationTag(target: try referenced(), component: Int32(bitPattern: extra(0)))
      case .typeTag: .typeTag(try referenced())
      }
    }

    private func integer() throws(BTFError) -> BTFType.Integer {
      let word = extra(0)
      let bits = UInt8(word & 0xff)
      let offset = UInt8((word >> 16) & 0xff)
      guard [1, 2, 4, 8, 16].contains(sizeOrType) else {
        throw bad("the size of an integer", sizeOrType, at: 2, "1, 2, 4, 8 or 16")
      }
      guard bits > 0, UInt32(bits) + UInt32(offset) <= 8 * sizeOrType else {
        throw bad("an integer's number of bits", UInt32(bits), at: 3, "from 1 to \(8 * sizeOrType), offset included")
      }
      let encoding = (word >> 24) & 0xf
      return BTFType.Integer(
        byteCount: sizeOrType, bitCount: bits, bitOffset: offset, isSigned: encoding & 1 != 0,
        isCharacter: encoding & 2 != 0, isBoolean: encoding & 4 != 0)
    }

    private func float() throws(BTFError) -> UInt32 {
      guard [2, 4, 8, 12, 16].contains(sizeOrType) else {
        throw bad("the size of a floating-point number", sizeOrType, at: 2, "2, 4, 8, 12 or 16")
      }
      return sizeOrType
    }

    private func composite() throws(BTFError) -> BTFType.Composite {
      var members: [BTFType.Member] = []
      members.reserveCapacity(info.count)
      for index in 0..<info.count {
        let position = extra(3 * index + 2)
        members.append(
          BTFType.Member(
            name: try name(3 * index), type: try reference(extra(3 * index + 1), at: 3 * index + 4),
            bitOffset: info.flag ? position & 0xff_ffff : position,
            bitFieldWidth: info.flag ? UInt8(position >> 24) : 0))
      }
      return BTFType.Composite(byteCount: sizeOrType, members: members)
    }

    private func enumeration(is64Bit: Bool) throws(BTFError) -> BTFType.Enumeration {
      guard [1, 2, 4, 8].contains(sizeOrType) else {
        throw bad("the size of an enumeration", sizeOrType, at: 2, "1, 2, 4 or 8")
      }
      let isSigned = info.flag
      let stride = is64Bit ? 3 : 2
      var values: [BTFType.Enumeration.Value] = []
      values.reserveCapacity(info.count)
      for index in 0..<info.count {
        let low = extra(stride * index + 1)
        let value: UInt64 =
          is64Bit
          ? UInt64(extra(stride * index + 2)) << 32 | UInt64(low)
          : isSigned ? UInt64(bitPattern: Int64(Int32(bitPattern: low))) : UInt64(low)
        values.append(.init(name: try name(stride * index), value: value))
      }
      return BTFType.Enumeration(byteCount: sizeOrType, isSigned: isSigned, is64Bit: is64Bit, values: values)
    }

    private func prototype() throws(BTFError) -> BTFType.FunctionPrototype {
      var parameters: [BTFType.FunctionPrototype.Parameter] = []
      parameters.reserveCapacity(info.count)
      for index in 0..<info.count {
        parameters.append(
          .init(name: try name(2 * index), type: try reference(extra(2 * index + 1), at: 2 * index + 4)))
      }
      return BTFType.FunctionPrototype(result: try referenced(), parameters: parameters)
    }

    private func dataSection() throws(BTFError) -> BTFType.DataSection {
      var variables: [BTFType.DataSection.Variable] = []
      variables.reserveCapacity(info.count)
      for index in 0..<info.count {
        variables.append(
          .init(
            type: try reference(extra(3 * index), at: 3 * index + 3), offset: extra(3 * index + 1),
            byteCount: extra(3 * index + 2)))
      }
      return BTFType.DataSection(byteCount: sizeOrType, variables: variables)
    }

    private func linkage(_ number: UInt32, at index: Int) throws(BTFError) -> BTFType.Linkage {
      guard let linkage = BTFType.Linkage(rawValue: number) else {
        throw bad("a linkage", number, at: index, "0 (static), 1 (global) or 2 (extern)")
      }
      return linkage
    }
  }
}

extension BTFKind {
  /// Whether the flag of the kind says that its tag is an attribute in its own words.
  var allowsAttribute: Bool { self == .declarationTag || self == .typeTag }
}
