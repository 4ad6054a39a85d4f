import BPFExecution

/// Sections in which something is kept from happening: RCU read sections, preemption off, interrupts off.
let sectionKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_rcu_read_lock") { run, _ in
    run.rcuDepth += 1
    return 0
  },
  .init(name: "bpf_rcu_read_unlock") { run, _ throws(ExecutionFault) in
    guard run.rcuDepth > 0 else {
      throw ExecutionFault(.environment("unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)"))
    }
    run.rcuDepth -= 1
    return 0
  },
  .init(name: "bpf_preempt_disable") { run, _ in
    run.preemptionOffDepth += 1
    return 0
  },
  .init(name: "bpf_preempt_enable") { run, _ throws(ExecutionFault) in
    guard run.preemptionOffDepth > 0 else {
      throw ExecutionFault(.environment("unmatched attempt to enable preemption (kernel function bpf_preempt_enable)"))
    }
    run.preemptionOffDepth -= 1
    return 0
  },
  .init(name: "bpf_local_irq_save") { run, invocation throws(ExecutionFault) in
    try run.requireWritable(invocation.r1, count: 8, "bpf_local_irq_save", argument: 1)
    run.turnInterruptsOff()
    return 0
  },
  .init(name: "bpf_local_irq_restore") { run, _ throws(ExecutionFault) in
    try run.restoreInterrupts("bpf_local_irq_restore")
    return 0
  },
]

extension ProgramRun {
  func turnInterruptsOff() {
    interruptsOffDepth += 1
    cpu.interruptsOffDepth += 1
  }

  /// Undoes the latest ``turnInterruptsOff()``.
  func restoreInterrupts(_ function: String) throws(ExecutionFault) {
    guard interruptsOffDepth > 0 else {
      throw ExecutionFault(.environment("\(function): no interrupt state was saved"))
    }
    interruptsOffDepth -= 1
    machine.enableInterrupts(on: cpu)
  }
}
