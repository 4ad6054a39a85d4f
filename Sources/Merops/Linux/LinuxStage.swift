import BPFLinux
import BPFObject
import SystemPackage

/// The target of a session, and everything that is done with it, in its order.
struct LinuxStage {
  let session: LinuxSession
  private let command: TargetProcess?

  /// Finds the target, or starts the command, which stands still.
  init(_ session: LinuxSession) throws(LinuxSessionError) {
    self.session = session
    switch session.target {
    case .command(let arguments):
      do throws(BPFError) {
        command = try TargetProcess.start(arguments)
      } catch { throw .target(error) }
    case .process(let number), .thread(let number):
      command = nil
      guard number > 0, session.kernel.exists(process: number) else {
        throw .target(
          BPFError("process \(number)", .systemCall("kill", .noSuchProcess), "there is no such process or thread"))
      }
    case .machine: command = nil
    }
  }

  /// The number of the command's process.
  var process: Int32? { command?.identifier }

  /// The number of the process that is looked at.
  private var number: Int32? {
    switch session.target {
    case .command: command?.identifier
    case .process(let number), .thread(let number): number
    case .machine: nil
    }
  }

  // MARK: Before loading

  /// The object with the addresses of symbols in its variables.
  func fitted(_ object: ObjectFile) throws(LinuxSessionError) -> ObjectFile {
    var object = object
    guard !session.symbols.isEmpty else { return object }
    guard let number else {
      throw .symbol("an address is one in a process: give a command after '--', or '--pid'")
    }
    for symbol in session.symbols {
      let address: UInt64
      do throws(BPFError) {
        address = try self.address(of: symbol.symbol, in: number)
      } catch { throw .symbol("'\(symbol.variable)': \(error)") }
      do throws(EditError) { try object.set(symbol.variable, to: address) } catch { throw .symbol("\(error)") }
    }
    return object
  }

  /// A command's libraries are not there at its first instruction. It goes on to its entry point when one is needed, so
  /// that variables hold addresses from the first event on; the work of the dynamic loader is then not seen.
  private func address(of symbol: String, in number: Int32) throws(BPFError) -> UInt64 {
    do throws(BPFError) { return try session.kernel.address(of: symbol, in: number) } catch {
      guard let command else { throw error }
      try command.runToEntryPoint()
    }
    return try session.kernel.address(of: symbol, in: number)
  }

  // MARK: Attaching

  /// Attaches a program, or runs it if that is what it is for.
  func attach(
    _ program: LinuxProgram, adding attachments: inout LinuxAttachment
  ) throws(LinuxSessionError) -> LinuxRun.ProgramOutcome {
    func attached(_ place: String, _ attachment: consuming LinuxAttachment) -> LinuxRun.ProgramOutcome {
      attachments.add(attachment)
      return LinuxRun.ProgramOutcome(name: program.name, place: place)
    }
    do throws(BPFError) {
      switch program.kind.type {
      case .perfEvent:
        return attached(counterPlace, try attachCounter(program))
      case .systemCall:
        let run = try program.testRun(context: session.context)
        return LinuxRun.ProgramOutcome(
          name: program.name, place: "run once", result: run.result,
          context: session.context.isEmpty ? nil : run.context)
      case .xdp:
        let interface = try interface(for: program)
        return attached("packets that arrive at \(interface)", try program.attach(to: .express(interface, .any)))
      case .trafficClassifier:
        let interface = try interface(for: program)
        let isOut = program.kind.attachType == AttachType.tcxEgress.rawValue
        return attached(
          "packets that \(isOut ? "leave" : "arrive") through \(interface)",
          try program.attach(to: .trafficControl(interface, isOut ? .egress : .ingress)))
      case .cgroupSKB, .cgroupSocket, .cgroupDevice, .cgroupSocketAddress, .cgroupSystemControl, .cgroupSocketOption,
        .socketOperations:
        guard let group = session.controlGroup else {
          throw BPFError("program '\(program.name)'", .refusal, "no control group is given", advice: "use '--cgroup'")
        }
        return attached("control group \(group)", try program.attach(to: .controlGroup(FilePath(group))))
      case .tracing where program.kind.attachType == AttachType.traceIterator.rawValue:
        // It runs when its text is read, at the end.
        return LinuxRun.ProgramOutcome(name: program.name, place: program.kind.description)
      default:
        let place = try program.sectionTarget(pid: number)
        return attached(program.kind.description, try program.attach(to: place))
      }
    } catch { throw .attach(error) }
  }

