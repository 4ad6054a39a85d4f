/// The fields of a map value that the kernel manages: found by the names of their types in the value's BTF.
///
/// A value has *no record* when there is nothing to find, and also when something found breaks a rule: the map is
/// created all the same, all of its bytes are plain data, and a program that needs the field is refused when it is
/// loaded. ``absence`` then tells why. The rules are those of Linux 6.18 (`btf_parse_fields`); what they are was
/// measured there, see section 3.1 of the task-work specification.
public struct SpecialFields: Hashable, Sendable {
  /// The fields in ascending order of offset; empty when there is no record.
  public var fields: [Field]
  /// Why there is no record, `nil` when there is one.
  public var absence: Absence?
  /// Members that look like special fields and are plain data, for diagnostics.
  public var ignored: [Ignored]

  /// The result with the given parts.
  public init(fields: [Field] = [], absence: Absence? = nil, ignored: [Ignored] = []) {
    self.fields = fields
    self.absence = absence
    self.ignored = ignored
  }

  /// The first field of a kind.
  public func first(_ kind: Kind) -> Field? { fields.first { $0.kind == kind } }

  /// One special field.
  public struct Field: Hashable, Sendable {
    /// What it is.
    public var kind: Kind
    /// The offset in the value in bytes.
    public var offset: Int
    /// What the field refers to.
    public var target: Target
    /// A field at an offset.
    public init(kind: Kind, offset: Int, target: Target = .none) {
      self.kind = kind
      self.offset = offset
      self.target = target
    }
    /// The size in bytes.
    public var byteCount: Int { kind.byteCount }
    /// The bytes of the value that the field takes.
    public var range: Range<Int> { offset..<offset + byteCount }
  }

  /// What a field refers to.
  public enum Target: Hashable, Sendable {
    /// Nothing.
    case none
    /// The structure that a pointer points to, in the same types.
    case pointee(BTFTypeID)
    /// The structure that a list or tree is made of, and where its node is in bytes.
    case elements(BTFTypeID, nodeOffset: Int)
  }

  /// The kinds of special fields.
  public enum Kind: Hashable, Sendable, CaseIterable {
    /// `struct bpf_task_work`.
    case taskWork
    /// `struct bpf_timer`.
    case timer
    /// `struct bpf_wq`.
    case workQueue
    /// `struct bpf_spin_lock`.
    case spinLock
    /// `struct bpf_res_spin_lock`.
    case resilientSpinLock
    /// `struct bpf_list_head`.
    case listHead
    /// `struct bpf_rb_root`.
    case treeRoot
    /// `struct bpf_refcount`.
    case referenceCount
    /// A pointer with the type tag `kptr_untrusted`.
    case untrustedPointer
    /// A pointer with the type tag `kptr`.
    case referencedPointer
    /// A pointer with the type tag `percpu_kptr`.
    case perCPUPointer
    /// A pointer with the type tag `uptr`, to memory of a user process.
    case userPointer
  }

  /// A member that looks like a special field and is plain data.
  public struct Ignored: Hashable, Sendable {
    /// What it looks like.
    public var kind: Kind
    /// The name of the structure or section that the member is in, empty for an anonymous one.
    public var structure: String
    /// The name of the member.
    public var member: String
    /// Why it does not count.
    public var reason: Reason

    /// Why a member is plain data.
    public enum Reason: Hashable, Sendable {
      /// It is within a union.
      case inUnion
      /// Its type is a typedef, or qualified with `const` or `volatile`.
      case notDirect
      /// Its type has the name and is no structure.
      case notStructure
      /// Its offset is not a multiple of the field's alignment.
      case misaligned(offset: Int)
      /// Its type has another size than the kernel's.
      case wrongSize(byteCount: Int)
    }
  }

  /// Why a value has no record of special fields.
  public enum Absence: Hashable, Sendable {
    /// No member is a special field; ``SpecialFields/ignored`` tells of those that come near.
    case noFields
    /// The value's type is neither a structure nor a data section.
    case notStructure
    /// Two fields of a kind of which a value may have one, or an array of more than one.
    case duplicate(Kind)
    /// More than eleven fields.
    case tooMany
    /// A bit field that does not begin at a byte.
    case bitField(structure: String, member: String)
    /// A pointer with a type tag that has no meaning in a map value (also `user`).
    case unknownPointerTag(structure: String, member: String, tag: String)
    /// A tagged pointer with two tags, or to something else than a structure.
    case badPointer(structure: String, member: String)
    /// A list head or tree root without a declaration tag `contains:<struct>:<member>` that fits.
    case badContents(structure: String, member: String)
    /// A list head or tree root without a lock in the same value.
    case noLock
    /// Locks of both kinds in one value.
    case twoKindsOfLock
    /// Two fields that overlap, or one that ends after the value.
    case overlap(offset: Int)
    /// Structures or arrays that nest too deeply.
    case tooDeep
  }
}

