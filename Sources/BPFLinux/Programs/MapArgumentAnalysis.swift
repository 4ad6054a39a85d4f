import BPFInstructions
import BPFObject

/// Follows maps through the registers and the stack of a program to the calls that take them as an argument.
///
/// It is conservative: every path counts, whatever the conditions on it, and what it cannot follow may be anything.
struct MapArgumentAnalysis {
  /// A call to look at.
  struct Call: Hashable, Sendable {
    /// The index of its slot.
    var instruction: Int
    /// The name of the kernel function.
    var function: String
    /// What the argument may be.
    var argument: MapArgument
  }

  /// Why the analysis has no result.
  enum Failure: Error {
    case instruction(InstructionError)
    case jump(from: Int)
    case tooComplex
    case unnamedKernelFunction(at: Int)
  }

  private let program: Program
  /// By the essential name of a kernel function: the register that holds the map.
  private let registers: [String: Register]
  /// Whether the first argument of a callback is as harmless as a map of the program.
  private let hasOrdinaryCallbacks: Bool
  private var states: [Int: MapArgumentState] = [:]
  private var pending: [Int] = []
  private var pendingSet: Set<Int> = []
  private var steps = 0

  /// Helpers whose callbacks get a map or a number first: `bpf_for_each_map_elem`, `bpf_timer_set_callback`, `bpf_loop`.
  private static let ordinaryCallbackHelpers: Set<Int32> = [164, 170, 181]
  /// Kernel functions whose callbacks get a map first.
  private static let ordinaryCallbackFunctions: Set<String> = [
    "bpf_task_work_schedule_resume", "bpf_task_work_schedule_resume_impl", "bpf_task_work_schedule_signal",
    "bpf_task_work_schedule_signal_impl", "bpf_wq_set_callback", "bpf_wq_set_callback_impl",
  ]
  /// Beginnings of names of kernel functions that call nothing back.
  private static let functionsWithoutCallback = [
    "bpf_task_from_", "bpf_task_acquire", "bpf_task_release", "bpf_local_irq_", "bpf_rcu_read_", "bpf_preempt_",
    "bpf_copy_from_user", "bpf_iter_", "bpf_dynptr_", "bpf_cgroup_", "bpf_cpumask_", "bpf_obj_", "bpf_percpu_obj_",
    "bpf_wq_init", "bpf_wq_start", "bpf_get_kmem_cache", "bpf_cast_to_kern_ctx", "bpf_rdonly_cast", "bpf_map_sum_",
  ]

  /// An analysis of a program for the calls of some kernel functions.
  init(_ program: Program, registers: [String: Register]) {
    self.program = program
    self.registers = registers
    hasOrdinaryCallbacks = Self.hasOrdinaryCallbacks(program)
  }

  /// All calls of the functions, with what is known of the argument. A call that no path reaches is left out: the
  /// verifier refuses unreachable code before it looks at it.
  func calls() throws(Failure) -> [Call] {
    var copy = self
    try copy.run()
    var calls: [Call] = []
    for (index, reference) in program.references.sorted(by: { $0.key < $1.key }) {
      guard case .kernelFunction(let name, _) = reference, let register = registers[essentialName(name)],
        let state = copy.states[index]
      else { continue }
      calls.append(Call(instruction: index, function: name, argument: state[register]))
    }
    return calls
  }

  // MARK: Callbacks

  /// A function whose address is taken may be called by anything that takes callbacks in the program; only if all of
  /// those are known to begin with a map or a number can the first argument be trusted that far.
  private static func hasOrdinaryCallbacks(_ program: Program) -> Bool {
    let callbackHelpers: Set<Int32> = [164, 170, 180, 181, 209]
    for (index, slot) in program.instructions.enumerated() where slot.opcode == 0x85 || slot.opcode == 0x8d {
      switch slot.source {
      case 0 where slot.opcode == 0x85:
        // A helper that is newer than this table may take a callback.
        if slot.immediate > 211 && slot.immediate != 195_896_080 { return false }
        if callbackHelpers.contains(slot.immediate), !ordinaryCallbackHelpers.contains(slot.immediate) { return false }
      case 1 where slot.opcode == 0x85: break
      case 2 where slot.opcode == 0x85:
        guard case .kernelFunction(let name, _)? = program.references[index] else { return false }
        let essential = essentialName(name)
        guard
          ordinaryCallbackFunctions.contains(essential) || functionsWithoutCallback.contains(where: essential.hasPrefix)
        else { return false }
      default: return false
      }
    }
    return true
  }

  // MARK: The walk

  private mutating func run() throws(Failure) {
    enter(0, [])
    for reference in program.references.values {
      if case .function(let start) = reference { enter(start, [hasOrdinaryCallbacks ? .callbackArgument : .anything]) }
    }
    for function in program.functions where !function.isStatic { enter(function.start, []) }
    while let index = pending.popLast() {
      pendingSet.remove(index)
      steps += 1
      // Each place is looked at again only when something about it has become less certain.
      guard steps <= 64 * program.instructions.count + 4096 else { throw .tooComplex }
      guard let state = states[index] else { continue }
      try step(index, state)
    }
  }

  private mutating func enter(_ index: Int, _ arguments: [MapArgument]) {
    flow(MapArgumentState(arguments: arguments), to: index)
  }

