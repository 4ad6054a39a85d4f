/// One side's types, with the questions that relocations ask and their kind of error.
struct CORETypes {
  let btf: BTF

  init(_ btf: BTF) { self.btf = btf }

  private func ask<Value>(_ body: () throws(BTFError) -> Value) throws(CORERelocationError) -> Value {
    do throws(BTFError) {
      return try body()
    } catch {
      throw .types(error)
    }
  }

  func name(of id: BTFTypeID) throws(CORERelocationError) -> String {
    try ask { () throws(BTFError) in try btf.name(of: id) }
  }

  func kind(of id: BTFTypeID) throws(CORERelocationError) -> BTFKind {
    try ask { () throws(BTFError) in try btf.kind(of: id) }
  }

  func type(_ id: BTFTypeID) throws(CORERelocationError) -> BTFType {
    try ask { () throws(BTFError) in try btf.type(id) }
  }

  func resolve(_ id: BTFTypeID) throws(CORERelocationError) -> BTFTypeID {
    try ask { () throws(BTFError) in try btf.resolve(id) }
  }

  func resolved(_ id: BTFTypeID) throws(CORERelocationError) -> BTFType {
    try ask { () throws(BTFError) in try btf.type(btf.resolve(id)) }
  }

  func size(of id: BTFTypeID) throws(CORERelocationError) -> Int {
    try ask { () throws(BTFError) in try btf.size(of: id) }
  }

  func isSigned(_ id: BTFTypeID) throws(CORERelocationError) -> Bool {
    switch try resolved(id).kind {
    case .integer(let integer): integer.isSigned
    case .enumeration(let enumeration): enumeration.isSigned
    default: false
    }
  }

  /// The element of an array of any number of dimensions, and the type itself when it is no array.
  func innermostElement(of id: BTFTypeID) throws(CORERelocationError) -> BTFTypeID {
    var current = try resolve(id)
    for _ in 0...BTF.maximumDepth {
      guard case .array(let array) = try type(current).kind else { return current }
      current = try resolve(array.element)
    }
    throw .types(BTFError(.query, .tooDeep(id)))
  }
}
