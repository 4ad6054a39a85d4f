/// An ELF object without what only a debugger reads, so that the module carries half as much.
enum StrippedObject {
  /// The object without sections for debuggers and without relocations of type information, whose values stand in the
  /// bytes. Numbers of sections stay as they are: those that go become empty.
  static func make(of object: [UInt8]) -> [UInt8] {
    func number(_ offset: Int, _ size: Int) -> Int {
      (0..<size).reduce(0) { $0 | Int(object[offset + $1]) << (8 * $1) }
    }
    func put(_ value: Int, _ offset: Int, _ size: Int, in bytes: inout [UInt8]) {
      for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }
    let headers = number(0x28, 8)
    let count = number(0x3c, 2)
    let names = number(headers + number(0x3e, 2) * 64 + 24, 8)
    var result = Array(object[..<64])
    var table: [UInt8] = []
    for index in 0..<count {
      let header = headers + index * 64
      var entry = Array(object[header..<header + 64])
      let nameStart = names + number(header, 4)
      let name = String(decoding: object[nameStart...].prefix { $0 != 0 }, as: UTF8.self)
      let isDebugging =
        name.hasPrefix(".debug") || name.hasPrefix(".rel.debug") || name.hasPrefix(".rel.BTF")
        || name == ".llvm_addrsig"
      let type = number(header + 4, 4)
      if isDebugging {
        // `SHT_NULL`.
        entry = [UInt8](repeating: 0, count: 64)
      } else if type != 0, type != 8 {
        let start = number(header + 24, 8)
        let size = number(header + 32, 8)
        while result.count % 8 != 0 { result.append(0) }
        put(result.count, 24, 8, in: &entry)
        result += object[start..<start + size]
      }
      table += entry
    }
    while result.count % 8 != 0 { result.append(0) }
    put(result.count, 0x28, 8, in: &result)
    return result + table
  }
}
