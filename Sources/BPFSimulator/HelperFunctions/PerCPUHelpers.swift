import BPFExecution

/// Variables of the kernel of which each CPU has its own.
let perCPUHelpers: [HelperImplementation] = [
  .init("bpf_per_cpu_ptr") { run, invocation throws(ExecutionFault) in
    let variable = try run.perCPUVariable(invocation.r1, "bpf_per_cpu_ptr")
    let number = Int(UInt32(truncatingIfNeeded: invocation.r2))
    guard run.machine.cpus.indices.contains(number) else { return 0 }
    return run.machine.address(of: variable, on: run.machine.cpus[number])
  },
  .init("bpf_this_cpu_ptr") { run, invocation throws(ExecutionFault) in
    run.machine.address(of: try run.perCPUVariable(invocation.r1, "bpf_this_cpu_ptr"), on: run.cpu)
  },
]

extension ProgramRun {
  fileprivate func perCPUVariable(_ address: UInt64, _ function: String) throws(ExecutionFault) -> PerCPUVariable {
    guard let variable = machine.perCPUVariables[address] else {
      throw invalidArgument(function, 1, address, "a variable of which each CPU has its own")
    }
    return variable
  }
}
