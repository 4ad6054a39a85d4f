import BPFExecution

/// Pointers that the verifier lets a program see as something else.
let castKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_rdonly_cast") { _, invocation in invocation.r1 }
]
