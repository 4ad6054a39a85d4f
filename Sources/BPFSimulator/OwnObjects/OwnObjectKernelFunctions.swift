import BPFExecution
import BPFMaps
import BPFTypeFormat

/// Objects of the program's own types, alone and in lists and trees.
let ownObjectKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_obj_new_impl") { run, invocation throws(ExecutionFault) in
    guard let types = run.program(of: invocation).types, let type = UInt32(exactly: invocation.r1),
      let object = run.machine.makeOwnObject(BTFTypeID(rawValue: type), in: types)
    else { return 0 }
    return run.hold(object.address)
  },
  .init(name: "bpf_obj_drop_impl") { run, invocation throws(ExecutionFault) in
    let name = "bpf_obj_drop_impl"
    let object = try run.ownObject(invocation.r1, name, argument: 1)
    try run.giveUp(object.address, name)
    run.machine.drop(object)
    return 0
  },
  .init(name: "bpf_refcount_acquire_impl") { run, invocation throws(ExecutionFault) in
    let object = try run.ownObject(invocation.r1, "bpf_refcount_acquire_impl", argument: 1)
    object.referenceCount += 1
    _ = run.hold(object.address)
    return invocation.r1
  },
  .init(name: "bpf_list_push_front_impl") { run, invocation throws(ExecutionFault) in
    try push(run, invocation, "bpf_list_push_front_impl") { $0.insert($1, at: 0) }
  },
  .init(name: "bpf_list_push_back_impl") { run, invocation throws(ExecutionFault) in
    try push(run, invocation, "bpf_list_push_back_impl") { $0.append($1) }
  },
  .init(name: "bpf_list_pop_front") { run, invocation in pop(run, invocation) { $0.removeFirst() } },
  .init(name: "bpf_list_pop_back") { run, invocation in pop(run, invocation) { $0.removeLast() } },
  .init(name: "bpf_list_front") { run, invocation in run.machine.ownObjects.lists[invocation.r1]?.first ?? 0 },
  .init(name: "bpf_list_back") { run, invocation in run.machine.ownObjects.lists[invocation.r1]?.last ?? 0 },
  .init(name: "bpf_rbtree_add_impl", body: add),
  .init(name: "bpf_rbtree_remove", body: remove),
  .init(name: "bpf_rbtree_first") { run, invocation in run.machine.ownObjects.trees[invocation.r1]?.first ?? 0 },
  .init(name: "bpf_rbtree_root") { run, invocation in run.machine.ownObjects.trees[invocation.r1]?.root ?? 0 },
  .init(name: "bpf_rbtree_left") { run, invocation in child(run, invocation) { $0.left(of: $1) } },
  .init(name: "bpf_rbtree_right") { run, invocation in child(run, invocation) { $0.right(of: $1) } },
]

/// Puts an object into a list; one whose node is in a list or a tree already is given back, and that is an error.
private func push(
  _ run: ProgramRun, _ invocation: borrowing Invocation, _ name: String,
  _ place: (inout [ProgramAddress], ProgramAddress) -> Void
) throws(ExecutionFault) -> UInt64 {
  let (head, node) = (invocation.r1, invocation.r2)
  guard try run.enter(node, head, name) else { return LinuxErrno.invalidArgument.register }
  place(&run.machine.ownObjects.lists[head, default: []], node)
  return 0
}

/// Takes an object out of a list, which the program owns from then on.
private func pop(
  _ run: ProgramRun, _ invocation: borrowing Invocation, _ take: (inout [ProgramAddress]) -> ProgramAddress
) -> UInt64 {
  let head = invocation.r1
  guard var nodes = run.machine.ownObjects.lists[head] else { return 0 }
  let node = take(&nodes)
  run.machine.ownObjects.lists[head] = nodes.isEmpty ? nil : nodes
  return run.leave(node)
}

/// Puts an object into a tree, in the order that a function of the program says.
private func add(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_rbtree_add_impl"
  let (root, node, less) = (invocation.r1, invocation.r2, invocation.r3)
  _ = try run.function(less, name, argument: 3, invocation)
  guard try run.enter(node, root, name) else { return LinuxErrno.invalidArgument.register }
  var tree = run.machine.ownObjects.trees[root] ?? NodeTree()
  do throws(ExecutionFault) {
    try insert(node, into: &tree, less, &invocation)
  } catch {
    run.machine.ownObjects.owners[node] = nil
    if let object = run.machine.ownObjects.object(holding: node) { run.machine.drop(object) }
    throw error
  }
  run.machine.ownObjects.trees[root] = tree
  return 0
}

private func insert(
  _ node: ProgramAddress, into tree: inout NodeTree, _ less: ProgramAddress, _ invocation: inout Invocation
) throws(ExecutionFault) {
  try tree.insert(node) { other throws(ExecutionFault) in try invocation.call(function: less, node, other) != 0 }
}

/// Takes an object out of the tree that it is in, which the program owns from then on; null for another tree's.
private func remove(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let (root, node) = (invocation.r1, invocation.r2)
  guard run.machine.ownObjects.owners[node] == root, var tree = run.machine.ownObjects.trees[root] else { return 0 }
  tree.remove(node)
  run.machine.ownObjects.trees[root] = tree.isEmpty ? nil : tree
  return run.leave(node)
}

private func child(
  _ run: ProgramRun, _ invocation: borrowing Invocation, _ ask: (NodeTree, ProgramAddress) -> ProgramAddress
) -> UInt64 {
  let (root, node) = (invocation.r1, invocation.r2)
  guard run.machine.ownObjects.owners[node] == root, let tree = run.machine.ownObjects.trees[root] else { return 0 }
  return ask(tree, node)
}

extension ProgramRun {
  fileprivate func ownObject(
    _ address: UInt64, _ function: String, argument: Int
  ) throws(ExecutionFault) -> OwnObject {
    guard let object = machine.ownObjects.object(holding: address) else {
      throw invalidArgument(function, argument, address, "an object of the program")
    }
    return object
  }

  /// Notes a reference that the program has to give back.
  func hold(_ address: ProgramAddress) -> ProgramAddress {
    acquired[address, default: 0] += 1
    return address
  }

  /// Takes a reference out of the program's hands.
  func giveUp(_ address: ProgramAddress, _ function: String) throws(ExecutionFault) {
    guard let count = acquired[address] else {
      throw ExecutionFault(.environment("\(function): the program holds no reference on \(hexadecimal(address))"))
    }
    acquired[address] = count > 1 ? count - 1 : nil
  }

  /// Moves the program's reference to the object of a node to a list or tree; `false` when the node is in one already,
  /// and then the reference is dropped.
  fileprivate func enter(
    _ node: ProgramAddress, _ owner: ProgramAddress, _ function: String
  ) throws(ExecutionFault) -> Bool {
    let object = try ownObject(node, function, argument: 2)
    try giveUp(object.address, function)
    guard machine.ownObjects.owners[node] == nil else {
      machine.drop(object)
      return false
    }
    machine.ownObjects.owners[node] = owner
    return true
  }

  /// Moves the reference of a list or tree to the program; returns the node.
  fileprivate func leave(_ node: ProgramAddress) -> ProgramAddress {
    machine.ownObjects.owners[node] = nil
    if let object = machine.ownObjects.object(holding: node) { _ = hold(object.address) }
    return node
  }
}
