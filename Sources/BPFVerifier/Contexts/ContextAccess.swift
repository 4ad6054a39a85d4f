/// What programs of one kind may read and write in their context.
package struct ContextLayout: Hashable, Sendable {
  /// The name of the structure in the user-space interface, such as `__sk_buff`; empty where there is none.
  package let structure: String
  /// How the kernel decides.
  package let rule: Rule

  init(_ structure: String, _ rule: Rule) {
    self.structure = structure
    self.rule = rule
  }

  /// How the kernel decides about an access.
  package enum Rule: Hashable, Sendable {
    /// By a table of members, in ascending order of offset.
    case members([ContextMember])
    /// Plain memory: reads at multiples of their size within a range of offsets.
    case plain(Range<Int>)
    /// The arguments of a raw tracepoint: as plain memory; 8 bytes at the beginning of a writable one are its buffer.
    case tracepointArguments(byteCount: Int, hasBuffer: Bool)
    /// The parameters of the function that the program is for, by BTF.
    case parameters
    /// The bytes that user space gives: any access below the limit, at variable offsets too.
    case userBytes(byteCount: Int)
    /// Nothing can be read.
    case opaque
  }
}

/// An access of a context that is allowed.
package struct ContextAccess: Hashable, Sendable {
  /// What a read gives.
  package let value: ContextMember.Value
  /// The size of the member in bytes of which the access reads all or a part; 0 where there are no members.
  package let memberByteCount: Int
}

extension ContextLayout {
  /// The access at an offset, `nil` when it is not allowed (`invalid bpf_context access off=N size=N`).
  ///
  /// - Parameters:
  ///   - offset: the offset in the context, constant.
  ///   - byteCount: 1, 2, 4 or 8.
  ///   - isWrite: whether it is a write.
  package func access(offset: Int, byteCount: Int, isWrite: Bool) -> ContextAccess? {
    guard offset >= 0, [1, 2, 4, 8].contains(byteCount), offset <= Int(Int32.max) else { return nil }
    let plain = ContextAccess(value: .scalar, memberByteCount: 0)
    func lies(in range: Range<Int>) -> Bool {
      range.contains(offset) && offset + byteCount <= range.upperBound && offset % byteCount == 0
    }
    switch rule {
    case .members(let members):
      let member = members.first {
        $0.allows(isWrite ? $0.writes : $0.reads, offset: offset, byteCount: byteCount)
      }
      return member.map { ContextAccess(value: $0.value, memberByteCount: $0.elementByteCount) }
    case .plain(let range):
      return !isWrite && lies(in: range) ? plain : nil
    case .tracepointArguments(let count, let hasBuffer):
      guard !isWrite, lies(in: 0..<count) else { return nil }
      guard hasBuffer, offset == 0 else { return plain }
      return byteCount == 8 ? ContextAccess(value: .tracepointBuffer, memberByteCount: 0) : nil
    case .userBytes(let count):
      return offset + byteCount <= count && offset % byteCount == 0 ? plain : nil
    case .parameters, .opaque:
      return nil
    }
  }
}
