extension Profile {
  /// The stacks of a profile merged by function: what flame graphs draw.
  struct CallTree {
    struct Node {
      /// The index of the caller; negative for a root.
      var parent: Int32
      var label: UInt32
      var depth: UInt32
    }

    private let stacks: StackTree
    private(set) var labels: FrameLabels
    private(set) var nodes: [Node] = []
    /// Open addressing: the index of a node plus one, zero for a free slot. Its size is a power of two.
    private var slots: [UInt32] = Array(repeating: 0, count: 1024)
    /// For each stack the node it ends at below the present root, if the round is the present one.
    private var known: [Int32]
    private var rounds: [UInt32]
    private var round: UInt32 = 1
    private var root: Int32 = -1

    init(_ profile: Profile) {
      stacks = profile.stacks
      labels = FrameLabels(profile)
      known = Array(repeating: -1, count: stacks.nodes.count)
      rounds = Array(repeating: 0, count: stacks.nodes.count)
    }

    mutating func labelIndex(_ label: FrameLabels.Label) -> UInt32 { labels.index(of: label) }

    /// Puts what comes after it below frames of no stack, such as a process's name, or below none.
    mutating func setRoot(_ frames: [FrameLabels.Label]) {
      root = frames.reduce(-1) { child(of: $0, labels.index(of: $1)) }
      round += 1
    }

    /// The node that a stack ends at below the present root; the root for the empty stack, negative where there is none.
    mutating func node(of stack: Stack) -> Int32 {
      var path: [Int] = []
      var next = stack
      var node = root
      while let index = next.index {
        if rounds[index] == round {
          node = known[index]
          break
        }
        path.append(index)
        next = stacks.nodes[index].parent
      }
      for index in path.reversed() {
        for label in labels.expansion(of: stacks.nodes[index].location) { node = child(of: node, label) }
        known[index] = node
        rounds[index] = round
      }
      return node
    }

    /// The callee of a node with a label.
    mutating func child(of parent: Int32, _ label: UInt32) -> Int32 {
      let mask = slots.count - 1
      var slot = Self.hash(parent, label) & mask
      while slots[slot] != 0 {
        let index = Int(slots[slot] - 1)
        if nodes[index].label == label && nodes[index].parent == parent { return Int32(index) }
        slot = (slot + 1) & mask
      }
      nodes.append(Node(parent: parent, label: label, depth: parent < 0 ? 0 : nodes[Int(parent)].depth + 1))
      slots[slot] = UInt32(nodes.count)
      if nodes.count * 2 > slots.count { grow() }
      return Int32(nodes.count - 1)
    }

    private mutating func grow() {
      let mask = slots.count * 2 - 1
      slots = Array(repeating: 0, count: mask + 1)
      for (index, node) in nodes.enumerated() {
        var slot = Self.hash(node.parent, node.label) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(index + 1)
      }
    }

    private static func hash(_ parent: Int32, _ label: UInt32) -> Int {
      mixedHash(UInt32(bitPattern: parent), label)
    }

    /// The labels from the root to a node.
    func path(to node: Int32) -> [UInt32] {
      var path: [UInt32] = []
      var next = node
      while next >= 0 {
        path.append(nodes[Int(next)].label)
        next = nodes[Int(next)].parent
      }
      return path.reversed()
    }
  }

  /// A call tree with what was sampled in each node.
  struct WeightedCallTree {
    var tree: CallTree
    /// The samples that end at a node.
    var selfCounts: [UInt64]
    var selfWeights: [UInt64]
    /// The samples that end at a node or below it.
    var totalCounts: [UInt64]
    var totalWeights: [UInt64]
    /// All samples, those without a frame included.
    var count: UInt64
    var weight: UInt64

    /// - Parameter byProcess: whether the outermost frames are the names of processes.
    init(_ profile: Profile, byProcess: Bool) {
      var tree = CallTree(profile)
      var counts: [UInt64] = []
      var weights: [UInt64] = []
      count = 0
      weight = 0
      // One process after the other, so that what is known of stacks serves for all its samples. Pending stacks are apart,
      // since their user part is missing.
      var groups: [Group: [Int]] = [:]
      for (index, sample) in profile.samples.enumerated() {
        let name = byProcess ? profile[profile[sample.thread].process].name : ""
        groups[Group(name: name, isPending: sample.status == .pending), default: []].append(index)
      }
      for (group, samples) in groups.sorted(by: { $0.key < $1.key }) {
        var frames: [FrameLabels.Label] = []
        if byProcess { frames.append(.init(name: group.name, kind: .marker, module: nil)) }
        if group.isPending { frames.append(.init(name: "[user stack pending]", kind: .marker, module: nil)) }
        tree.setRoot(frames)
        for index in samples {
          let sample = profile.samples[index]
          var node = tree.node(of: sample.stack)
          if sample.stack == .empty && !group.isPending {
            node = tree.child(of: node, tree.labelIndex(.init(name: "[no stack]", kind: .marker, module: nil)))
          }
          if tree.nodes.count > counts.count {
            counts += Array(repeating: 0, count: tree.nodes.count - counts.count)
            weights += Array(repeating: 0, count: tree.nodes.count - weights.count)
          }
          counts[Int(node)] += UInt64(sample.count)
          weights[Int(node)] &+= sample.weight
          count += UInt64(sample.count)
          weight &+= sample.weight
        }
      }
      self.tree = tree
      selfCounts = counts
      selfWeights = weights
      // Callees have greater indices than their callers.
      for index in tree.nodes.indices.reversed() {
        let parent = Int(tree.nodes[index].parent)
        guard parent >= 0 else { continue }
        counts[parent] += counts[index]
        weights[parent] &+= weights[index]
      }
      totalCounts = counts
      totalWeights = weights
    }

    private struct Group: Hashable, Comparable {
      var name: String
      var isPending: Bool

      static func < (left: Self, right: Self) -> Bool {
        (left.name, left.isPending ? 1 : 0) < (right.name, right.isPending ? 1 : 0)
      }
    }
  }

  /// A hash of two small numbers, of which the low bits are good.
  static func mixedHash(_ first: UInt32, _ second: UInt32) -> Int {
    // Both numbers times the golden ratio in 64 bits: indices are dense, so that the high half mixes well.
    let key = UInt64(first) << 32 | UInt64(second)
    let mixed = (key ^ key >> 29) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: (mixed ^ mixed >> 32) & 0x7fff_ffff)
  }
}
