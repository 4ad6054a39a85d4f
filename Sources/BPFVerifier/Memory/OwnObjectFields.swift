internal import BPFTypeFormat

/// What the kernel manages in an object of a type of the program: locks, heads of lists, roots of trees, nodes, counts.
struct OwnObjectFields {
  struct Field {
    var kind: Kind
    var offset: Int
    var byteCount: Int
    /// For a head or a root: the type of its elements, and where their node is.
    var elements: (type: BTFTypeID, nodeOffset: Int)?
  }

  enum Kind: String {
    case spinLock = "bpf_spin_lock"
    case resilientSpinLock = "bpf_res_spin_lock"
    case listHead = "bpf_list_head"
    case listNode = "bpf_list_node"
    case treeRoot = "bpf_rb_root"
    case treeNode = "bpf_rb_node"
    case referenceCount = "bpf_refcount"
    case pointer = "kptr"
    case timer = "bpf_timer"
    case workQueue = "bpf_wq"
    case taskWork = "bpf_task_work"
  }

  private(set) var fields: [Field] = []

  /// Whether a list or a tree can own the object.
  var hasNode: Bool { first(.listNode) != nil || first(.treeNode) != nil }

  func first(_ kind: Kind) -> Field? { fields.first { $0.kind == kind } }
  func field(_ kind: Kind, at offset: Int) -> Field? { fields.first { $0.kind == kind && $0.offset == offset } }

  /// The fields of a structure, those of structures within it included.
  init(_ id: BTFTypeID, _ types: BTF) {
    // Heads, locks and pointers are found by the same rules as in map values; nodes stand in objects alone.
    if let special = try? SpecialFields.find(in: types, value: id) {
      for field in special.fields {
        var elements: (BTFTypeID, Int)?
        if case .elements(let type, let nodeOffset) = field.target { elements = (type, nodeOffset) }
        fields.append(
          Field(kind: Kind(field.kind), offset: field.offset, byteCount: field.byteCount, elements: elements))
      }
    }
    findNodes(id, types, at: 0, depth: 0)
    // Linux 6.18 does not look into a structure for a resilient lock alone.
    if fields.allSatisfy({ $0.kind == .resilientSpinLock }) { fields = [] }
  }

  private mutating func findNodes(_ id: BTFTypeID, _ types: BTF, at base: Int, depth: Int) {
    guard depth < 8, let type = types.plain(id), case .structure(let composite) = type.kind else { return }
    for member in composite.members where member.bitFieldWidth == 0 {
      guard let inner = types.plain(member.type), case .structure(let structure) = inner.kind else { continue }
      let offset = base + Int(member.bitOffset) / 8
      if let kind = Kind(rawValue: inner.name) {
        if kind == .listNode || kind == .treeNode || kind == .referenceCount && first(.referenceCount) == nil {
          fields.append(Field(kind: kind, offset: offset, byteCount: Int(structure.byteCount)))
        }
      } else {
        findNodes(member.type, types, at: offset, depth: depth + 1)
      }
    }
  }
}

extension OwnObjectFields.Kind {
  init(_ kind: SpecialFields.Kind) {
    self =
      switch kind {
      case .spinLock: .spinLock
      case .resilientSpinLock: .resilientSpinLock
      case .listHead: .listHead
      case .treeRoot: .treeRoot
      case .referenceCount: .referenceCount
      case .timer: .timer
      case .workQueue: .workQueue
      case .taskWork: .taskWork
      case .untrustedPointer, .referencedPointer, .perCPUPointer, .userPointer: .pointer
      }
  }
}

extension Exploration {
  /// The fields of a type of the program, found when first asked for.
  mutating func ownFields(_ type: UInt32) -> OwnObjectFields? {
    if let known = ownObjectFields[type] { return known }
    guard let types = program.ownTypes else { return nil }
    let fields = OwnObjectFields(BTFTypeID(type), types)
    ownObjectFields[type] = fields
    return fields
  }
}
