import BPFExecution
import BPFMaps

/// Pointers to objects and structures of the kernel in map values and in objects.
let pointerFieldHelpers: [HelperImplementation] = [.init("bpf_kptr_xchg", exchange)]

/// Puts a reference into a field, or null, and gives the program the one that was there.
private func exchange(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_kptr_xchg"
  let (field, new) = (invocation.r1, invocation.r2)
  guard let old = run.machine.memory.load(field, as: UInt64.self) else {
    throw run.invalidArgument(name, 1, field, "a field for a pointer")
  }
  if new != 0 { try run.giveUp(new, name) }
  guard run.machine.memory.store(new, at: field) else {
    throw run.invalidArgument(name, 1, field, "a field for a pointer that may be written")
  }
  return old == 0 ? 0 : run.hold(old)
}
