import BPFLinux
import Synchronization

/// The running kernel, or another, with a call that fails: the one of a number, with an error number. It keeps count of the
/// descriptors and of the mappings that it has given out.
final class FaultyKernel: SystemCalls {
  private struct State {
    var calls: [SystemCallName] = []
    var commands: [Int] = []
    var open: Set<Int> = []
    var mapped: [Int: Int] = [:]
    var failing: Int?
    var errno: Int
    var actions: [Int: @Sendable () -> Void] = [:]
  }

  private let kernel: any SystemCalls
  private let state: Mutex<State>
  private let command: Int?

  /// A kernel that fails at a call, counted from 0, or at every bpf(2) command of a number, or never.
  init(
    _ kernel: any SystemCalls = RunningKernel(), failingAt failing: Int? = nil, command: Int? = nil, errno: Int32 = 0
  ) {
    self.kernel = kernel
    self.command = command
    state = Mutex(State(failing: failing, errno: Int(errno)))
  }

  /// Forgets the calls that were made, and lets one of those that come fail, counted from 0, or none.
  func begin(failingAt failing: Int? = nil, errno: Int32 = 0) {
    state.withLock { ($0.calls, $0.commands, $0.failing, $0.errno) = ([], [], failing, Int(errno)) }
  }

  /// Does something before each bpf(2) command of a number, on the thread that asks for it.
  func beforeCommand(_ command: Int, _ action: @escaping @Sendable () -> Void) {
    state.withLock { $0.actions[command] = action }
  }

  var openCount: Int { state.withLock { $0.open.count } }
  /// How many mappings there are, with the lengths that they were made with.
  var mappedCount: Int { state.withLock { $0.mapped.count } }
  var calls: [SystemCallName] { state.withLock { $0.calls } }
  /// The commands of the bpf(2) calls.
  var commands: [Int] { state.withLock { $0.commands } }

  func perform(
    _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
  ) -> Int {
    let (fails, errno) = state.withLock { state in
      state.calls.append(call)
      if call == .bpf { state.commands.append(first) }
      return (state.calls.count - 1 == state.failing || (call == .bpf && first == command), state.errno)
    }
    if call == .bpf { state.withLock { $0.actions[first] }?() }
    if call == .close {
      // Linux has closed the descriptor whatever it answers.
      state.withLock { _ = $0.open.remove(first) }
      let result = kernel.perform(call, first, second, third, fourth, fifth)
      return fails ? -errno : result
    }
    if call == .unmapMemory {
      state.withLock { if $0.mapped[first] == second { $0.mapped[first] = nil } }
      return kernel.perform(call, first, second, third, fourth, fifth)
    }
    if fails { return -errno }
    let result = kernel.perform(call, first, second, third, fourth, fifth)
    guard result >= 0 else { return result }
    let givesDescriptor =
      switch call {
      case .openFile, .perfEventOpen, .makeEvent, .makeEventSet: true
      // Create, load, get, open by identifier, raw tracepoint, types, types by identifier, link, link by identifier,
      // iterator, token.
      case .bpf: [0, 5, 7, 13, 14, 17, 18, 19, 28, 30, 33, 36].contains(first)
      default: false
      }
    if givesDescriptor { state.withLock { _ = $0.open.insert(result) } }
    if call == .mapMemory || call == .mapFile { state.withLock { $0.mapped[result] = first } }
    return result
  }
}
