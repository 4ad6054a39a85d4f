/// The kernel's functions by address, its modules' and BPF programs' among them, as `/proc/kallsyms` has them.
struct KernelSymbols {
  /// What is known of a function.
  struct Function: Hashable {
    var name: String
    /// The module that it belongs to, such as `nf_tables` or `bpf`; none for the kernel itself.
    var module: String?
    var start: UInt64
  }

  private struct Entry {
    var address: UInt64
    /// The line's name begins here in the text.
    var name: Int
  }

  private var entries: [Entry] = []
  private let text: [UInt8]
  /// Whether the kernel shows addresses: without the rights to it they are all zero.
  private(set) var hasAddresses = false

  /// No function of a kernel is longer than this: what is farther away from its beginning is something else.
  static let maximumFunctionLength: UInt64 = 1 << 24

  /// Reads text with a line for each symbol: address, type, name, and for modules a tab and `[module]`.
  init(_ text: [UInt8]) {
    self.text = text
    entries.reserveCapacity(text.count / 50)
    var line = 0
    while line < text.count {
      let end = text[line...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      add(text[line..<end])
      line = end + 1
    }
    // Sorted by address; at one address the first line stays first.
    entries.sort { ($0.address, $0.name) < ($1.address, $1.name) }
  }

  private mutating func add(_ line: ArraySlice<UInt8>) {
    var position = line.startIndex
    guard let address = line.hexadecimalNumber(from: &position), position + 2 < line.endIndex,
      line[position] == UInt8(ascii: " "), line[position + 2] == UInt8(ascii: " ")
    else { return }
    // Code: local and global text, weak symbols.
    guard [UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "w"), UInt8(ascii: "W")].contains(line[position + 1])
    else { return }
    if address != 0 { hasAddresses = true }
    entries.append(Entry(address: address, name: position + 3))
  }

  /// The function that an address is in.
  func function(at address: UInt64) -> Function? {
    guard hasAddresses else { return nil }
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    var index = low - 1
    while index > 0 && entries[index - 1].address == entries[index].address { index -= 1 }
    let entry = entries[index]
    guard address - entry.address < Self.maximumFunctionLength else { return nil }
    let end = text[entry.name...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
    let parts = text[entry.name..<end].split(separator: UInt8(ascii: "\t"))
    guard let name = parts.first else { return nil }
    let module = parts.dropFirst().first?.filter { $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "]") }
    return Function(
      name: String(decoding: name, as: UTF8.self), module: module.map { String(decoding: $0, as: UTF8.self) },
      start: entry.address)
  }
}

extension ArraySlice<UInt8> {
  /// A number in base 16 from a position on, which is moved behind it; `nil` when there is none, or one of over 64 bits.
  func hexadecimalNumber(from position: inout Int) -> UInt64? {
    var value: UInt64 = 0
    let start = position
    while position < endIndex, let digit = Self.digit(self[position]) {
      guard value >> 60 == 0 else { return nil }
      value = value << 4 | UInt64(digit)
      position += 1
    }
    return position > start ? value : nil
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