  private func interface(for program: LinuxProgram) throws(BPFError) -> NetworkInterface {
    if let interface = session.interface { return interface }
    throw BPFError(
      "program '\(program.name)'", .refusal, "no network interface is given", advice: "use '--interface'")
  }

  private var countsEverything: Bool { session.countsAllCPUs || session.target == .machine }

  /// What a counter counts, in words.
  private var counterPlace: String {
    let event = session.event.name + (session.cpu.map { " on CPU \($0)" } ?? "")
    guard !countsEverything, let number else { return session.cpu == nil ? "\(event) on all CPUs" : event }
    if case .thread = session.target { return "\(event) of thread \(number)" }
    return "\(event) of process \(number)"
  }

  private func attachCounter(_ program: LinuxProgram) throws(BPFError) -> LinuxAttachment {
    let event = session.event
    guard !countsEverything, let number else {
      var cpus: [Int32] = []
      if let cpu = session.cpu { cpus = [cpu] } else { cpus = try session.kernel.onlineCPUs().map { Int32($0) } }
      return try program.attach(to: cpus.map { .perfEvent(event, pid: nil, cpu: $0) })
    }
    if case .thread = session.target {
      return try program.attach(to: .perfEvent(event, pid: number, cpu: session.cpu))
    }
    return try program.attach(to: event, ofProcess: number, cpu: session.cpu)
  }

  // MARK: Afterwards

  /// Lets the command go.
  func release() throws(LinuxSessionError) {
    do throws(BPFError) { try command?.release() } catch { throw .target(error) }
  }

  /// Waits for the end of the session, whatever it is. A command that is not at its end then is told to end.
  func waitForEnd() async -> TargetProcess.End? {
    if let command {
      guard let duration = session.duration else {
        if let end = await command.waitForEnd() { return end }
        return await ended(command)
      }
      await withTaskGroup(of: Void.self) { group in
        group.addTask { _ = await command.waitForEnd() }
        group.addTask { try? await Task.sleep(for: duration) }
        await group.next()
        group.cancelAll()
      }
      return await ended(command)
    }
    let clock = ContinuousClock()
    let limit = session.duration.map { clock.now + $0 }
    while !Task.isCancelled {
      if let number, !session.kernel.exists(process: number) { break }
      var pause = Duration.milliseconds(50)
      if let limit {
        guard clock.now < limit else { break }
        pause = min(pause, clock.now.duration(to: limit))
      }
      try? await Task.sleep(for: pause)
    }
    return nil
  }

  /// Tells a command to end, and waits for it no longer than a second.
  private func ended(_ command: TargetProcess) async -> TargetProcess.End? {
    if let end = command.end { return end }
    command.send(signal: 15)
    // In a task of its own, since this one may be cancelled.
    return await Task.detached {
      for _ in 0..<100 where command.end == nil { try? await Task.sleep(for: .milliseconds(10)) }
      return command.end
    }.value
  }

  /// What is left to be had from a program at the end.
  func finish(_ program: LinuxProgram, _ outcome: inout LinuxRun.ProgramOutcome) {
    guard program.kind.type == .tracing, program.kind.attachType == AttachType.traceIterator.rawValue else { return }
    do throws(BPFError) {
      outcome.text = try program.attach(to: .iterator(.everything)).text()
    } catch { outcome.problem = error.description }
  }
}

extension PerfEvent {
  /// The name of what is counted, with how often.
  fileprivate var name: String {
    let names: [[UInt64]: String] = [
      [1, 0]: "cpu-clock", [1, 1]: "task-clock", [1, 2]: "page-faults", [1, 3]: "context-switches", [0, 0]: "cycles",
    ]
    let name = names[[UInt64(type), configuration]] ?? "event \(type)/\(configuration)"
    return switch sampling {
    case .frequency(let hertz): "\(name) at \(hertz) Hz"
    case .period(1): "each of \(name)"
    case .period(let period): "\(name) every \(period)"
    }
  }
}

extension ProgramKind {
  fileprivate var description: String { target.isEmpty ? prefix : "\(prefix)/\(target)" }
}
