package import BPFObject

/// What programs of one kind may read and write in their context.
package struct ContextLayout: Hashable, Sendable {
  /// How the kernel decides.
  package let rule: Rule
  /// The name of the structure in the user-space interface, such as `__sk_buff`; empty where there is none.
  package let structure: String

  package init(_ structure: String, _ rule: Rule) {
    self.structure = structure
    self.rule = rule
  }

  /// How the kernel decides about an access.
  package enum Rule: Hashable, Sendable {
    /// By a table of members, in ascending order of offset.
    case members([ContextMember])
    /// Plain memory: any read at a multiple of its size below the limit. Writes are allowed from an offset on, if at all.
    case plain(byteCount: Int, readableFrom: Int, isWritable: Bool)
    /// The arguments of a raw tracepoint: 8-byte reads at multiples of 8 below the limit.
    case words(byteCount: Int, isWritableBuffer: Bool)
    /// The parameters of the function that the program is for, by BTF.
    case parameters
    /// The bytes that user space gives: any access below the limit, at variable offsets too.
    case userBytes(byteCount: Int)
    /// No context can be read.
    case opaque
  }
}

/// A member of a context, with what may be done with it.
package struct ContextMember: Hashable, Sendable {
  /// The name in the structure.
  package let name: String
  /// The offset in bytes.
  package let offset: Int
  /// The size in bytes.
  package let byteCount: Int
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
    /// The whole member at its beginning.
    case whole
    /// Powers of two up to the member's size, at multiples of them.
    case narrow
    /// Powers of two from a number of bytes up to the member's size, at multiples of them.
    case atLeast(Int)
  }

  /// What a read gives.
  package enum Value: Hashable, Sendable {
    /// A number.
    case scalar
    /// The beginning of the packet.
    case packet
    /// The end of the packet.
    case packetEnd
    /// The beginning of the metadata in front of the packet.
    case packetMetadata
    /// A socket; may be null.
    case socket
    /// A socket of any kind; may be null unless `isNullable` is false.
    case socketCommon(isNullable: Bool)
    /// The keys of a flow dissector.
    case flowKeys
    /// A value of a BTF type of the kernel.
    case kernelObject(String, isNullable: Bool)
    /// The beginning of an option's value, and its end.
    case optionValue
    case optionValueEnd
  }
}

/// What a program may return.
package enum ReturnRule: Hashable, Sendable {
  /// R0 is not looked at, but has to be initialised and must not be a pointer for unprivileged programs.
  case anything
  /// A number within bounds.
  case range(ClosedRange<Int32>)
  /// What the function that the program replaces returns, by BTF.
  case byPrototype
}

/// An access of a context that is allowed.
package struct ContextAccess: Hashable, Sendable {
  /// What a read gives.
  package let value: ContextMember.Value
  /// The size of the whole member in bytes, when the access reads a part of it or all; the kernel reads all of it and
  /// shifts. 0 where the access is made as it stands.
  package let memberByteCount: Int
}

extension ContextLayout {
  /// What programs of a kind see as their context.
  package static func layout(for kind: ProgramKind) -> ContextLayout { ContextLayout("", .opaque) }

  /// The access at an offset, `nil` when it is not allowed (`invalid bpf_context access off=N size=N`).
  ///
  /// - Parameters:
  ///   - offset: the offset in the context, constant.
  ///   - byteCount: 1, 2, 4 or 8.
  ///   - isWrite: whether it is a write.
  package func access(offset: Int, byteCount: Int, isWrite: Bool) -> ContextAccess? { nil }
}

extension ReturnRule {
  /// What programs of a kind may return.
  package static func rule(for kind: ProgramKind) -> ReturnRule { .anything }
}
