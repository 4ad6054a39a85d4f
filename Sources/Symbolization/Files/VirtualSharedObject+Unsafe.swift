import CMeropsSymbols

// The pointer here is where the kernel has mapped the vdso into this process, from the auxiliary vector. The mapping lasts as
// long as the process, and is read up to the end that `/proc/self/maps` says, if that is within 64 KiB.

/// The library that the kernel maps into each process: the same for all processes of an architecture, so that this one's
/// serves for those that have ended.
enum VirtualSharedObject {
  /// Its bytes; `nil` where there is none.
  static var bytes: [UInt8]? {
    let start = UInt(merops_vdso_address())
    guard start != 0, let end = end(of: start), end > start, end - start <= 1 << 16,
      let pointer = UnsafeRawPointer(bitPattern: start)
    else { return nil }
    return Array(UnsafeRawBufferPointer(start: pointer, count: Int(end - start)))
  }

  /// The end of the mapping that begins at an address.
  private static func end(of start: UInt) -> UInt? {
    guard let maps = FileContents.all(of: "/proc/self/maps", limit: 1 << 24) else { return nil }
    for line in maps.split(separator: UInt8(ascii: "\n")) {
      var position = line.startIndex
      guard let first = line.hexadecimalNumber(from: &position), first == UInt64(start), position < line.endIndex else {
        continue
      }
      position += 1
      return line.hexadecimalNumber(from: &position).map { UInt($0) }
    }
    return nil
  }
}
