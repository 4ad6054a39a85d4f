import BPFExecution

/// A red-black tree of nodes that are known by their addresses, with the shapes that Linux's has after the same steps:
/// programs can ask for a node's children.
struct NodeTree {
  typealias Node = ProgramAddress

  private struct Links {
    var parent: Node = 0
    var left: Node = 0
    var right: Node = 0
    var isRed = true
  }

  /// The node at the top, 0 in an empty tree.
  private(set) var root: Node = 0
  private var links: [Node: Links] = [:]

  var isEmpty: Bool { links.isEmpty }

  func left(of node: Node) -> Node { links[node]?.left ?? 0 }
  func right(of node: Node) -> Node { links[node]?.right ?? 0 }
  private func parent(of node: Node) -> Node { links[node]?.parent ?? 0 }
  private func isRed(_ node: Node) -> Bool { links[node]?.isRed ?? false }

  /// The least node, 0 in an empty tree.
  var first: Node { root == 0 ? 0 : leftmost(below: root) }

  private func leftmost(below top: Node) -> Node {
    var node = top
    while left(of: node) != 0 { node = left(of: node) }
    return node
  }

  /// All nodes, the least first.
  var inOrder: [Node] {
    var nodes: [Node] = []
    var waiting: [Node] = []
    var node = root
    while node != 0 || !waiting.isEmpty {
      while node != 0 {
        waiting.append(node)
        node = left(of: node)
      }
      let next = waiting.removeLast()
      nodes.append(next)
      node = right(of: next)
    }
    return nodes
  }

  /// Adds a node; equal ones go behind those that are there.
  ///
  /// - Parameter isLess: whether the new node comes before another one.
  mutating func insert(
    _ node: Node, isLess: (Node) throws(ExecutionFault) -> Bool
  ) throws(ExecutionFault) {
    var (parent, next, goesLeft) = (Node(0), root, false)
    while next != 0 {
      parent = next
      goesLeft = try isLess(next)
      next = goesLeft ? left(of: next) : right(of: next)
    }
    links[node] = Links(parent: parent)
    if parent == 0 {
      root = node
    } else if goesLeft {
      links[parent]?.left = node
    } else {
      links[parent]?.right = node
    }
    balance(after: node)
  }

  private mutating func balance(after added: Node) {
    var node = added
    while isRed(parent(of: node)) {
      var parent = parent(of: node)
      let grandparent = self.parent(of: parent)
      let isLeft = parent == left(of: grandparent)
      let uncle = isLeft ? right(of: grandparent) : left(of: grandparent)
      if isRed(uncle) {
        links[parent]?.isRed = false
        links[uncle]?.isRed = false
        links[grandparent]?.isRed = true
        node = grandparent
        continue
      }
      if node == (isLeft ? right(of: parent) : left(of: parent)) {
        rotate(parent, toLeft: isLeft)
        (node, parent) = (parent, node)
      }
      links[parent]?.isRed = false
      links[grandparent]?.isRed = true
      rotate(grandparent, toLeft: !isLeft)
    }
    links[root]?.isRed = false
  }

  /// Takes a node out.
  mutating func remove(_ node: Node) {
    guard let old = links[node] else { return }
    var lacksBlack = !old.isRed
    // What takes the place where a node went away, and the node above it.
    var (child, parent): (Node, Node)
    if old.left == 0 || old.right == 0 {
      child = old.left == 0 ? old.right : old.left
      parent = old.parent
      replace(node, with: child, below: old.parent)
    } else {
      let successor = leftmost(below: old.right)
      lacksBlack = !isRed(successor)
      child = right(of: successor)
      if successor == old.right {
        parent = successor
      } else {
        parent = self.parent(of: successor)
        replace(successor, with: child, below: parent)
        links[successor]?.right = old.right
        links[old.right]?.parent = successor
      }
      replace(node, with: successor, below: old.parent)
      links[successor]?.left = old.left
      links[old.left]?.parent = successor
      links[successor]?.isRed = old.isRed
    }
    links[node] = nil
    if lacksBlack { balance(missingBlackAt: child, below: parent) }
  }

  private mutating func replace(_ node: Node, with other: Node, below parent: Node) {
    if parent == 0 {
      root = other
    } else if left(of: parent) == node {
      links[parent]?.left = other
    } else {
      links[parent]?.right = other
    }
    if other != 0 { links[other]?.parent = parent }
  }

  private mutating func balance(missingBlackAt start: Node, below above: Node) {
    var (node, parent) = (start, above)
    while node != root, !isRed(node) {
      let isLeft = node == left(of: parent)
      var sibling = isLeft ? right(of: parent) : left(of: parent)
      if isRed(sibling) {
        links[sibling]?.isRed = false
        links[parent]?.isRed = true
        rotate(parent, toLeft: isLeft)
        sibling = isLeft ? right(of: parent) : left(of: parent)
      }
      let (near, far) =
        isLeft ? (left(of: sibling), right(of: sibling)) : (right(of: sibling), left(of: sibling))
      if !isRed(near), !isRed(far) {
        links[sibling]?.isRed = true
        node = parent
        parent = self.parent(of: node)
        continue
      }
      if !isRed(far) {
        links[near]?.isRed = false
        links[sibling]?.isRed = true
        rotate(sibling, toLeft: !isLeft)
        sibling = near
      }
      let color = isRed(parent)
      links[sibling]?.isRed = color
      links[parent]?.isRed = false
      let outer = isLeft ? right(of: sibling) : left(of: sibling)
      links[outer]?.isRed = false
      rotate(parent, toLeft: isLeft)
      break
    }
    if isRed(node) || node == root { links[node]?.isRed = false }
  }

  /// Turns a node and one of its children round, so that the child is above.
  private mutating func rotate(_ node: Node, toLeft: Bool) {
    let child = toLeft ? right(of: node) : left(of: node)
    let inner = toLeft ? left(of: child) : right(of: child)
    replace(node, with: child, below: parent(of: node))
    if toLeft {
      links[node]?.right = inner
      links[child]?.left = node
    } else {
      links[node]?.left = inner
      links[child]?.right = node
    }
    links[node]?.parent = child
    if inner != 0 { links[inner]?.parent = node }
  }
}
