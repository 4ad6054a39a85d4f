import BPFTypeFormat

/// Compares a type of Swift with the type of a key or value.
///
/// Names do not matter. Every member of C has to be covered by properties of Swift that begin and end where it does: by one
/// of its size, or by several for an array or a structure. Bit fields only have to be covered. Properties where C has
/// no member are padding.
struct LayoutCheck {
  private let types: BTF?
  private let type: BTFTypeID
  private let byteCount: Int

  /// A type, `void` when it is not known, and the size that the map says.
  init(_ type: BTFTypeID, in types: BTF?, byteCount: Int) {
    self.types = type == .void ? nil : types
    self.type = type
    self.byteCount = byteCount
  }

  /// Why the layouts differ, `nil` when they do not.
  func difference(_ swift: SwiftLayout) -> String? {
    guard swift.size == byteCount || swift.stride == byteCount else {
      return "\(swift.type) has \(swift.size) bytes, and the map \(byteCount)"
    }
    guard let types else { return nil }
    do {
      return try difference(swift.fields, at: 0, type, in: types, path: "", depth: 0)
    } catch { return nil }
  }

  private func difference(
    _ fields: [SwiftLayout.Field], at start: Int, _ type: BTFTypeID, in types: BTF, path: String, depth: Int
  ) throws(BTFError) -> String? {
    guard !fields.isEmpty, depth < 16 else { return nil }
    for member in try members(of: type, in: types) {
      let name = path + member.name
      let range = start + member.range.lowerBound..<start + member.range.upperBound
      guard !range.isEmpty else { continue }
      let touching = cover(range, fields, at: start)
      guard let first = touching.first, let last = touching.last else {
        return "there is no property for '\(name)' at offset \(range.lowerBound)"
      }
      guard !member.isBitField else { continue }
      let (lower, upper) = (first.start, last.start + last.field.size)
      // A structure of C may end with padding that the one of Swift does not have.
      let missing = range.upperBound - upper
      guard lower == range.lowerBound, missing == 0 || missing > 0 && missing < 8 && !last.field.fields.isEmpty else {
        return "'\(name)' is at offset \(range.lowerBound) with \(range.count) bytes, "
          + "and '\(first.field.name)' at offset \(lower) with \(upper - lower)"
      }
      if touching.count == 1, member.isComposite {
        let inner = try difference(
          first.field.fields, at: range.lowerBound, member.type, in: types, path: name + ".", depth: depth + 1)
        if let inner { return inner }
      }
    }
    return nil
  }

  /// The properties that share bytes with a range; of those that go beyond it, the ones that they consist of.
  private func cover(
    _ range: Range<Int>, _ fields: [SwiftLayout.Field], at start: Int
  ) -> [(field: SwiftLayout.Field, start: Int)] {
    var result: [(field: SwiftLayout.Field, start: Int)] = []
    for field in fields {
      let place = start + field.offset..<start + field.offset + field.size
      guard place.overlaps(range) else { continue }
      if field.fields.isEmpty || range.contains(place.lowerBound) && place.upperBound <= range.upperBound {
        result.append((field, place.lowerBound))
      } else {
        result += cover(range, field.fields, at: place.lowerBound)
      }
    }
    return result
  }

  private struct Member {
    var name: String
    var type: BTFTypeID
    var range: Range<Int>
    var isBitField: Bool
    var isComposite: Bool
  }

  /// The members of a structure; those of structures without a name are its own. Unions are taken as a whole.
  private func members(of type: BTFTypeID, in types: BTF, depth: Int = 0) throws(BTFError) -> [Member] {
    let resolved = try types.resolve(type)
    guard depth < 16, case .structure(let composite) = try types.type(resolved).kind else { return [] }
    var members: [Member] = []
    for member in composite.members {
      let isBitField = member.bitFieldWidth > 0
      let inner = try types.type(types.resolve(member.type)).kind
      let start = Int(member.bitOffset) / 8
      let bits = Int(member.bitOffset) % 8 + Int(member.bitFieldWidth)
      let size = isBitField ? (bits + 7) / 8 : try types.size(of: member.type)
      if case .structure = inner, member.name.isEmpty {
        for part in try self.members(of: member.type, in: types, depth: depth + 1) {
          var part = part
          part.range = start + part.range.lowerBound..<start + part.range.upperBound
          members.append(part)
        }
        continue
      }
      var isComposite = false
      if case .structure = inner { isComposite = true }
      members.append(
        Member(
          name: member.name.isEmpty ? "a union" : member.name, type: member.type, range: start..<start + size,
          isBitField: isBitField, isComposite: isComposite))
    }
    return members
  }

  /// The type of C, a line for each member.
  var lines: [String] {
    guard let types else { return ["\(byteCount) bytes, of which no type is known"] }
    let printer = CPrinter(types)
    func declaration(_ type: BTFTypeID, _ name: String) -> String {
      (try? printer.declaration(of: type, name: name)) ?? "type \(type)"
    }
    var lines = ["\(declaration(type, "")), \(byteCount) bytes"]
    for member in (try? members(of: type, in: types)) ?? [] {
      lines.append("\(member.range.lowerBound): \(declaration(member.type, member.name)), \(member.range.count) bytes")
    }
    return lines
  }
}
