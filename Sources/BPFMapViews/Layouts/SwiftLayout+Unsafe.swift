// Unsafe: looks at a value of a type whose bytes are all zero, in memory that is there for this alone, to learn of which
// stored properties it consists. The type is `BitwiseCopyable`, so there is nothing to destroy. The value is only
// reflected, never used; types for which a zero is no value (references, non-null pointers, enumerations, functions) are
// not looked into.

/// How a type of Swift lies in memory.
struct SwiftLayout: Sendable {
  /// A stored property.
  struct Field: Sendable {
    var name: String
    var type: String
    var offset: Int
    var size: Int
    /// Its own properties, empty when it has none or they are not known.
    var fields: [Field]
  }

  /// The name of the type.
  var type: String
  /// The size without what only an array of values would need.
  var size: Int
  /// The distance of values in an array.
  var stride: Int
  /// The stored properties, empty for a number and where they are not known.
  var fields: [Field]

  init<Value: BitwiseCopyable>(_ type: Value.Type) {
    self.type = "\(type)"
    size = MemoryLayout<Value>.size
    stride = MemoryLayout<Value>.stride
    fields = withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { buffer in
      UnsafeMutableRawBufferPointer(buffer).initializeMemory(as: UInt8.self, repeating: 0)
      guard let value = buffer.first, Self.isComposite(value) else { return [] }
      return Self.fields(of: value, size: MemoryLayout<Value>.size, depth: 0)
    }
  }

  /// Whether a value is a structure or a tuple with properties that can be looked at.
  private static func isComposite<Value>(_ value: Value) -> Bool {
    switch value {
    case is any FixedWidthInteger, is any BinaryFloatingPoint, is Bool, is any _Pointer: return false
    default: break
    }
    // Its one property is of a type that Swift cannot show.
    guard !"\(Value.self)".hasPrefix("InlineArray<") else { return false }
    let style = Mirror(reflecting: value).displayStyle
    return style == .struct || style == .tuple
  }

  /// The properties in order: each begins at the next multiple of its alignment, as Swift lays out structures and tuples.
  private static func fields<Value>(of value: Value, size: Int, depth: Int) -> [Field] {
    guard depth < 16 else { return [] }
    var fields: [Field] = []
    var offset = 0
    func add<Child>(_ child: Child, _ name: String) {
      let alignment = MemoryLayout<Child>.alignment
      offset = (offset + alignment - 1) / alignment * alignment
      let size = MemoryLayout<Child>.size
      let inner = isComposite(child) ? Self.fields(of: child, size: size, depth: depth + 1) : []
      fields.append(Field(name: name, type: "\(Child.self)", offset: offset, size: size, fields: inner))
      offset += size
    }
    for child in Mirror(reflecting: value).children { add(child.value, child.label ?? "") }
    // A layout that does not come out at the type's size is none that we know.
    return offset == size ? fields : []
  }

  /// The ranges of bytes that belong to no property.
  var padding: [Range<Int>] {
    func padding(_ fields: [Field], _ start: Int, _ end: Int) -> [Range<Int>] {
      guard !fields.isEmpty else { return [] }
      var gaps: [Range<Int>] = []
      var position = start
      for field in fields {
        let offset = start + field.offset
        if offset > position { gaps.append(position..<offset) }
        gaps += padding(field.fields, offset, offset + field.size)
        position = offset + field.size
      }
      if end > position { gaps.append(position..<end) }
      return gaps
    }
    return padding(fields, 0, size)
  }

  /// A line for each property.
  var lines: [String] {
    guard !fields.isEmpty else { return ["\(type), \(size) bytes"] }
    var lines = ["\(type), \(size) bytes" + (stride == size ? "" : ", \(stride) in an array")]
    for field in fields { lines.append("\(field.offset): \(field.name): \(field.type), \(field.size) bytes") }
    return lines
  }
}
