import ArgumentParser
import Merops

/// The options that say what happens in the simulated machine.
package struct ScenarioOptions: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      """
      A variable of the object: name=VALUE, name=@TEXT for the address of a text in user memory, name=&SYMBOL for that \
      of a symbol of the target (--engine linux); may be repeated.
      """,
      valueName: "name=value"),
    transform: Assignment.init(parsing:))
  package var assignments: [Assignment] = []

  @Flag(
    exclusivity: .exclusive,
    help: "Whether texts in user memory can be read without a page fault.")
  package var residency: Residency = .nonresident

  @Option(
    name: [.customLong("nmi"), .customLong("times")],
    help: ArgumentHelp("How often the event happens: the number of NMIs for perf_event programs.", valueName: "n"))
  package var eventCount = 1

  @Option(
    help: ArgumentHelp(
      """
      The time between two events, in nanoseconds or with a unit (us, ms, s); for a counter of the real kernel the number \
      of events between two samples. In the simulated kernel 1ms without it.
      """, valueName: "time"))
  package var period: Nanoseconds?

  @Option(
    name: .customLong("block"),
    help: ArgumentHelp(
      "The system call in which the task sleeps when it is interrupted, such as read.", valueName: "call")
  )
  package var blockingCall: String?

  @Option(
    name: .customLong("argument"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "An argument of the system call or function that is the event: a number, or @TEXT; may be repeated.",
      valueName: "value"))
  package var arguments: [String] = []

  @Option(help: ArgumentHelp("The context of a syscall program, as hexadecimal bytes.", valueName: "hex"))
  package var context: String?

  @Option(
    help: ArgumentHelp(
      "The packet for XDP, tc and socket filters: hexadecimal bytes, or @FILE; without it a small UDP packet.",
      valueName: "hex|@file"))
  package var packet: String?

  @Flag(help: "Run what the verifier refuses as well, with each access checked while it runs.")
  package var unverified = false

  @Option(help: ArgumentHelp("How long the machine goes on after the last event.", valueName: "time"))
  package var linger = Nanoseconds(1_000_000)

  @Option(help: ArgumentHelp("The number of CPUs.", valueName: "n"))
  package var cpus = 2

  @Option(help: ArgumentHelp("The seed of what programs see as random.", valueName: "n"))
  package var seed: UInt64 = 1

  package init() {}

  /// Whether texts in user memory are there from the start.
  package enum Residency: String, EnumerableFlag {
    case nonresident
    case resident

    package static func help(for value: Residency) -> ArgumentHelp? {
      switch value {
      case .nonresident: "A text in user memory is on a page that has to be brought in first (the default)."
      case .resident: "A text in user memory can be read without a page fault."
      }
    }
  }

  package func validate() throws {
    guard (1...100_000).contains(eventCount) else {
      throw ValidationError("'--nmi' takes 1 to 100000, not \(eventCount)")
    }
    guard (1...256).contains(cpus) else { throw ValidationError("'--cpus' takes 1 to 256, not \(cpus)") }
    guard period?.value != 0 else { throw ValidationError("'--period' has to be more than 0") }
  }

  /// The first option that was given and means nothing in the real kernel.
  var simulatedOnly: String? {
    let options: [(String, Bool)] = [
      ("--resident", residency == .resident), ("--nmi", eventCount != 1), ("--block", blockingCall != nil),
      ("--argument", !arguments.isEmpty), ("--packet", packet != nil), ("--unverified", unverified),
    ]
    return options.first(where: \.1)?.0
  }

  /// The first variable that is to get an address which only a real process has.
  var symbol: String? {
    for assignment in assignments {
      if case .symbol(let symbol) = assignment.value { return "\(assignment.variable)=&\(symbol)" }
    }
    return nil
  }

  /// The scenario, without the values that variables are set to.
  func scenario() throws(CommandFailure) -> Scenario {
    var scenario = Scenario()
    scenario.configuration.cpuCount = cpus
    scenario.configuration.seed = seed
    scenario.userStringsAreResident = residency == .resident
    scenario.eventCount = eventCount
    if let period { scenario.period = period.value }
    scenario.linger = linger.value
    scenario.verification = unverified ? .none : .standard
    if let blockingCall {
      guard let call = SystemCall.named(blockingCall) else {
        throw CommandFailure(
          .usage,
          "'--block \(blockingCall)': there is no such system call on x86-64; calls that sleep are read, futex, nanosleep, "
            + "poll, epoll_wait, wait4, recvfrom, pause")
      }
      scenario.blockingCall = call
    }
    for argument in arguments {
      switch Assignment.Value(argument) {
      case .userString(let text): scenario.arguments.append(.userString(text))
      case .symbol(let text), .value(let text):
        guard let number = Self.number(text) else {
          throw CommandFailure(.usage, "'--argument \(text)': give a number, or @ and a text")
        }
        scenario.arguments.append(.number(number))
      }
    }
    if let context { scenario.context = try HexadecimalBytes(parsing: context, what: "the context").bytes }
    if let packet {
      scenario.packet =
        packet.hasPrefix("@")
        ? try InputFile(reading: String(packet.dropFirst())).bytes
        : try HexadecimalBytes(parsing: packet, what: "the packet").bytes
    }
    for assignment in assignments {
      if case .userString(let text) = assignment.value {
        scenario.userStrings.append(.init(variable: assignment.variable, text: text))
      }
    }
    return scenario
  }

  /// Sets the variables whose values are known before there is a machine.
  func apply(to object: inout ObjectFile) throws(CommandFailure) {
    for assignment in assignments {
      do throws(EditError) {
        switch assignment.value {
        case .value(let text): try object.set(assignment.variable, parsing: text)
        // The address comes later; that the variable can hold one is said now.
        case .userString, .symbol: try object.set(assignment.variable, to: UInt64(0))
        }
      } catch {
        throw CommandFailure(.usage, "'--set \(assignment.variable)': \(error)")
      }
    }
  }

  private static func number(_ text: String) -> UInt64? {
    if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
    return UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) }
  }
}
