/// The life of contexts: taken from the pool, counted, given back. The steps of the state are in the extensions.
///
/// A value without state of its own, generic over where the words lie; see ``TaskWorkMemory``.
package struct TaskWorkAlgorithm<Memory: TaskWorkMemory> {
  package let memory: Memory

  @inline(__always)
  package init(memory: Memory) {
    self.memory = memory
  }

  /// Takes a context from the pool, in STANDBY and with one reference, which is the slot's.
  @inline(__always)
  package func allocate() -> TaskWorkContext? {
    let list = memory.freeList
    var head = FreeListHead(rawValue: list.load())
    let index: UInt32
    while true {
      guard let first = head.index else { return nil }
      let successor = memory.word(.freeLink, of: first).load()
      let seen = list.compareExchange(expected: head.rawValue, desired: head.changed(toLink: successor).rawValue)
      if seen == head.rawValue {
        index = first
        break
      }
      head = FreeListHead(rawValue: seen)
    }
    memory.stockChanged(by: -1)
    let references = memory.word(.references, of: index)
    let generation = ReferenceWord(rawValue: references.load()).nextGeneration
    memory.word(.state, of: index).store(StateWord(generation: generation, request: 0, state: .standby).rawValue)
    references.store(ReferenceWord(generation: generation, count: 1).rawValue)
    return TaskWorkContext(index: index, generation: generation)
  }

  /// Gives a context back to the pool; its count is zero.
  @inline(__always)
  package func deallocate(_ index: UInt32) {
    let list = memory.freeList
    let link = memory.word(.freeLink, of: index)
    var head = FreeListHead(rawValue: list.load())
    while true {
      link.store(head.link)
      let desired = head.changed(toLink: FreeListHead.link(to: index))
      let seen = list.compareExchange(expected: head.rawValue, desired: desired.rawValue)
      if seen == head.rawValue { break }
      head = FreeListHead(rawValue: seen)
    }
    memory.stockChanged(by: 1)
  }

  /// Gives back a context that nobody else has seen.
  @inline(__always)
  package func discard(_ context: TaskWorkContext) {
    memory.word(.references, of: context.index).store(
      ReferenceWord(generation: context.generation, count: 0).rawValue)
    deallocate(context.index)
  }

  /// Takes a reference unless this use of the context is over.
  @inline(__always)
  package func takeReference(_ context: TaskWorkContext) -> Bool {
    let word = memory.word(.references, of: context.index)
    var current = ReferenceWord(rawValue: word.load())
    while current.generation == context.generation && current.count > 0 {
      let seen = word.compareExchange(expected: current.rawValue, desired: current.rawValue &+ 1)
      if seen == current.rawValue { return true }
      current = ReferenceWord(rawValue: seen)
    }
    return false
  }

  /// Drops a reference; with the last one go the references that the request still holds, and the context itself.
  @inline(__always)
  package func dropReference(_ context: TaskWorkContext, _ resources: any TaskWorkResources) {
    let before = ReferenceWord(rawValue: memory.word(.references, of: context.index).subtract(1))
    guard before.count == 1 else { return }
    dropHeldReferences(of: context.index, resources)
    deallocate(context.index)
  }

  /// Drops the references on program and task, if the request still holds them.
  @inline(__always)
  package func dropHeldReferences(of index: UInt32, _ resources: any TaskWorkResources) {
    var held = memory.request(of: index)
    guard held.holdsReferences else { return }
    held.holdsReferences = false
    memory.setRequest(held, of: index)
    resources.dropProgramReference(held.request.program)
    resources.dropTaskReference(held.request.task)
  }
}
