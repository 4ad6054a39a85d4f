internal import BPFInstructions
internal import BPFObject

extension Exploration {
  /// Checks the stack of every chain of calls, from the entry and from each callback that runs on its own.
  mutating func checkStackDepth() throws(Stop) {
    // What can run later is on the machine's stack, wherever else it is called from: it is looked at first.
    var isOnMachineStack = Set<Int>()
    let sites = callSites()
    var steps = 0
    for index in code.functions.indices.reversed()
    where index == 0 || code.functions[index].isAsynchronousCallback {
      try checkStackDepth(from: index, sites, &isOnMachineStack, &steps)
    }
  }

  /// Whether larger frames get a stack of their own.
  private var hasPrivateStacks: Bool {
    if code.functions.contains(where: \.hasTailCall) { return false }
    switch program.kind.type {
    case .kprobe, .tracepoint, .perfEvent, .rawTracepoint: return true
    case .tracing: return program.kind.attachType != AttachType.traceIterator.rawValue
    default: return false
    }
  }

  private static let privateStackMinimum = 64

  private func throwsException(_ index: Int) -> Bool {
    if case .kernelFunction("bpf_throw", _)? = program.references[index] { true } else { false }
  }

  /// A callback, and what it calls, may not throw: what called it could not go on.
  private mutating func checkThrow(_ index: Int, _ chain: [Int]) throws(Stop) {
    guard chain.contains(where: { code.functions[$0].isCallback }), let function = chain.last else { return }
    throw reject(
      "bpf_throw kfunc (insn \(index)) cannot be called from callback subprog \(function)", .invalidArgument,
      .callback(code.functions[function].name))
  }

  /// The instructions of each function that call another, name one, or throw.
  private func callSites() -> [[Int]] {
    var sites = [[Int]](repeating: [], count: code.functions.count)
    for (index, instruction) in code.instructions.enumerated() {
      switch instruction {
      case .call(.local)?, .loadWide(_, .function)?: sites[Int(code.facts[index].function)].append(index)
      case .call(.kernelFunction)? where throwsException(index): sites[Int(code.facts[index].function)].append(index)
      default: continue
      }
    }
    return sites
  }

  private mutating func checkStackDepth(
    from root: Int, _ sites: [[Int]], _ isOnMachineStack: inout Set<Int>, _ steps: inout Int
  ) throws(Stop) {
    struct Visit {
      var function: Int
      /// The position of the next call among the function's.
      var next = 0
      /// What the frame adds to the depth of the chain.
      var depth: Int
    }
    let isPrivate = root == 0 && hasPrivateStacks
    var visits: [Visit] = []
    var depth = 0
    func added(_ function: Int) -> Int {
      let rounded = (code.functions[function].stackDepth + 15) / 16 * 16
      if !isPrivate { isOnMachineStack.insert(function) }
      return rounded >= Self.privateStackMinimum && !isOnMachineStack.contains(function) ? 0 : rounded
    }
    visits.append(Visit(function: root, depth: added(root)))
    depth += visits[0].depth
    while let visit = visits.last {
      var position = visit.next
      var callee: Int?
      var index = 0
      while position < sites[visit.function].count, callee == nil {
        index = sites[visit.function][position]
        switch code.instructions[index] {
        case .call(.kernelFunction)?: try checkThrow(index, visits.map(\.function))
        case .call(.local(let offset))?:
          callee = code.function(at: index + 1 + Int(offset))
          if let found = callee, code.functions[found].isExceptionCallback {
            throw reject(
              "insn \(index) cannot call exception cb directly", .invalidArgument,
              .callback(code.functions[found].name))
          }
        case .loadWide(_, .function(let offset))?:
          callee = code.function(at: index + 1 + Int(offset))
          if let found = callee, code.functions[found].isAsynchronousCallback { callee = nil }
        default: break
        }
        position += 1
      }
      guard let callee else {
        depth -= visit.depth
        visits.removeLast()
        continue
      }
      visits[visits.count - 1].next = position
      steps += 1
      guard steps < 1_000_000 else {
        throw reject("the chains of calls are too many", .tooBig, .limit("call chains"))
      }
      guard visits.count < Self.maximumFrames else {
        instruction = index
        throw reject("the call stack of \(visits.count) frames is too deep !", .tooBig, .recursion)
      }
      if code.functions[callee].hasTailCall, depth >= 256 {
        throw reject(
          "tail_calls are not allowed when call stack of previous frames is \(depth) bytes. Too large", .accessDenied,
          .stackDepth(bytes: depth))
      }
      visits.append(Visit(function: callee, depth: added(callee)))
      depth += added(callee)
      if depth > Self.stackSize {
        throw reject(
          "combined stack size of \(visits.count) calls is \(depth). Too large", .accessDenied,
          .stackDepth(bytes: depth))
      }
    }
  }
}
