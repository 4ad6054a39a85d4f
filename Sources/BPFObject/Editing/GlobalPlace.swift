internal import BPFTypeFormat

/// Where a variable, or a part of one, is.
struct GlobalPlace {
  /// The path as written, for errors.
  var path: String
  var map: String
  var offset: Int
  var byteCount: Int
  var type: BTFTypeID?
}

extension ObjectFile {
  /// Follows a path: a variable's name, then `.member` and `[index]` in any number.
  func place(of path: String) throws(EditError) -> GlobalPlace {
    if let global = globals[path] { return place(global, path) }
    // A name may have dots of its own: a static variable of a function is called `function.variable`.
    for index in path.indices.reversed() where path[index] == "." || path[index] == "[" {
      guard let global = globals[String(path[..<index])] else { continue }
      var place = place(global, path)
      try follow(path[index...], from: &place)
      return place
    }
    let name = String(path.prefix { $0 != "." && $0 != "[" })
    throw .unknownVariable(path, near: NearNames(to: name, among: globals.keys).names)
  }

  /// A variable, or a part of one, as a variable of its own: where it is, its size and its type.
  ///
  /// - Parameter path: the variable's name, which `.member` and `[index]` may follow.
  /// - Throws: ``EditError`` when there is no such variable or part.
  public func variable(at path: String) throws(EditError) -> GlobalVariable {
    let place = try place(of: path)
    return GlobalVariable(
      name: path, map: place.map, offset: place.offset, byteCount: place.byteCount, type: place.type)
  }

  private func place(_ global: GlobalVariable, _ path: String) -> GlobalPlace {
    GlobalPlace(path: path, map: global.map, offset: global.offset, byteCount: global.byteCount, type: global.type)
  }

  private func follow(_ steps: Substring, from place: inout GlobalPlace) throws(EditError) {
    var rest = steps
    while let first = rest.first {
      let done = String(place.path.dropLast(rest.count))
      rest = rest.dropFirst()
      guard let type = place.type, let types else { throw .badPath(done, problem: "its type is not known") }
      let resolved = try reading(types.type(types.resolve(type)), done)
      if first == "[" {
        guard let end = rest.firstIndex(of: "]"), let index = Int(rest[..<end]) else {
          throw .badPath(place.path, problem: "an index is a number in brackets")
        }
        rest = rest[rest.index(after: end)...]
        guard case .array(let array) = resolved.kind else { throw .badPath(done, problem: "it is not an array") }
        let size = try reading(types.size(of: array.element), done)
        // An array without a length has as many elements as its variable has bytes for.
        let count = array.count > 0 ? Int(array.count) : size > 0 ? place.byteCount / size : 0
        guard index >= 0, index < count else { throw .indexOutOfRange(done, index: index, count: count) }
        try narrow(&place, to: array.element, offset: index * size, byteCount: size, done)
      } else {
        let end = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
        let name = String(rest[..<end])
        rest = rest[end...]
        guard let members = resolved.kind.members else { throw .badPath(done, problem: "it has no members") }
        var seen: Set<BTFTypeID> = []
        guard let found = try member(name, of: members, types, done, &seen) else {
          throw .unknownMember(name, of: done, near: NearNames(to: name, among: members.map(\.name)).names)
        }
        guard found.bitFieldWidth == 0, found.bitOffset % 8 == 0 else {
          throw .badPath(place.path, problem: "a bit field cannot be set by itself")
        }
        let size = try reading(types.size(of: found.type), done)
        try narrow(&place, to: found.type, offset: Int(found.bitOffset / 8), byteCount: size, done)
      }
    }
  }

  /// A member by name, those of structures without a name among them; the offset is from the outermost.
  ///
  /// - Parameter seen: the structures that have been searched, each of which is searched once.
  private func member(
    _ name: String, of members: [BTFType.Member], _ types: BTF, _ path: String, _ seen: inout Set<BTFTypeID>
  ) throws(EditError) -> BTFType.Member? {
    guard seen.count < BTF.maximumDepth, !name.isEmpty else { return nil }
    if let found = members.first(where: { $0.name == name }) { return found }
    for outer in members where outer.name.isEmpty {
      let resolved = try reading(types.resolve(outer.type), path)
      let type = try reading(types.type(resolved), path)
      guard let inner = type.kind.members, seen.insert(resolved).inserted else { continue }
      if var found = try member(name, of: inner, types, path, &seen) {
        let (offset, overflow) = found.bitOffset.addingReportingOverflow(outer.bitOffset)
        guard !overflow else { return nil }
        found.bitOffset = offset
        return found
      }
    }
    return nil
  }

  private func narrow(
    _ place: inout GlobalPlace, to type: BTFTypeID, offset: Int, byteCount: Int, _ path: String
  ) throws(EditError) {
    guard offset <= place.byteCount, byteCount <= place.byteCount - offset else {
      throw .badPath(path, problem: "its parts reach past its \(place.byteCount) bytes")
    }
    place.offset += offset
    place.byteCount = byteCount
    place.type = type
  }

  private func reading<Value>(
    _ body: @autoclosure () throws(BTFError) -> Value, _ path: String
  ) throws(EditError) -> Value {
    do throws(BTFError) {
      return try body()
    } catch {
      throw .types(path, error)
    }
  }
}

extension BTFType.Kind {
  /// The members of a structure or union.
  fileprivate var members: [BTFType.Member]? {
    switch self {
    case .structure(let composite), .union(let composite): composite.members
    default: nil
    }
  }
}
