extension Profile {
  /// A stack: a node of the profile's ``StackTree``, or no frame at all.
  public struct Stack: Hashable, Sendable {
    /// The index of the innermost frame's node, or the greatest number for no frame.
    public let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The stack without a frame.
    public static let empty = Stack(rawValue: .max)

    /// The index in the tree; none for the empty stack.
    public var index: Int? { self == .empty ? nil : Int(rawValue) }
  }

  /// The stacks of a profile: each frame once for all stacks that begin alike at the outer end.
  ///
  /// A node has a greater index than its parent. Pushing a frame costs one probe of a hash table of 32-bit indices.
  public struct StackTree: Sendable {
    /// A frame on top of an outer stack.
    public struct Node: Hashable, Sendable {
      /// The outer stack.
      public var parent: Stack
      /// The frame.
      public var location: Location.ID
      /// How many frames there are, this one included.
      public var depth: UInt32
    }

    /// The nodes, parents first.
    public private(set) var nodes: [Node] = []
    /// Open addressing: the index of a node plus one, zero for a free slot. Its size is a power of two.
    private var slots: [UInt32] = Array(repeating: 0, count: 1024)

    /// How deep the deepest stack is.
    public private(set) var maximumDepth = 0

    /// The node of a stack; none for the empty one.
    public subscript(_ stack: Stack) -> Node? {
      guard let index = stack.index, index < nodes.count else { return nil }
      return nodes[index]
    }

    /// The stack with one more frame.
    mutating func push(_ location: Location.ID, onto parent: Stack) -> Stack {
      let mask = slots.count - 1
      var slot = Self.hash(location, parent) & mask
      while slots[slot] != 0 {
        let index = Int(slots[slot] - 1)
        if nodes[index].location == location && nodes[index].parent == parent {
          return Stack(rawValue: UInt32(index))
        }
        slot = (slot + 1) & mask
      }
      let depth = (self[parent]?.depth ?? 0) + 1
      nodes.append(Node(parent: parent, location: location, depth: depth))
      maximumDepth = max(maximumDepth, Int(depth))
      slots[slot] = UInt32(nodes.count)
      if nodes.count * 2 > slots.count { grow() }
      return Stack(rawValue: UInt32(nodes.count - 1))
    }

    /// The locations of a stack, innermost first.
    public func leafFirst(_ stack: Stack) -> [Location.ID] {
      var result: [Location.ID] = []
      var next = stack
      while let node = self[next] {
        result.append(node.location)
        next = node.parent
      }
      return result
    }

    private mutating func grow() {
      let mask = slots.count * 2 - 1
      slots = Array(repeating: 0, count: mask + 1)
      for (index, node) in nodes.enumerated() {
        var slot = Self.hash(node.location, node.parent) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(index + 1)
      }
    }

    private static func hash(_ location: Location.ID, _ parent: Stack) -> Int {
      mixedHash(parent.rawValue, location.rawValue)
    }
  }
}
