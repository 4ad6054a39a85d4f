import BPFExecution

/// Ending a program from anywhere in it.
let exceptionKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_throw") { _, invocation throws(ExecutionFault) in
    throw ExecutionFault(.exception(cookie: invocation.r1))
  }
]
