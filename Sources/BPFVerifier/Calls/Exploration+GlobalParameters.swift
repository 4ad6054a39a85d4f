internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// A parameter of a global function, by the types of the program and the tags on it.
enum GlobalParameter {
  case scalar
  case context
  case dynptr
  /// A pointer into the arena, of which nothing need be known.
  case arena
  /// Memory of some bytes, which may be null unless it is declared not to be.
  case memory(Int, isNullable: Bool)
  /// Memory that may only be read, and need not be there.
  case untrustedMemory
  /// An object of the kernel that need not be there.
  case untrustedObject(UInt32)
  /// An object of the kernel.
  case trustedObject(UInt32, isNullable: Bool)
}

/// What tags say of a parameter.
private struct ParameterTags: OptionSet {
  let rawValue: UInt8
  init(rawValue: UInt8) { self.rawValue = rawValue }
  static let context = ParameterTags(rawValue: 1)
  static let trusted = ParameterTags(rawValue: 2)
  static let untrusted = ParameterTags(rawValue: 4)
  static let notNull = ParameterTags(rawValue: 8)
  static let nullable = ParameterTags(rawValue: 16)
  static let arena = ParameterTags(rawValue: 32)

  private static let byName: [Substring: ParameterTags] = [
    "ctx": .context, "trusted": .trusted, "untrusted": .untrusted, "nonnull": .notNull, "nullable": .nullable,
    "arena": .arena,
  ]

  /// The tags among declaration tags; nil where one of them is not known.
  init?(_ texts: [String]) {
    self = []
    for text in texts where text.hasPrefix("arg:") {
      guard let tag = Self.byName[text.dropFirst(4)] else { return nil }
      insert(tag)
    }
  }
}

extension Exploration {
  /// The parameters of a global function.
  mutating func globalParameters(_ index: Int) throws(Stop) -> [GlobalParameter] {
    let name = code.functions[index].name
    guard let types = program.ownTypes, let id = code.functions[index].type, let type = try? types.type(id),
      case .function(let prototypeID, _) = type.kind, let prototype = types.plain(prototypeID),
      case .functionPrototype(let signature) = prototype.kind
    else { throw unsupported("global functions without types") }
    if signature.parameters.count > 5 {
      throw reject(
        "Global function \(name)() with \(signature.parameters.count) > 5 args. Buggy compiler.", .invalidArgument,
        .globalArguments(function: name))
    }
    switch types.plain(signature.result)?.kind {
    case .integer?, .enumeration?: break
    default:
      throw reject(
        "Global function \(name)() doesn't return scalar. Only those are supported.", .invalidArgument,
        .globalArguments(function: name))
    }
    var result: [GlobalParameter] = []
    for (position, parameter) in signature.parameters.enumerated() {
      guard let tags = ParameterTags((try? types.declarationTags(on: id, component: position)) ?? []) else {
        throw refused(position, "has unsupported set of tags", name, .notSupported)
      }
      result.append(try globalParameter(parameter.type, tags, position, name, types))
    }
    return result
  }

  /// A fault in the declaration of a parameter.
  private mutating func refused(
    _ position: Int, _ text: String, _ function: String, _ errno: Int32 = .invalidArgument
  ) -> Stop {
    reject("arg#\(position) \(text)", errno, .globalArguments(function: function))
  }

