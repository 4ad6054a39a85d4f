import BPFTypeFormat

/// A structure or a union as its members lie in it.
enum TypeShape {
  /// The size in bytes, then each member with offset and width in bits; what has no name is entered.
  static func lines(of id: BTFTypeID, in btf: BTF) throws -> [String] {
    var result = ["\(try btf.size(of: id)) bytes"]
    func visit(_ id: BTFTypeID, _ path: String, _ base: UInt32) throws {
      let body: BTFType.Composite
      switch try btf.type(id).kind {
      case .structure(let composite), .union(let composite): body = composite
      default: return
      }
      for member in body.members {
        let offset = base + member.bitOffset
        let resolved = try btf.resolve(member.type)
        let kind = try btf.kind(of: resolved)
        let isComposite = kind == .structure || kind == .union
        if try isComposite && btf.name(of: resolved).isEmpty {
          try visit(resolved, "\(path).\(member.name)", offset)
        } else {
          let width = member.bitFieldWidth > 0 ? Int(member.bitFieldWidth) : try btf.size(of: member.type) * 8
          result.append("\(path).\(member.name) at \(offset), \(width) bits, \(kind)")
        }
      }
    }
    try visit(id, "", 0)
    return result
  }
}