  private mutating func flow(_ state: MapArgumentState, to index: Int) {
    if var known = states[index] {
      guard known.join(state) else { return }
      states[index] = known
    } else {
      states[index] = state
    }
    if pendingSet.insert(index).inserted { pending.append(index) }
  }

  private mutating func jump(_ state: MapArgumentState, from index: Int, by offset: Int) throws(Failure) {
    let target = index + 1 + offset
    guard program.instructions.indices.contains(target) else { throw .jump(from: index) }
    flow(state, to: target)
  }

  private mutating func step(_ index: Int, _ before: MapArgumentState) throws(Failure) {
    let instruction: DecodedInstruction
    do throws(InstructionError) {
      instruction = try DecodedInstruction.decode(at: index, in: program.instructions)
    } catch { throw .instruction(error) }
    var state = before
    var continues = true
    switch instruction {
    case .arithmetic(let operation, let width, let target, let operand):
      state[target] = result(of: operation, width, state[target], operand, in: state)
    case .negate(_, let target), .byteSwap(_, _, let target), .moveSignExtended(_, from: _, let target, _):
      state[target] = .anything
    case .castAddressSpace(let target, _, to: _, from: _): state[target] = .anything
    case .load(let size, _, let target, let base, let offset):
      state[target] = state.load(byteCount: size.byteCount, base: base, offset: Int(offset))
    case .loadAcquire(_, let target, _, _): state[target] = .anything
    case .store(let size, let base, let offset, let operand):
      state.store(value(of: operand, in: state), byteCount: size.byteCount, base: base, offset: Int(offset))
    case .storeRelease(let size, let base, let offset, _):
      state.store(.anything, byteCount: size.byteCount, base: base, offset: Int(offset))
    case .atomic(_, let width, fetch: _, let base, let offset, let source):
      state.store(.anything, byteCount: Int(width.rawValue) / 8, base: base, offset: Int(offset))
      (state[source], state[.r0]) = (.anything, .anything)
    case .loadWide(let target, let value):
      state[target] = self.value(of: value, at: index)
    case .loadPacket: state.endCall(result: .number)
    case .jumpIf(_, _, _, _, let offset), .mayGoto(let offset):
      try jump(state, from: index, by: Int(offset))
    case .goto(let offset):
      continues = false
      try jump(state, from: index, by: Int(offset))
    case .gotoLong(let offset):
      continues = false
      try jump(state, from: index, by: Int(offset))
    case .call(let target): try call(target, at: index, &state)
    case .exit: continues = false
    }
    if continues { try jump(state, from: index, by: instruction.slotCount - 1) }
  }

  private mutating func call(
    _ target: DecodedInstruction.CallTarget, at index: Int, _ state: inout MapArgumentState
  ) throws(Failure) {
    switch target {
    case .helper(let number):
      // bpf_map_lookup_elem and bpf_map_lookup_percpu_elem.
      let isLookup = number == 1 || number == 195
      if [164, 180, 181, 209].contains(number) { state.slots = [:] }
      state.endCall(result: isLookup ? .lookupResult : .anything)
    case .kernelFunction:
      guard case .kernelFunction? = program.references[index] else { throw .unnamedKernelFunction(at: index) }
      state.slots = [:]
      state.endCall(result: .anything)
    case .local(let offset):
      let start = index + 1 + Int(offset)
      guard program.instructions.indices.contains(start) else { throw .jump(from: index) }
      let isGlobal = program.functions.contains { $0.start == start && !$0.isStatic }
      enter(start, isGlobal ? [] : Array(state.registers[1...5]))
      state.slots = [:]
      state.endCall(result: .anything)
    case .register:
      state.slots = [:]
      state.endCall(result: .anything)
    }
  }

  private func result(
    of operation: ArithmeticOperation, _ width: OperandWidth, _ old: MapArgument, _ operand: Operand,
    in state: MapArgumentState
  ) -> MapArgument {
    switch (operation, width, operand) {
    case (.move, .bits64, _): return value(of: operand, in: state)
    case (.move, .bits32, .immediate): return .number
    case (.add, .bits64, .immediate(let distance)):
      // What a lookup gave stays an address in an element; an address of a map itself cannot be added to.
      switch old {
      case .frame(let place): return .frame(place + Int(distance))
      case .lookupResult: return .lookupResult
      case .number: return .number
      default: return .anything
      }
    default: return .anything
    }
  }

  private func value(of operand: Operand, in state: MapArgumentState) -> MapArgument {
    switch operand {
    case .register(let register): state[register]
    case .immediate: .number
    }
  }

  private func value(of wide: WideValue, at index: Int) -> MapArgument {
    switch program.references[index] {
    case .map(let name): .maps([name])
    case .mapValue, .function, .kernelSymbol, .kernelFunction: .anything
    case nil: if case .constant = wide { .number } else { .anything }
    }
  }
}

/// The name without a flavour: `bpf_task_acquire___v2` asks for `bpf_task_acquire`.
func essentialName(_ name: String) -> String {
  guard let range = name.firstRange(of: "___"), range.lowerBound > name.startIndex else { return name }
  return String(name[..<range.lowerBound])
}