  private mutating func globalParameter(
    _ id: BTFTypeID, _ tags: ParameterTags, _ position: Int, _ name: String, _ types: BTF
  ) throws(Stop) -> GlobalParameter {
    guard let type = types.plain(id), case .pointer(let target) = type.kind else {
      if !tags.isEmpty { throw refused(position, "has pointer tag, but is not a pointer type", name) }
      switch types.plain(id)?.kind {
      case .integer?, .enumeration?: return .scalar
      default:
        throw reject(
          "Arg#\(position) type \(types.kindText(id)) in \(name)() is not supported yet.", .invalidArgument,
          .globalArguments(function: name))
      }
    }
    let isTooMuch = "has invalid combination of tags"
    if tags.contains(.context) || isContext(target, types) {
      guard tags.isSubset(of: .context) else { throw refused(position, isTooMuch, name) }
      if tags.contains(.context) { try checkContextTag(target, position, name, types) }
      return .context
    }
    if let pointee = types.plain(target), pointee.name == "bpf_dynptr" {
      guard tags.isEmpty else { throw refused(position, isTooMuch, name) }
      return .dynptr
    }
    if tags.contains(.trusted) {
      if tags.contains(.notNull) { throw refused(position, isTooMuch, name) }
      return .trustedObject(
        try kernelStructure(target, position, name, types), isNullable: tags.contains(.nullable))
    }
    if tags.contains(.untrusted) {
      guard tags == .untrusted else {
        throw refused(position, "untrusted cannot be combined with any other tags", name)
      }
      switch types.plain(target)?.kind {
      case .void?, .integer?, .enumeration?: return .untrustedMemory
      default: return .untrustedObject(try kernelStructure(target, position, name, types))
      }
    }
    if tags.contains(.arena) {
      guard tags == .arena else { throw refused(position, "arena cannot be combined with any other tags", name) }
      return .arena
    }
    if tags.contains(.nullable) { throw refused(position, isTooMuch, name) }
    guard let size = try? types.size(of: target) else {
      throw refused(
        position, "reference type('\(types.text(target))') size cannot be determined: -22", name)
    }
    return .memory(size, isNullable: !tags.contains(.notNull))
  }

  /// The one structure of the kernel that has the name of a structure of the program.
  private mutating func kernelStructure(
    _ target: BTFTypeID, _ position: Int, _ name: String, _ types: BTF
  ) throws(Stop) -> UInt32 {
    guard let kernel = program.kernelTypes else { throw unsupported("the kernel's objects without its types") }
    let local = types.plain(target)
    let wanted = String(BTF.essentialName(of: local?.name ?? ""))
    let text = "reference type('\(types.kindText(target)) \(wanted.isEmpty ? "(anon)" : local?.name ?? "")')"
    guard !wanted.isEmpty else { throw refused(position, "\(text) candidate matching error: -22", name) }
    let kind = local.map(\.kind.code)
    let found = kernel.types(named: wanted).filter { (try? kernel.kind(of: $0)) == kind }
    guard let type = found.first else { throw refused(position, "\(text) has no matches", name, .noEntry) }
    guard found.count == 1 else { throw refused(position, "\(text) is ambiguous", name, .noProcess) }
    guard kind == .structure else {
      throw refused(
        position, "has type \(types.kindText(target)) '', but only kernel struct types are allowed", name)
    }
    return type.rawValue
  }

  // MARK: Contexts

  /// Whether a parameter is taken for the program's context by the name of what it points to.
  private func isContext(_ target: BTFTypeID, _ types: BTF) -> Bool {
    if program.kind.type == .kprobe, types.firstTypedef(target) == "bpf_user_pt_regs_t" { return true }
    guard let type = types.plain(target) else { return false }
    switch type.kind {
    case .structure, .union: break
    default: return false
    }
    let names = contextNames
    guard let first = names.first, !first.isEmpty else { return false }
    return names.contains(type.name) || KernelFunctionFacts.kernelContexts[first] == type.name
  }

  /// What the program's context is called: by its type, and by what that stands for.
  private var contextNames: [String] {
    guard let kernel = program.kernelTypes, let id = program.contextType(suffix: "_prog") else {
      let name = program.context.structure
      return name == "bpf_user_pt_regs_t" ? [name, "pt_regs"] : [name]
    }
    let plain = kernel.plain(id)
    if let typedef = kernel.firstTypedef(id) { return [typedef, plain?.name ?? ""] }
    return [plain?.name ?? ""]
  }

