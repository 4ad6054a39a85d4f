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
    run.interruptsOffDepth += 1
    run.cpu.interruptsOffDepth += 1
    return 0
  },
  .init(name: "bpf_local_irq_restore") { run, _ throws(ExecutionFault) in
    guard run.interruptsOffDepth > 0 else {
      throw ExecutionFault(.environment("bpf_local_irq_restore: no interrupt state was saved"))
    }
    run.interruptsOffDepth -= 1
    run.machine.enableInterrupts(on: run.cpu)
    return 0
  },
]
