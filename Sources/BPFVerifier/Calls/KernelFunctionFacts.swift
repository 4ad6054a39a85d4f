internal import BPFObject
internal import BPFTypeFormat

/// A kernel function that the program calls, with its prototype read from the kernel's types.
struct KernelFunctionFacts {
  let function: KernelFunction
  private(set) var parameters: [Parameter]
  let result: Result

  /// A parameter as the verifier has to check it.
  struct Parameter {
    var kind: Kind
    /// The structure or type that a pointer points to, in the kernel's words: `STRUCT task_struct`.
    var target = ""
    var isNullable = false
    /// Whether the size of the memory is the next argument.
    var isSized = false
    /// Whether that size has to be a constant, which is then that of the result.
    var hasConstantSize = false
    /// Whether only numbers are behind the pointer, so that any memory will do.
    var isPlain = false
    /// The bytes behind the pointer, where they are plain.
    var byteCount = 0
    /// The type behind the pointer.
    var type = BTFTypeID.void
    var isUninitialized = false
  }

  /// What an argument has to be.
  enum Kind: Equatable {
    case scalar
    case constant
    case size
    case ignored
    case context
    case map
    /// A map, or a pointer to the kernel's structure for one.
    case mapObject
    case callback
    case iterator(name: String, slots: Int)
    case taskWork
    case workQueue
    case interruptFlag
    case resilientLock
    case dynptr
    case allocatedObject
    case referenceCountedObject
    case listHead
    case listNode
    case treeRoot
    case treeNode
    case constantText
    case pointer
    case unsupported(String)
  }

  /// What R0 holds after the call.
  enum Result {
    case nothing
    case scalar
    case structure(BTFTypeID)
    case memory(Int)
    case unsupported(String)
  }

  /// The facts of a function by its name, for programs with a context; nil where the kernel does not have it.
  static func known(_ function: KernelFunction, _ types: BTF, context: String) -> KernelFunctionFacts? {
    guard let id = types.first(named: function.name, kind: .function) else { return nil }
    var facts = types.derived(from: id) { KernelFunctionFacts(function, id, types) }
    if !context.isEmpty { facts?.recognizeContext([context, kernelContexts[context] ?? context]) }
    return facts
  }

  private init?(_ function: KernelFunction, _ id: BTFTypeID, _ types: BTF) {
    guard let record = try? types.type(id),
      case .function(let prototype, _) = record.kind, let signature = try? types.type(prototype),
      case .functionPrototype(let signature) = signature.kind
    else { return nil }
    self.function = function
    var parameters: [Parameter] = []
    for (index, parameter) in signature.parameters.enumerated() {
      let next = index + 1 < signature.parameters.count ? signature.parameters[index + 1].name : ""
      parameters.append(Self.parameter(parameter, next, types))
    }
    if function.role == .castToKernelContext, !parameters.isEmpty { parameters[0].kind = .context }
    self.parameters = parameters
    result = Self.result(signature.result, types)
  }

  /// Pointers to one of some structures are the program's context.
  private mutating func recognizeContext(_ names: [String]) {
    for index in parameters.indices where parameters[index].kind == .pointer {
      let target = parameters[index].target
      if names.contains(where: { target.hasPrefix("STRUCT ") && target.dropFirst(7) == $0 }) {
        parameters[index].kind = .context
      }
    }
  }

  private static func parameter(
    _ parameter: BTFType.FunctionPrototype.Parameter, _ next: String, _ types: BTF
  ) -> Parameter {
    let rule = KernelArgumentRule(parameterName: parameter.name)
    if rule == .ignored { return Parameter(kind: .ignored) }
    guard let type = types.plain(parameter.type) else { return Parameter(kind: .unsupported(parameter.name)) }
    switch type.kind {
    case .integer, .enumeration:
      switch rule {
      case .constant: return Parameter(kind: .constant)
      case .size, .constantSize: return Parameter(kind: .size)
      default: return Parameter(kind: .scalar)
      }
    case .pointer(let target):
      return pointer(target, rule, next, types)
    default: return Parameter(kind: .unsupported(parameter.name))
    }
  }