extension SpecialFields.Kind: CustomStringConvertible {
  /// The name of the structure or of the type tag.
  public var description: String {
    switch self {
    case .taskWork: "bpf_task_work"
    case .timer: "bpf_timer"
    case .workQueue: "bpf_wq"
    case .spinLock: "bpf_spin_lock"
    case .resilientSpinLock: "bpf_res_spin_lock"
    case .listHead: "bpf_list_head"
    case .treeRoot: "bpf_rb_root"
    case .referenceCount: "bpf_refcount"
    case .untrustedPointer: "kptr_untrusted"
    case .referencedPointer: "kptr"
    case .perCPUPointer: "percpu_kptr"
    case .userPointer: "uptr"
    }
  }

  /// The size in bytes on 64-bit kernels.
  public var byteCount: Int {
    switch self {
    case .spinLock, .resilientSpinLock, .referenceCount: 4
    case .taskWork, .untrustedPointer, .referencedPointer, .perCPUPointer, .userPointer: 8
    case .timer, .workQueue, .listHead, .treeRoot: 16
    }
  }

  /// The alignment in bytes.
  public var alignment: Int { min(byteCount, 8) }

  /// The kinds that are structures, by the structure's name.
  static let byStructureName: [String: Self] = {
    let structures: [Self] = [
      .taskWork, .timer, .workQueue, .spinLock, .resilientSpinLock, .listHead, .treeRoot, .referenceCount,
    ]
    return Dictionary(uniqueKeysWithValues: structures.map { ($0.description, $0) })
  }()

  /// The kinds that are pointers, by their type tag.
  static let byTag: [String: Self] = {
    let pointers: [Self] = [.untrustedPointer, .referencedPointer, .perCPUPointer, .userPointer]
    return Dictionary(uniqueKeysWithValues: pointers.map { ($0.description, $0) })
  }()

  /// Whether a structure may hold only one.
  var isUnique: Bool {
    switch self {
    case .taskWork, .timer, .workQueue, .spinLock, .resilientSpinLock: true
    case .listHead, .treeRoot, .referenceCount, .untrustedPointer, .referencedPointer, .perCPUPointer, .userPointer:
      false
    }
  }

  /// Whether there may be an array of them.
  var isRepeatable: Bool { !isUnique && self != .referenceCount }
}

extension SpecialFields.Absence: CustomStringConvertible {
  /// A sentence that says what is in the way and what to change.
  public var description: String {
    switch self {
    case .noFields:
      "the value has no special field"
    case .notStructure:
      "the value is not a structure; special fields are members of one"
    case .duplicate(let kind):
      "the value has more than one \(kind); leave one, or use one map for each"
    case .tooMany:
      "the value has more than \(SpecialFields.maximumCount) special fields"
    case .bitField(let structure, let member):
      "the bit field \(member) of struct \(structure) does not begin at a byte, which ends the search; "
        + "keep bit fields out of values with special fields, or put them in a union"
    case .unknownPointerTag(let structure, let member, let tag):
      "the pointer \(member) of struct \(structure) has the type tag \"\(tag)\", which ends the search; "
        + "only kptr, kptr_untrusted, percpu_kptr and uptr may stand in a map value"
    case .badPointer(let structure, let member):
      "the pointer \(member) of struct \(structure) has two type tags or does not point to a structure"
    case .badContents(let structure, let member):
      "\(member) of struct \(structure) needs a declaration tag \"contains:<struct>:<member>\" "
        + "that names a structure of this object and its node"
    case .noLock:
      "a list head or tree root needs a bpf_spin_lock or bpf_res_spin_lock in the same value"
    case .twoKindsOfLock:
      "the value has both a bpf_spin_lock and a bpf_res_spin_lock; leave one"
    case .overlap(let offset):
      "the special field at offset \(offset) overlaps another one or the end of the value"
    case .tooDeep:
      "structures or arrays nest too deeply"
    }
  }
}

extension SpecialFields.Ignored: CustomStringConvertible {
  /// A sentence that says which member is plain data, and why.
  public var description: String {
    let place = structure.isEmpty ? member : "\(structure).\(member)"
    return switch reason {
    case .inUnion: "\(place) is no \(kind) field, since it is within a union"
    case .notDirect:
      "\(place) is no \(kind) field, since its type is a typedef or qualified; write `struct \(kind)` there"
    case .notStructure: "\(place) is no \(kind) field, since its type is no structure"
    case .misaligned(let offset):
      "\(place) is no \(kind) field, since its offset \(offset) is not a multiple of \(kind.alignment)"
    case .wrongSize(let byteCount):
      "\(place) is no \(kind) field, since its type has \(byteCount) bytes and not \(kind.byteCount)"
    }
  }
}
