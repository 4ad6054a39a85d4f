/// A kernel function (kfunc) of the simulated kernel.
struct KernelFunctionImplementation: Sendable {
  var name: String
  var body: FunctionBody

  /// Whether it may be called while the program holds a lock: what works on lists and trees, which a lock protects, and
  /// counting.
  var isAllowedUnderLock: Bool {
    ["bpf_iter_num_", "bpf_list_", "bpf_rbtree_", "bpf_refcount_acquire_", "bpf_res_spin_"].contains {
      name.hasPrefix($0)
    }
  }
}

/// The kernel functions that the simulated kernel has. Their numbers are their places in this table.
struct KernelFunctionTable: Sendable {
  static let shared = KernelFunctionTable()

  private var all: [KernelFunctionImplementation] = []
  private var numbers: [String: Int32] = [:]

  private init() {
    let topics: [[KernelFunctionImplementation]] = [
      taskWorkKernelFunctions, userStringKernelFunctions, taskKernelFunctions, sectionKernelFunctions,
      iteratorKernelFunctions, dynptrKernelFunctions, ownObjectKernelFunctions, exceptionKernelFunctions,
      resilientLockKernelFunctions, stringKernelFunctions, dynptrCopyKernelFunctions, taskIteratorKernelFunctions,
      castKernelFunctions,
    ]
    for function in topics.joined() {
      numbers[function.name] = Int32(all.count)
      all.append(function)
    }
  }

  /// The names in the order of their numbers.
  var names: [String] { all.map(\.name) }

  /// The number of a function, which the loader writes into the call.
  func number(of name: String) -> Int32? { numbers[name] }

  subscript(_ number: Int32) -> KernelFunctionImplementation? {
    all.indices.contains(Int(number)) ? all[Int(number)] : nil
  }
}
