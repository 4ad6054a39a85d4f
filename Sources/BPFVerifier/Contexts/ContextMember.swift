/// A member of a context, with what may be done with it.
package struct ContextMember: Hashable, Sendable {
  /// The name in the structure.
  package let name: String
  /// The offset in bytes.
  package let offset: Int
  /// The size in bytes.
  package let byteCount: Int
  /// The size of one element: less than the member's for an array.
  package let elementByteCount: Int
  /// The sizes of reads that are allowed within it.
  package let reads: Widths
  /// The sizes of writes that are allowed.
  package let writes: Widths
  /// What a read gives.
  package let value: Value

  /// Sizes of accesses within a member.
  package enum Widths: Hashable, Sendable {
    /// None.
    case none
    /// A whole element.
    case whole
    /// A whole element or a part of it, at a multiple of the access's size.
    case narrow
    /// A whole element or a part at its beginning.
    case beginning
    /// Any access of at least so many bytes that lies within the member, at a multiple of its size within the structure.
    case aligned(from: Int)
  }

  /// What a read gives.
  package enum Value: Hashable, Sendable {
    /// A number.
    case scalar
    /// The beginning of the packet, or of an option's value.
    case packet
    /// The end of the packet.
    case packetEnd
    /// The beginning of the metadata in front of the packet.
    case packetMetadata
    /// `struct bpf_sock`.
    case socket(isNullable: Bool)
    /// `struct bpf_sock_common`.
    case socketCommon(isNullable: Bool)
    /// The keys of a flow dissector.
    case flowKeys
    /// A buffer that a writable raw tracepoint gives.
    case tracepointBuffer
    /// A trusted pointer to a structure of the kernel.
    case kernelObject(String)
  }

  /// Whether an access of some bytes at an offset in the structure lies within the member and has an allowed size.
  func allows(_ widths: Widths, offset: Int, byteCount: Int) -> Bool {
    let start = offset - self.offset
    guard start >= 0, byteCount > 0, byteCount <= self.byteCount, start <= self.byteCount - byteCount else {
      return false
    }
    let within = start % elementByteCount
    switch widths {
    case .none: return false
    case .whole: return within == 0 && byteCount == elementByteCount
    case .narrow: return byteCount <= elementByteCount && within % byteCount == 0
    case .beginning: return within == 0 && byteCount <= elementByteCount
    case .aligned(let minimum): return byteCount >= minimum && offset % byteCount == 0
    }
  }

  /// The member, to be read only.
  var readOnly: ContextMember { with(reads: reads, writes: .none) }

  private func with(reads: Widths, writes: Widths) -> ContextMember {
    ContextMember(
      name: name, offset: offset, byteCount: byteCount, elementByteCount: elementByteCount, reads: reads,
      writes: writes, value: value)
  }
}
