extension Profile {
  /// What was sampled in a function.
  public struct FunctionTotal: Hashable, Sendable {
    /// The function's name.
    public var name: String
    /// What kind of function it is.
    public var kind: FrameKind
    /// The name of the module that it is in, empty where it is not known.
    public var module: String
    /// Samples in the function itself.
    public var selfCount: UInt64
    /// Nanoseconds in the function itself.
    public var selfWeight: UInt64
    /// Samples in the function or in what it called, each once however often the function is in the stack.
    public var totalCount: UInt64
    /// Nanoseconds in the function or in what it called.
    public var totalWeight: UInt64
  }

  /// The functions with the most samples of their own, then with the most in all.
  ///
  /// - Parameter limit: how many there may be at most.
  /// - Complexity: linear in samples, distinct stacks and functions.
  public func hottestFunctions(limit: Int = .max) -> [FunctionTotal] {
    let weighted = WeightedCallTree(self, byProcess: false)
    let tree = weighted.tree
    var totals = tree.labels.labels.map { label in
      FunctionTotal(
        name: label.name, kind: label.kind, module: label.module.map { self[$0].name } ?? "", selfCount: 0,
        selfWeight: 0, totalCount: 0, totalWeight: 0)
    }
    // Of the nodes of a path that have one label only the outermost counts.
    var isInside = Array(repeating: false, count: totals.count)
    var outermost = Array(repeating: false, count: tree.nodes.count)
    var children = Children(tree.nodes)
    var path: [Int32] = []
    func enter(_ node: Int32) {
      let label = Int(tree.nodes[Int(node)].label)
      let index = Int(node)
      totals[label].selfCount += weighted.selfCounts[index]
      totals[label].selfWeight &+= weighted.selfWeights[index]
      if !isInside[label] {
        isInside[label] = true
        outermost[index] = true
        totals[label].totalCount += weighted.totalCounts[index]
        totals[label].totalWeight &+= weighted.totalWeights[index]
      }
      path.append(node)
    }
    for root in children.roots {
      enter(root)
      while let node = path.last {
        if let child = children.next(of: node) {
          enter(child)
        } else {
          path.removeLast()
          if outermost[Int(node)] { isInside[Int(tree.nodes[Int(node)].label)] = false }
        }
      }
    }
    // Marks such as `[truncated]` are no functions.
    let functions = totals.filter { $0.kind != .marker && $0.totalCount > 0 }
    return Array(
      functions.sorted {
        ($1.selfWeight, $1.totalWeight, $0.name, $0.module, $0.kind.rawValue)
          < ($0.selfWeight, $0.totalWeight, $1.name, $1.module, $1.kind.rawValue)
      }.prefix(limit))
  }

  /// The callees of each node of a call tree, to be gone through once.
  struct Children {
    private(set) var roots: [Int32] = []
    private var firsts: [Int32]
    private var siblings: [Int32]

    init(_ nodes: [CallTree.Node]) {
      firsts = Array(repeating: -1, count: nodes.count)
      siblings = Array(repeating: -1, count: nodes.count)
      // From the last on, so that each list begins with the first.
      for index in nodes.indices.reversed() {
        let parent = Int(nodes[index].parent)
        if parent < 0 {
          roots.append(Int32(index))
        } else {
          siblings[index] = firsts[parent]
          firsts[parent] = Int32(index)
        }
      }
      roots.reverse()
    }

    /// The callees of a node.
    func all(of node: Int32) -> [Int32] {
      var result: [Int32] = []
      var next = firsts[Int(node)]
      while next >= 0 {
        result.append(next)
        next = siblings[Int(next)]
      }
      return result
    }

    /// Takes the next callee of a node.
    mutating func next(of node: Int32) -> Int32? {
      let first = firsts[Int(node)]
      guard first >= 0 else { return nil }
      firsts[Int(node)] = siblings[Int(first)]
      return first
    }
  }
}
