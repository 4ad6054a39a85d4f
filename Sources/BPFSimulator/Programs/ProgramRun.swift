import BPFExecution
import BPFInstructions
import BPFMaps

/// One run of a program or of a callback that the kernel calls later: who runs it, where, and what it holds.
///
/// Helpers and kernel functions get the run as their first argument and find the machine through it.
final class ProgramRun: ProgramEnvironment {
  let machine: Machine
  let program: LoadedProgram
  let cpu: CPU
  /// Whether the run began where it may sleep.
  let mayStartSleeping: Bool
  /// The address of the context, `nil` in a callback.
  let context: ProgramAddress?
  /// What `bpf_get_attach_cookie` returns.
  let cookie: UInt64
  /// From where the program was entered.
  var origin = RunOrigin.call
  /// The packet that the program works on, and its context.
  var packet: Packet?
  var packetContext: PacketContext?

  /// Open `bpf_rcu_read_lock` sections.
  var rcuDepth = 0
  /// Open `bpf_preempt_disable` sections.
  var preemptionOffDepth = 0
  /// Open `bpf_local_irq_save` sections.
  var interruptsOffDepth = 0
  /// The address of the spin lock that is held.
  var heldLock: ProgramAddress?
  /// The addresses of the resilient locks that are held, the innermost last.
  var resilientLocks: [ProgramAddress] = []
  /// What was acquired and has to be released, by address.
  var acquired: [ProgramAddress: Int] = [:]
  /// Records of ring buffers that were reserved and have to be finished, by address.
  var reservations: [ProgramAddress: RingBufferReservation] = [:]

  init(
    machine: Machine, program: LoadedProgram, cpu: CPU, isSleepable: Bool, context: ProgramAddress?, cookie: UInt64 = 0
  ) {
    self.machine = machine
    self.program = program
    self.cpu = cpu
    mayStartSleeping = isSleepable
    self.context = context
    self.cookie = cookie
  }

  /// The loaded program that is running in an invocation: after a tail call, the one that was called.
  func program(of invocation: borrowing Invocation) -> LoadedProgram {
    let prepared = invocation.program
    if prepared === program.prepared { return program }
    return machine.programs.values.first { $0.prepared === prepared } ?? program
  }

  /// The thread that is current on the CPU.
  var task: SimulatedTask { cpu.current }

  /// Whether a lock of either kind is held, under which hardly anything may be called.
  private var holdsLock: Bool { heldLock != nil || !resilientLocks.isEmpty }

  /// Why the run may not sleep now, `nil` when it may.
  var reasonAgainstSleeping: String? {
    if !mayStartSleeping { return "the program is not sleepable" }
    if cpu.context > .task { return "the CPU is in \(cpu.context) context" }
    if rcuDepth > 0 { return "an RCU read section is open" }
    if preemptionOffDepth > 0 { return "preemption is off" }
    if interruptsOffDepth > 0 { return "interrupts are off" }
    return nil
  }

  /// Ends the run when `function`, which may sleep, is called where nothing may.
  func requireSleepable(_ function: String) throws(ExecutionFault) {
    guard let reason = reasonAgainstSleeping else { return }
    throw ExecutionFault(.environment("\(function) may sleep, and \(reason)"))
  }

  /// What the program has opened or acquired and not closed or released, `nil` when there is nothing.
  var openSections: String? {
    var open: [String] = []
    if rcuDepth > 0 { open.append("bpf_rcu_read_lock without bpf_rcu_read_unlock") }
    if preemptionOffDepth > 0 { open.append("bpf_preempt_disable without bpf_preempt_enable") }
    if interruptsOffDepth > 0 { open.append("bpf_local_irq_save without bpf_local_irq_restore") }
    if heldLock != nil { open.append("bpf_spin_lock without bpf_spin_unlock") }
    if !resilientLocks.isEmpty { open.append("bpf_res_spin_lock without bpf_res_spin_unlock") }
    if !acquired.isEmpty { open.append("\(acquired.values.reduce(0, +)) acquired reference(s) not released") }
    if !reservations.isEmpty {
      open.append("\(reservations.count) record(s) of a ring buffer neither submitted nor discarded")
    }
    return open.isEmpty ? nil : open.joined(separator: ", ")
  }

  /// Ends the run when something that it has opened or acquired is still open at its end.
  func checkBalance() -> ExecutionFault? {
    openSections.map { ExecutionFault(.environment("the program has ended with \($0)")) }
  }

  /// Undoes what a run that ended in a fault has left open, so that the machine can go on.
  func releaseEverything() {
    while interruptsOffDepth > 0 {
      interruptsOffDepth -= 1
      machine.enableInterrupts(on: cpu)
    }
    for (address, count) in acquired {
      for _ in 0..<count { machine.releaseReference(at: address) }
    }
    for (address, reservation) in reservations {
      machine.memory.unmap(address)
      reservation.discard(flags: [])
    }
    acquired = [:]
    reservations = [:]
    heldLock = nil
    machine.resilientLocks.subtract(resilientLocks)
    resilientLocks = []
  }

  /// The numbers of `bpf_spin_lock` and `bpf_spin_unlock`, the only helpers that may be called under a lock.
  private static let lockNumber: Int32 = 93
  private static let unlockNumber: Int32 = 94

  func callHelper(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
    guard let helper = HelperTable.shared[number] else { throw ExecutionFault(.unknownHelper(number)) }
    if holdsLock, number != Self.lockNumber, number != Self.unlockNumber {
      throw ExecutionFault(
        .environment("\(helper.function.name): function calls are not allowed while holding a lock"))
    }
    return try helper.body(self, &invocation)
  }

  func callKernelFunction(_ number: Int32, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
    guard let function = KernelFunctionTable.shared[number] else {
      let index = -1 - Int(number)
      guard machine.missingFunctions.indices.contains(index) else {
        throw ExecutionFault(.unknownKernelFunction(number))
      }
      let name = machine.missingFunctions[index]
      throw ExecutionFault(.environment("the weak kernel function '\(name)' does not exist; test for it first"))
    }
    if holdsLock, !function.isAllowedUnderLock {
      throw ExecutionFault(.environment("\(function.name): function calls are not allowed while holding a lock"))
    }
    return try function.body(self, &invocation)
  }

  func loadPacket(
    context: UInt64, offset: Int32, byteCount: Int, _ invocation: inout Invocation
  ) throws(ExecutionFault) -> UInt64? {
    guard let packet, packet.kind != .express else {
      throw ExecutionFault(.unsupported("a packet load (LD_ABS, LD_IND) in this type of program"))
    }
    guard context == self.context else {
      throw invalidArgument("a packet load (LD_ABS, LD_IND)", 6, context, "the program's context, which r6 has to be")
    }
    return packet.legacyLoad(offset: offset, byteCount: byteCount)
  }
}

/// How a helper or a kernel function is carried out: arguments in, the new r0 out.
typealias FunctionBody = @Sendable (ProgramRun, inout Invocation) throws(ExecutionFault) -> UInt64

extension LinuxErrno {
  /// The error as a program finds it in r0.
  var register: UInt64 { UInt64(bitPattern: returnValue) }
}