  private static func pointer(
    _ target: BTFTypeID, _ rule: KernelArgumentRule?, _ next: String, _ types: BTF
  ) -> Parameter {
    var result = Parameter(kind: .pointer)
    result.isNullable = rule == .nullable
    result.isUninitialized = rule == .uninitialized
    let nextRule = KernelArgumentRule(parameterName: next)
    result.isSized = nextRule == .size || nextRule == .constantSize
    result.hasConstantSize = nextRule == .constantSize
    guard let id = try? types.resolve(target), let type = types.plain(target) else { return result }
    result.type = (try? types.unqualified(id)) ?? id
    switch rule {
    case .map: result.kind = .map
    case .constantText: result.kind = .constantText
    case .interruptFlags: result.kind = .interruptFlag
    case .callback: result.kind = .callback
    case .allocatedObject: result.kind = .allocatedObject
    case .referenceCountedObject: result.kind = .referenceCountedObject
    default: break
    }
    switch type.kind {
    case .functionPrototype: result.kind = .callback
    case .structure(let composite):
      result.target = "STRUCT \(type.name)"
      result.byteCount = Int(composite.byteCount)
      result.isPlain = isPlain(composite, types, 0)
      if result.kind == .pointer { result.kind = kind(type.name, Int(composite.byteCount)) }
    case .union(let composite):
      result.target = "UNION \(type.name)"
      result.isPlain = isPlain(composite, types, 0)
      result.byteCount = Int(composite.byteCount)
    case .integer(let integer):
      result.target = "INT \(type.name)"
      result.isPlain = true
      result.byteCount = Int(integer.byteCount)
    case .enumeration(let enumeration):
      result.target = "ENUM \(type.name)"
      result.isPlain = true
      result.byteCount = Int(enumeration.byteCount)
    case .void: result.target = "UNKNOWN "
    default: result.target = type.name
    }
    return result
  }

  private static func kind(_ name: String, _ byteCount: Int) -> Kind {
    switch name {
    case "bpf_task_work": return .taskWork
    case "bpf_wq": return .workQueue
    case "bpf_dynptr", "bpf_dynptr_kern": return .dynptr
    case "bpf_list_head": return .listHead
    case "bpf_list_node": return .listNode
    case "bpf_rb_root": return .treeRoot
    case "bpf_rb_node": return .treeNode
    case "bpf_res_spin_lock": return .resilientLock
    case "bpf_map": return .mapObject
    case _ where name.hasPrefix("bpf_iter_") && !name.hasSuffix("_kern"):
      return .iterator(name: String(name.dropFirst(9)), slots: (byteCount + 7) / 8)
    default: return .pointer
    }
  }

  /// What the kernel calls inside what programs see as their context.
  static let kernelContexts = ["__sk_buff": "sk_buff", "xdp_md": "xdp_buff", "bpf_sock": "sock"]

  /// Whether a structure or a union holds numbers alone.
  static func isPlain(_ composite: BTFType.Composite, _ types: BTF, _ depth: Int) -> Bool {
    guard depth < 4 else { return false }
    return composite.members.allSatisfy { member in
      guard let type = types.plain(member.type) else { return false }
      switch type.kind {
      case .integer, .enumeration: return true
      case .structure(let inner), .union(let inner): return isPlain(inner, types, depth + 1)
      case .array(let array):
        guard let element = types.plain(array.element) else { return false }
        switch element.kind {
        case .integer, .enumeration: return true
        case .structure(let inner), .union(let inner): return isPlain(inner, types, depth + 1)
        default: return false
        }
      default: return false
      }
    }
  }

  private static func result(_ id: BTFTypeID, _ types: BTF) -> Result {
    guard let type = types.plain(id) else { return .unsupported("its result") }
    switch type.kind {
    case .void: return .nothing
    case .integer, .enumeration: return .scalar
    case .pointer(let target):
      guard let pointee = types.plain(target), let resolved = try? types.unqualified(target) else {
        return .unsupported("its result")
      }
      switch pointee.kind {
      case .structure: return .structure(resolved)
      case .integer, .enumeration: return .memory((try? types.size(of: target)) ?? 0)
      // An address that says nothing, such as one in the arena.
      case .void: return .scalar
      default: return .unsupported("its result")
      }
    default: return .unsupported("its result")
    }
  }
}

extension BTF {
  /// A type without typedefs and qualifiers.
  func plain(_ id: BTFTypeID) -> BTFType? {
    guard let resolved = try? unqualified(id), let type = try? type(resolved) else { return nil }
    if case .typedef(let target) = type.kind { return plain(target) }
    return type
  }
}
