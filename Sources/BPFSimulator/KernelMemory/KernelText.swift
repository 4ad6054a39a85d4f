/// Addresses of the simulated kernel's functions, for instruction pointers, stacks and symbols.
enum KernelText {
  /// Where the kernel's text begins on x86-64 without randomisation.
  static let base: UInt64 = 0xffff_ffff_8100_0000
  /// An address in a kernel stack, for sampled stack pointers.
  static let stackBase: UInt64 = 0xffff_c900_0000_3f58

  /// The address of a function, the same in each run: a hash of its name.
  static func address(of name: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return base + (hash & 0xff_ffff) * 16
  }
}

/// The call chains of the simulated kernel. They have the functions that Linux 6.18 on x86-64 has there, and each stands
/// for its first instruction: nothing of this kernel is machine code.
extension KernelText {
  /// What one context on a CPU adds to the chain, innermost first.
  static func frames(of context: ExecutionContext) -> [String] {
    switch context {
    case .user: []
    case .task: ["task_work_run", "exit_to_user_mode_loop"]
    case .softirq: ["handle_softirqs", "__irq_exit_rcu", "sysvec_apic_timer_interrupt"]
    case .hardirq: ["sysvec_apic_timer_interrupt", "asm_sysvec_apic_timer_interrupt"]
    case .nmi: ["perf_event_nmi_handler", "nmi_handle", "default_do_nmi", "exc_nmi", "asm_exc_nmi"]
    }
  }

  /// The chain that lies under all interrupts of a task.
  static func frames(of task: SimulatedTask) -> [String] {
    var names: [String] = []
    switch task.state {
    case .blocked, .stopped: names = ["__schedule", "schedule"]
    case .waitingForPage: names = ["__schedule", "schedule", "io_schedule", "exc_page_fault", "asm_exc_page_fault"]
    case .runnable, .running, .zombie, .dead: break
    }
    switch task.kind {
    case .idle:
      names += ["default_idle", "default_idle_call", "do_idle", "cpu_startup_entry"]
      names += task.lastCPU == 0 ? ["rest_init", "start_kernel"] : ["start_secondary"]
      return names + ["common_startup_64"]
    case .kernelThread: return names + ["kthread", "ret_from_fork", "ret_from_fork_asm"]
    case .user:
      guard let call = task.systemCall else { return names }
      return names + ["__x64_sys_\(call.name)", "do_syscall_64", "entry_SYSCALL_64_after_hwframe"]
    }
  }
}
