/// Prints types as C declarations that clang for BPF lays out as the types say.
///
/// ``header(roots:)`` prints what programs know as `vmlinux.h`. Definitions are in an order in which C can read them,
/// with forward declarations where types refer to each other; what BTF does not record (packing, alignment, padding)
/// is recovered from offsets and sizes. When two types share a name, the second one is called `name___2`, which CO-RE
/// takes for the same name.
public struct CPrinter: Sendable {
  /// What a header contains besides type definitions.
  public struct Options: Sendable {
    /// The macro of the include guard.
    public var guardName: String = "__VMLINUX_H__"
    /// Whether accesses to the structures are recorded for CO-RE, unless `BPF_NO_PRESERVE_ACCESS_INDEX` is defined.
    public var preservesAccessIndex: Bool = true
    /// Whether functions with the declaration tag `bpf_kfunc` are declared, unless `BPF_NO_KFUNC_PROTOTYPES` is defined.
    public var declaresKernelFunctions: Bool = true
    /// The greatest length of the text in bytes.
    public var limit: Int = 1 << 28
    /// The options that a `vmlinux.h` has.
    public init() {}
  }

  let btf: BTF
  let options: Options

  /// A printer for types.
  public init(_ btf: BTF, options: Options = Options()) {
    self.btf = btf
    self.options = options
  }

  /// A header that defines types and, by the options, declares kernel functions.
  ///
  /// - Parameter roots: the types to define with all that they need, `nil` for all types. A function or variable
  ///   among them is declared. With roots, kernel functions are declared only if they are among them.
  /// - Throws: ``BTFError`` when a type is damaged, types form a cycle, or the text exceeds the limit.
  public func header(roots: [BTFTypeID]? = nil) throws(BTFError) -> String {
    var writer = CWriter(btf, limit: options.limit)
    let kernelFunctions = options.declaresKernelFunctions ? try kernelFunctions(of: roots) : []
    for function in kernelFunctions { try writer.reserveName(of: function) }
    writer.write("#ifndef \(options.guardName)\n#define \(options.guardName)\n\n")
    if options.preservesAccessIndex {
      writer.write(
        """
        #ifndef BPF_NO_PRESERVE_ACCESS_INDEX
        #pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
        #endif


        """)
    }
    if let roots {
      for id in roots where !kernelFunctions.contains(id) { try writer.define(id) }
    } else {
      try writer.defineAll()
    }
    if options.preservesAccessIndex {
      writer.write("#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\n")
    }
    if !kernelFunctions.isEmpty {
      try writer.writeKernelFunctions(kernelFunctions)
    }
    writer.write("#endif /* \(options.guardName) */\n")
    return try writer.text()
  }

  /// The definition of one type without those that it needs, such as `struct point { … };`.
  ///
  /// - Throws: ``BTFError`` when the type is damaged or part of a cycle.
  public func definition(of id: BTFTypeID) throws(BTFError) -> String {
    var writer = CWriter(btf, limit: options.limit)
    return try writer.definition(of: id) + ";"
  }

  /// A declaration of a name with a type, such as `int (*handler)(void *)`; types with a name appear by it.
  ///
  /// - Parameter name: the name, empty for the type alone.
  /// - Throws: ``BTFError`` when the type is damaged or part of a cycle.
  public func declaration(of id: BTFTypeID, name: String = "") throws(BTFError) -> String {
    var writer = CWriter(btf, limit: options.limit)
    return try writer.declaration(of: id, name: name)
  }

  /// The kernel functions of the types, or those of them that are among the roots.
  private func kernelFunctions(of roots: [BTFTypeID]?) throws(BTFError) -> [BTFTypeID] {
    var functions: [BTFTypeID] = []
    var names: Set<String> = []
    for id in roots ?? Array(BTFTypeIDs(range: 1..<btf.typeCount + 1)) {
      guard try btf.kind(of: id) == .function, try btf.declarationTags(on: id).contains("bpf_kfunc") else { continue }
      if try names.insert(btf.name(of: id)).inserted { functions.append(id) }
    }
    return functions
  }
}
