import Merops

/// Types as the numbered list that BTF is, a line each and indented lines for what they consist of.
struct TypeList {
  private let types: BTF

  init(_ types: BTF) { self.types = types }

  /// The list, of all types or of some.
  func text(of identifiers: [BTFTypeID]?) throws(BTFError) -> String {
    var text = ""
    for id in identifiers ?? Array(types.identifiers) {
      let type = try types.type(id)
      text += "[\(id.rawValue)] \(type.kind.code) \(type.name.isEmpty ? "(anon)" : "'\(type.name)'")"
      let (fields, parts) = describe(type.kind)
      text += fields.map { " \($0.0)=\($0.1)" }.joined()
      if type.isAttribute { text += " attribute" }
      text += "\n"
      for part in parts { text += "  \(part)\n" }
    }
    return text
  }

  /// The fields of a type, and the lines for its members.
  private func describe(_ kind: BTFType.Kind) -> (fields: [(String, String)], parts: [String]) {
    switch kind {
    case .void: return ([], [])
    case .integer(let integer):
      var encoding: [String] = []
      if integer.isSigned { encoding.append("signed") }
      if integer.isCharacter { encoding.append("char") }
      if integer.isBoolean { encoding.append("bool") }
      return (
        [
          ("size", "\(integer.byteCount)"), ("bits_offset", "\(integer.bitOffset)"), ("nr_bits", "\(integer.bitCount)"),
          ("encoding", encoding.isEmpty ? "none" : encoding.joined(separator: "|")),
        ], []
      )
    case .pointer(let target), .typedef(let target), .volatile(let target), .const(let target), .restrict(let target),
      .typeTag(let target):
      return ([("type_id", text(target))], [])
    case .array(let array):
      return (
        [("type_id", text(array.element)), ("index_type_id", text(array.index)), ("nr_elems", "\(array.count)")], []
      )
    case .structure(let composite), .union(let composite):
      return (
        [("size", "\(composite.byteCount)"), ("vlen", "\(composite.members.count)")],
        composite.members.map { member in
          "'\(member.name)' type_id=\(text(member.type)) bits_offset=\(member.bitOffset)"
            + (member.bitFieldWidth == 0 ? "" : " bitfield_size=\(member.bitFieldWidth)")
        }
      )
    case .enumeration(let enumeration):
      return (
        [
          ("encoding", enumeration.isSigned ? "signed" : "unsigned"), ("size", "\(enumeration.byteCount)"),
          ("vlen", "\(enumeration.values.count)"),
        ],
        enumeration.values.map { value in
          "'\(value.name)' val=\(enumeration.isSigned ? "\(Int64(bitPattern: value.value))" : "\(value.value)")"
        }
      )
    case .forward(let isUnion): return ([("fwd_kind", isUnion ? "union" : "struct")], [])
    case .function(let prototype, let linkage), .variable(let prototype, let linkage):
      return ([("type_id", text(prototype)), ("linkage", "\(linkage)")], [])
    case .functionPrototype(let prototype):
      return (
        [("ret_type_id", text(prototype.result)), ("vlen", "\(prototype.parameters.count)")],
        prototype.parameters.map { "'\($0.name)' type_id=\(text($0.type))" }
      )
    case .dataSection(let section):
      return (
        [("size", "\(section.byteCount)"), ("vlen", "\(section.variables.count)")],
        section.variables.map { "type_id=\(text($0.type)) offset=\($0.offset) size=\($0.byteCount)" }
      )
    case .float(let byteCount): return ([("size", "\(byteCount)")], [])
    case .declarationTag(let target, let component):
      return ([("type_id", text(target)), ("component_idx", "\(component)")], [])
    }
  }

  private func text(_ id: BTFTypeID) -> String { "\(id.rawValue)" }
}
