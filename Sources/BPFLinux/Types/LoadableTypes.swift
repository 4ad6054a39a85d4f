import BPFTypeFormat

/// The types of an object in the form that the kernel takes: the same identifiers and string offsets, with what only a
/// loader understands made into what the kernel's own checks accept.
///
/// Compilers describe external symbols in the section `.ksyms` as functions and variables of external linkage, without
/// names of parameters. The kernel knows neither functions in a data section nor external linkage, so a function there
/// becomes a variable of four bytes, and a variable one of an integer's type, as libbpf does it.
struct LoadableTypes {
  private var types: [UInt32]
  private var strings: [UInt8]
  private var offsets: [String: UInt32] = [:]
  private let original: BTF
  private var typeCount: Int
  /// Whether texts have been added since the types were made ready.
  private(set) var hasGrown = false

  private static let headerLength = 24
  private static let dummyName = "merops_external"

  /// The types of an object, made ready for the kernel.
  ///
  /// - Throws: `BTFError` when they are damaged.
  init(_ btf: BTF) throws(BTFError) {
    original = btf
    let bytes = btf.encoded
    func word(_ offset: Int) -> UInt32 {
      guard offset >= 0, offset <= bytes.count - 4 else { return 0 }
      var value: UInt32 = 0
      for index in (0..<4).reversed() { value = value << 8 | UInt32(bytes[offset + index]) }
      return value
    }
    // Opening has checked that both sections lie within the bytes.
    let start = Int(word(4))
    let (typeOffset, typeLength) = (start + Int(word(8)), Int(word(12)))
    let (stringOffset, stringLength) = (start + Int(word(16)), Int(word(20)))
    guard typeOffset + typeLength <= bytes.count, stringOffset + stringLength <= bytes.count else {
      throw BTFError(.header, .truncated(needed: stringOffset + stringLength, available: bytes.count))
    }
    types = stride(from: typeOffset, to: typeOffset + typeLength - 3, by: 4).map(word)
    strings = Array(bytes[stringOffset..<stringOffset + stringLength])
    typeCount = btf.typeCount
    indexStrings()
    try replaceExternals()
    hasGrown = false
  }

  private mutating func indexStrings() {
    var start = 0
    while let end = strings[start...].firstIndex(of: 0) {
      let text = String(decoding: strings[start..<end], as: UTF8.self)
      if offsets[text] == nil { offsets[text] = UInt32(truncatingIfNeeded: start) }
      start = end + 1
    }
  }

  /// The offset of a text in the string section, at whose end it is put if it is not there.
  mutating func string(_ text: String) -> UInt32 {
    if let offset = offsets[text] { return offset }
    let offset = UInt32(truncatingIfNeeded: strings.count)
    strings += Array(text.utf8) + [0]
    offsets[text] = offset
    hasGrown = true
    return offset
  }

  /// The bytes to load, in the byte order of a little-endian machine.
  var encoded: [UInt8] {
    var bytes: [UInt8] = [0x9f, 0xeb, 1, 0]
    func append(_ value: Int) {
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    for field in [Self.headerLength, 0, types.count * 4, types.count * 4, strings.count] { append(field) }
    bytes.reserveCapacity(bytes.count + types.count * 4 + strings.count)
    for word in types { append(Int(word)) }
    return bytes + strings
  }

  // MARK: External symbols

  /// Where the record of each type begins, in words.
  private func recordStarts() throws(BTFError) -> [Int] {
    var starts: [Int] = []
    var position = 0
    while position + 3 <= types.count {
      starts.append(position)
      let info = types[position + 1]
      let count = Int(info & 0xffff)
      guard let kind = BTFKind(rawValue: UInt8(info >> 24 & 0x1f)) else {
        throw BTFError(.types, offset: position * 4, .unknownKind(info >> 24 & 0x1f))
      }
      let length: Int
      switch kind {
      case .integer, .variable, .declarationTag: length = 4
      case .array: length = 6
      case .structure, .union, .dataSection, .enumeration64: length = 3 + 3 * count
      case .enumeration, .functionPrototype: length = 3 + 2 * count
      default: length = 3
      }
      position += length
    }
    return starts
  }

  private mutating func replaceExternals() throws(BTFError) {
    guard let section = original.first(named: ".ksyms", kind: .dataSection),
      case .dataSection(let data) = try original.type(section).kind
    else { return }
    let starts = try recordStarts()
    func start(_ id: BTFTypeID) throws(BTFError) -> Int {
      let index = Int(id.rawValue) - 1
      guard starts.indices.contains(index) else { throw BTFError(.query, .unknownType(id)) }
      return starts[index]
    }
    let integer = try fourByteInteger()
    let name = string(Self.dummyName)
    var dummy: BTFTypeID?
    let place = try start(section)
    types[place + 2] = UInt32(truncatingIfNeeded: data.variables.count * 4)
    for (index, variable) in data.variables.enumerated() {
      var id = variable.type
      let record = try start(id)
      switch try original.type(id).kind {
      case .function(let prototype, _):
        types[record + 1] = UInt32(BTFKind.function.rawValue) << 24 | BTFType.Linkage.global.rawValue
        let parameters = try start(prototype)
        for parameter in 0..<Int(types[parameters + 1] & 0xffff) where types[parameters + 3 + 2 * parameter] == 0 {
          // A last parameter without a type is the `...` of a variable list and has no name.
          if types[parameters + 4 + 2 * parameter] != 0 { types[parameters + 3 + 2 * parameter] = name }
        }
        if dummy == nil {
          dummy = append([name, Self.variableInfo, integer.rawValue, BTFType.Linkage.global.rawValue])
        }
        id = dummy ?? id
      case .variable:
        types[record + 2] = integer.rawValue
        types[record + 3] = BTFType.Linkage.global.rawValue
      default: continue
      }
      types[place + 3 + 3 * index] = id.rawValue
      types[place + 4 + 3 * index] = UInt32(truncatingIfNeeded: 4 * index)
      types[place + 5 + 3 * index] = 4
    }
  }

  private static let variableInfo = UInt32(BTFKind.variable.rawValue) << 24

  private mutating func append(_ record: [UInt32]) -> BTFTypeID {
    types += record
    typeCount += 1
    return BTFTypeID(UInt32(truncatingIfNeeded: typeCount))
  }

  private mutating func fourByteInteger() throws(BTFError) -> BTFTypeID {
    for id in original.identifiers where try original.kind(of: id) == .integer {
      if case .integer(let integer) = try original.type(id).kind, integer.byteCount == 4, integer.bitCount == 32 {
        return id
      }
    }
    return append([string("int"), UInt32(BTFKind.integer.rawValue) << 24, 4, 0x0100_0020])
  }
}
