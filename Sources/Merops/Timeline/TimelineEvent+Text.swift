import BPFMaps
import BPFSimulator
import BPFTaskWork

extension TimelineEvent.Kind {
  /// How an event changes what the following ones belong to.
  enum Nesting {
    case opens
    case closes
    case none
  }

  var nesting: Nesting {
    switch self {
    case .interruptEntered, .callbackEntered, .systemCallEntered: .opens
    case .interruptLeft, .callbackLeft, .systemCallLeft: .closes
    default: .none
    }
  }

  /// What happened, empty for the end of an interrupt.
  func text(_ keyText: (TimelineEvent.Request) -> String) -> String {
    func element(_ request: TimelineEvent.Request) -> String { "\(request.map)[\(keyText(request))]" }
    switch self {
    case .interruptEntered: return "interrupt"
    case .interruptLeft: return ""
    case .programRan(let name, let result, let instructions):
      return "\(name) returned \(Self.text(of: result)) after \(instructions) instructions"
    case .scheduled(let request, let result):
      return "schedule \(element(request)) on \(request.target), \(request.mode): \(Self.text(of: result))"
    case .attached(let request): return "\(element(request)) attached to \(request.target)"
    case .dropped(let request): return "\(element(request)) dropped: \(request.target) takes no more work"
    case .cancelled(let request): return "\(element(request)) cancelled"
    case .callbackEntered(let request, let function): return "callback \(function) for \(element(request))"
    case .callbackLeft(_, let result): return "returned \(Self.text(of: result))"
    case .pageFault(let fault):
      return "page fault at \(Self.hexadecimal(fault.address)), "
        + (fault.isMajor ? "read from its file" : "brought in")
    case .copiedFromUser(let function, let address, let result):
      return "\(function) from \(Self.hexadecimal(address)): \(Self.text(of: result))"
    case .systemCallEntered(let name): return "\(name)()"
    case .blocked: return "sleeps"
    case .restarted(let name): return "\(name) starts again"
    case .systemCallLeft(_, let result): return "returned \(Self.text(of: result))"
    case .switchedTo: return "runs"
    case .forked(let child): return "forks \(child)"
    case .executed: return "has a new image"
    case .signalHandled(let number): return "handles signal \(number)"
    case .stopped: return "stops"
    case .continued: return "goes on"
    case .exited: return "ends"
    case .timerExpired(let map): return "timer in \(map) expires"
    case .trace(let text): return "prints: \(text)"
    case .fault(_, let message): return "fault: \(message)"
    }
  }

  /// A result as C sees an `int`, with the symbol of an error.
  private static func text(of result: Int64) -> String {
    // Programs return 32 bits, which clang leaves without a sign in the 64 of the register.
    let value = UInt64(bitPattern: result) >> 32 == 0 ? Int64(Int32(truncatingIfNeeded: result)) : result
    guard value < 0, value > -4096, let number = Int32(exactly: -value) else { return "\(value)" }
    let symbol = LinuxErrno(rawValue: number).description
    return symbol.hasPrefix("E") ? "\(value) (\(symbol))" : "\(value)"
  }

  private static func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}
