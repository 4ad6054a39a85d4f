/// What the verifier has to know of a helper function: its arguments, its result, its effects.
///
/// The names in C are in `HelperFunction` (of BPFInstructions), which has the same number. Some functions have another
/// prototype in some program types; ``prototype(of:for:)`` knows.
package struct HelperPrototype: Hashable, Sendable {
  /// The number of the function, from 1.
  package let identifier: Int32
  /// The arguments in order, in R1 and on: at most five. Registers beyond them are not looked at.
  package let arguments: [HelperArgument]
  /// What R0 holds after the call.
  package let result: HelperResult
  /// What a call does besides.
  package let traits: Traits

  /// Properties and effects of a helper function.
  package struct Traits: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Only a program with a licence compatible with the GPL may call it.
    package static let gplOnly = Traits(rawValue: 1 << 0)
    /// It may sleep: not in a program or region that must not.
    package static let mightSleep = Traits(rawValue: 1 << 1)
    /// The result is a reference that the program has to give back when it is not null.
    package static let acquires = Traits(rawValue: 1 << 2)
    /// It may move the packet: pointers to it are of no use afterwards.
    package static let changesPacket = Traits(rawValue: 1 << 3)
    /// It keeps the argument registers that it does not use (`bpf_fastcall`).
    package static let preservesRegisters = Traits(rawValue: 1 << 4)
    /// Pointers to a packet may be passed as memory.
    package static let takesPacket = Traits(rawValue: 1 << 5)
    /// It may be called while a lock is held.
    package static let allowedUnderLock = Traits(rawValue: 1 << 6)
    /// The function that is given is called before the helper returns, any number of times.
    package static let callsBack = Traits(rawValue: 1 << 7)
    /// The function that is given is called later, in a context of its own.
    package static let callsBackLater = Traits(rawValue: 1 << 8)
    /// The result refers to the object that an argument refers to, and lives as long.
    package static let resultSharesReference = Traits(rawValue: 1 << 9)
    /// The result is an error number or at most the size that was passed.
    package static let resultIsSizeOrError = Traits(rawValue: 1 << 10)
  }
}

/// One argument of a helper function.
package struct HelperArgument: Hashable, Sendable {
  /// What it has to be.
  package let kind: Kind
  /// What else is asked of it.
  package let traits: Traits

  package init(_ kind: Kind, _ traits: Traits = []) {
    self.kind = kind
    self.traits = traits
  }

  /// What an argument has to be.
  package enum Kind: Hashable, Sendable {
    /// Any initialised value; unprivileged programs may not pass pointers.
    case anything
    /// The context of the program, unmodified.
    case context
    /// A map that is known when the program is loaded: `lddw`, or a map taken from a map of maps.
    case map
    /// Readable memory of the map's key size. The map is the argument before it that is a ``map``.
    case mapKey
    /// Memory of the map's value size: readable, or with ``Traits/isUninitialized`` written by the function.
    case mapValue
    /// Memory whose size is the next argument (``size(mayBeZero:)``).
    case memory
    /// Memory of a fixed number of bytes.
    case fixedMemory(byteCount: Int)
    /// The number of bytes of the argument before it, whose range has to be proven.
    case size(mayBeZero: Bool)
    /// The number of bytes that the result points to, a constant.
    case allocationSize
    /// A record that `bpf_ringbuf_reserve` gave.
    case ringBufferRecord
    /// A `struct bpf_spin_lock` in a map value or in an object of the program.
    case spinLock
    /// A `struct bpf_timer` in a map value.
    case timer
    /// A field for pointers (`kptr`) in a map value or an object of the program, which `bpf_kptr_xchg` fills.
    case pointerField
    /// What goes into the field: a reference to what the field is for, or null.
    case fieldPointer
    /// A function of the program.
    case function
    /// Memory of the program's stack, or null with ``Traits/isNullable``; its contents are the callback's affair.
    case stack
    /// The address of a text with a zero byte, in a map that is read-only and frozen.
    case constantText
    /// A `struct bpf_dynptr` on the stack, or the one that a callback was given.
    case dynptr(Dynptr)
    /// A socket of any kind (`sock_common` and what is made of it).
    case socketCommon
    /// A full socket (`struct bpf_sock`).
    case socket
    /// A pointer to a structure of the kernel by BTF, by the structure's name.
    case kernelObject(String)
    /// Either the register kinds of ``socketCommon`` or a BTF pointer to one of the kernel's sockets.
    case kernelSocketCommon
    /// A pointer to a variable of each CPU (`__ksym` with the section `.data..percpu`).
    case perCPUVariable
  }

  /// What is asked of a dynptr argument.
  package enum Dynptr: Hashable, Sendable {
    /// One of any kind, initialised.
    case any
    /// A slot that is made a dynptr to memory of the program.
    case newLocal
    /// A slot that is made a dynptr to a record of a ring buffer.
    case newRingBuffer
    /// A dynptr to a record of a ring buffer, which is given up.
    case ringBuffer
  }

  /// Further rules of one argument.
  package struct Traits: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A null pointer, or a pointer that may be null, will do.
    package static let isNullable = Traits(rawValue: 1 << 0)
    /// The function writes all of the memory, which need not be initialised.
    package static let isUninitialized = Traits(rawValue: 1 << 1)
    /// The function writes to the memory.
    package static let isWritten = Traits(rawValue: 1 << 2)
    /// The function only reads the memory: read-only memory will do.
    package static let isOnlyRead = Traits(rawValue: 1 << 3)
    /// The reference that is passed is given back.
    package static let isReleased = Traits(rawValue: 1 << 4)
    /// Memory of a fixed size has to be aligned to it.
    package static let isAligned = Traits(rawValue: 1 << 5)
  }
}

/// What a helper function returns.
package enum HelperResult: Hashable, Sendable {
  /// A number, of which nothing is known.
  case integer
  /// Nothing: R0 cannot be read.
  case nothing
  /// A value of the map that was passed.
  case mapValue(isNullable: Bool)
  /// A record of the ring buffer, of the size that was passed; may be null.
  case ringBufferRecord
  /// Memory of a dynptr, of the size that was passed; may be null.
  case dynptrSlice
  /// `struct bpf_sock`; may be null.
  case socket
  /// `struct bpf_sock_common`; may be null.
  case socketCommon
  /// `struct bpf_tcp_sock`; may be null.
  case tcpSocket
  /// A structure of the kernel by BTF.
  case kernelObject(String, isNullable: Bool, isTrusted: Bool)
  /// The structure that the field of ``HelperArgument/Kind/pointerField`` is for; may be null.
  case exchangedPointer
  /// What the variable of each CPU points to: memory of its size, or a structure by BTF.
  case perCPUVariable(isNullable: Bool)
}