  /// A parameter that a tag makes the context has to look like it.
  private mutating func checkContextTag(
    _ target: BTFTypeID, _ position: Int, _ name: String, _ types: BTF
  ) throws(Stop) {
    let type = program.kind.type
    if type == .kprobe || type == .perfEvent, types.firstTypedef(target) == "bpf_user_pt_regs_t" { return }
    guard let pointee = types.plain(target) else { return }
    if case .void = pointee.kind { return }
    guard !pointee.name.isEmpty else { throw refused(position, "type doesn't have a name", name) }
    var isStructure = false
    if case .structure = pointee.kind { isStructure = true }
    var isWord = false
    if case .integer(let integer) = pointee.kind, integer.byteCount == 8 { isWord = true }
    let attach = AttachType(rawValue: program.kind.attachType)
    switch type {
    case .kprobe, .perfEvent: if isStructure, pointee.name == "pt_regs" { return }
    case .rawTracepoint, .rawTracepointWritable, .lsm, .structOperations: if isWord { return }
    case .tracing:
      switch attach {
      case .traceRawTracepoint: if isWord || isStructure && pointee.name == "bpf_raw_tracepoint_args" { return }
      case .traceIterator: if isStructure, pointee.name.hasPrefix("bpf_iter__") { return }
      default: if isWord { return }
      }
    case .tracepoint, .systemCall, .extension_: return
    default: break
    }
    let names = contextNames
    var contextIsStructure = !(names.first ?? "").isEmpty
    if let kernel = program.kernelTypes, let id = program.contextType(suffix: "_prog") {
      if case .structure? = kernel.plain(id)?.kind { contextIsStructure = true } else { contextIsStructure = false }
    }
    guard contextIsStructure else { throw refused(position, "should be void pointer", name) }
    let wanted = names.last ?? ""
    guard isStructure, pointee.name == wanted else { throw refused(position, "should be `struct \(wanted) *`", name) }
  }
}

extension VerifiedInput {
  /// A type of the kernel for the program's context.
  func contextType(suffix: String) -> BTFTypeID? {
    guard let types = kernelTypes, let names = types.first(named: "bpf_prog_type", kind: .enumeration) else {
      return nil
    }
    // Kept under the enumeration, of which nothing else is made.
    return types.derived(from: names) { ContextTypes(types, names) }?.types["\(kind.type.rawValue)\(suffix)"]
  }
}

/// What `struct bpf_ctx_convert` of the kernel's types says: it has two members for each type of program, what programs see
/// of their context and what the kernel has.
private struct ContextTypes {
  /// By the number of the type of program, with the suffix of the member behind it.
  var types: [String: BTFTypeID] = [:]

  init?(_ types: BTF, _ names: BTFTypeID) {
    guard let table = types.first(named: "bpf_ctx_convert", kind: .structure),
      case .structure(let members)? = (try? types.type(table))?.kind,
      case .enumeration(let values)? = (try? types.type(names))?.kind
    else { return nil }
    for value in values.values {
      for suffix in ["_prog", "_kern"] {
        guard let member = members.members.first(where: { $0.name == value.name + suffix }) else { continue }
        self.types["\(value.value)\(suffix)"] = member.type
      }
    }
  }
}

extension BTF {
  /// The name of the typedef that a type is, qualifiers aside.
  fileprivate func firstTypedef(_ id: BTFTypeID) -> String? {
    guard let resolved = try? unqualified(id), let type = try? type(resolved), case .typedef = type.kind else {
      return nil
    }
    return type.name
  }

  /// The kernel's word for what a type is, typedefs and qualifiers aside.
  fileprivate func kindText(_ id: BTFTypeID) -> String {
    guard let type = plain(id) else { return "UNKNOWN" }
    return switch type.kind {
    case .void: "UNKNOWN"
    case .integer: "INT"
    case .pointer: "PTR"
    case .array: "ARRAY"
    case .structure: "STRUCT"
    case .union: "UNION"
    case .enumeration: "ENUM"
    case .forward: "FWD"
    case .functionPrototype: "FUNC_PROTO"
    case .float: "FLOAT"
    default: "UNKNOWN"
    }
  }

  /// What a type is and its name, in the kernel's words.
  fileprivate func text(_ id: BTFTypeID) -> String { "\(kindText(id)) \(plain(id)?.name ?? "")" }
}
