/// A flame graph: which rectangle stands where.
///
/// A frame's width is its part of all that was sampled, its place across that of its caller; callees of one caller are in the
/// order of their names.
struct FlameGraph {
  /// A frame that is drawn.
  struct Box {
    var node: Int32
    /// From the left edge, in parts of the whole width.
    var left: Double
    var width: Double
    var depth: Int
  }

  let profile: Profile
  let options: FlameGraphOptions
  let weighted: Profile.WeightedCallTree
  private(set) var boxes: [Box] = []
  /// Frames that are too narrow to be drawn.
  private(set) var droppedCount = 0
  private(set) var depth = 0

  /// What frames are measured in: time, or samples where they have no weights.
  let totals: [UInt64]
  let whole: UInt64

  init(_ profile: Profile, _ options: FlameGraphOptions) {
    self.profile = profile
    self.options = options
    weighted = Profile.WeightedCallTree(profile, byProcess: Set(profile.processes.map(\.name)).count > 1)
    totals = weighted.weight > 0 ? weighted.totalWeights : weighted.totalCounts
    whole = weighted.weight > 0 ? weighted.weight : weighted.count
    lay()
  }

  private mutating func lay() {
    guard whole > 0 else { return }
    let tree = weighted.tree
    let children = Profile.Children(tree.nodes)
    let scale = 1 / Double(whole)
    var waiting: [(nodes: [Int32], left: Double, depth: Int)] = [(children.roots, 0, 0)]
    while let row = waiting.popLast() {
      let named = row.nodes.map { (node: $0, label: tree.labels.labels[Int(tree.nodes[Int($0)].label)]) }
      let ordered = named.sorted {
        ($0.label.name, $0.label.kind.rawValue, $0.node) < ($1.label.name, $1.label.kind.rawValue, $1.node)
      }
      var left = row.left
      for (node, _) in ordered {
        let width = Double(totals[Int(node)]) * scale
        if width >= options.minimumWidth {
          boxes.append(Box(node: node, left: left, width: width, depth: row.depth))
          depth = max(depth, row.depth + 1)
          let callees = children.all(of: node)
          if !callees.isEmpty { waiting.append((callees, left, row.depth + 1)) }
        } else {
          droppedCount += 1
        }
        left += width
      }
    }
  }
}
