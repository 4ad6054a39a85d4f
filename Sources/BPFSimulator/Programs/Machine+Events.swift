import BPFExecution
import BPFObject

/// Samples, and what the programs of all events are run with.
extension Machine {
  /// Runs the programs of the perf events that count on a CPU and its current task.
  func firePerfEvents(on cpu: CPU) throws(MachineError) {
    let registers = sampledRegisters(on: cpu)
    for attachment in attachments {
      guard case .perfEvent(let number, let pid, let period) = attachment.point,
        number == nil || number == cpu.number, pid == nil || pid == cpu.current.pid
      else { continue }
      let context = registers.words + [period, 0]
      runAttached(attachment, context: context, origin: .interrupt(registers), on: cpu)
    }
  }

  /// The registers at the interrupt: the task's in user mode, those of the kernel's innermost function otherwise.
  private func sampledRegisters(on cpu: CPU) -> UserRegisters {
    guard let address = kernelCallChain(on: cpu, isInterruptLeftOut: true).first else { return cpu.current.registers }
    return .kernel(at: address)
  }

  /// Runs an attached program on a context of 64-bit words.
  func runAttached(
    _ attachment: EventAttachment, context words: [UInt64], origin: RunOrigin = .call, on cpu: CPU
  ) {
    let bytes = words.flatMap(\.littleEndianBytes)
    runAttached(attachment, contextBytes: bytes, origin: origin, on: cpu)
  }

  func runAttached(
    _ attachment: EventAttachment, contextBytes bytes: [UInt8], origin: RunOrigin = .call, on cpu: CPU
  ) {
    _ = try? run(
      attachment.program, context: bytes, isWritable: false, cookie: attachment.cookie, origin: origin, on: cpu)
  }
}
