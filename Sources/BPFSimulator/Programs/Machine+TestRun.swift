import BPFExecution
import BPFObject

/// Running a program once at the script's wish, as `BPF_PROG_TEST_RUN` does.
extension Machine {
  /// Runs a `syscall` program in the context of the task that a CPU runs.
  func testRun(
    _ program: LoadedProgram, context: [UInt8], on number: Int
  ) throws(MachineError) -> (result: UInt64, context: [UInt8]) {
    let cpu = try cpu(number)
    guard program.kind.type == .systemCall else {
      throw MachineError("program '\(program.name)' cannot be run by itself: it is not of type syscall")
    }
    return try operate { () throws(MachineError) -> (result: UInt64, context: [UInt8]) in
      var after = context
      // The task that runs asks for it with a system call of its own.
      let caller = cpu.context == .user ? cpu.current : nil
      caller?.systemCall = .bpf
      defer { caller?.systemCall = nil }
      do {
        let result = try run(
          program, context: context, isWritable: true,
          contextResult: { address in after = self.memory.read(address, byteCount: context.count) ?? context },
          on: cpu)
        return (result, after)
      } catch {
        // The fault has been recorded; the end of the step throws it.
        return (0, after)
      }
    }
  }
}
