/// Where a program is attached.
public enum AttachPoint: Sendable {
  /// Overflows of a performance counter, on one CPU or all, of one thread or all; `period` is what the program
  /// reads as `sample_period`.
  case perfEvent(cpu: Int? = nil, pid: Int32? = nil, period: UInt64 = 1_000_000)
  /// A tracepoint, by its group and name.
  case tracepoint(group: String, name: String)
  /// A raw tracepoint, also with typed arguments.
  case rawTracepoint(name: String)
  /// The entry of a kernel function, or its return.
  case kernelFunction(name: String, isReturn: Bool)
  /// The entry of a function of a user program, or its return.
  case userFunction(name: String, isReturn: Bool)
}

/// A program that runs when something happens. Dropping the value detaches the program.
public struct Attachment: ~Copyable {
  private let machine: Machine
  private let number: Int

  init(machine: Machine, number: Int) {
    self.machine = machine
    self.number = number
  }

  deinit { machine.detach(number) }

  /// Detaches the program.
  public consuming func detach() {}
}

/// One entry of the machine's table of attachments.
struct EventAttachment {
  var number: Int
  var program: LoadedProgram
  var point: AttachPoint
  /// What `bpf_get_attach_cookie` returns.
  var cookie: UInt64
}

extension Machine {
  func attach(_ program: LoadedProgram, to point: AttachPoint, cookie: UInt64) throws(MachineError) -> Attachment {
    if let problem = program.kind.problem(attachingTo: point) {
      throw MachineError("program '\(program.name)' cannot be attached there: \(problem)")
    }
    let number = nextAttachmentNumber
    nextAttachmentNumber += 1
    program.retain()
    attachments.append(EventAttachment(number: number, program: program, point: point, cookie: cookie))
    return Attachment(machine: self, number: number)
  }

  func detach(_ number: Int) {
    guard let index = attachments.firstIndex(where: { $0.number == number }) else { return }
    let attachment = attachments.remove(at: index)
    release(attachment.program)
  }
}
