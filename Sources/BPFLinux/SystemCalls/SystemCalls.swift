/// A system call that the engine makes.
public enum SystemCallName: Hashable, Sendable, CaseIterable {
  /// bpf(2): the command, the address of its attributes, their size.
  case bpf
  /// perf_event_open(2): the address of the attributes, thread, CPU, group, flags.
  case perfEventOpen
  /// ioctl(2): the descriptor, the request, its argument.
  case ioctl
  /// open(2): the address of the path, flags; the descriptor is closed by exec(2).
  case openFile
  /// read(2): the descriptor, the address of a buffer, its size.
  case readFile
  /// pread(2): the descriptor, the address of a buffer, its size, the offset in the file.
  case readFileAt
  /// fstat(2): an open file; the result is its size in bytes.
  case fileSize
  /// mmap(2), private and for reading only: the length, the descriptor. ``unmapMemory`` is its end.
  case mapFile
  /// close(2): the descriptor.
  case close
  /// fork(2), ptrace(2) and exec(3): the addresses of the path and of the arguments, and of a number that says how far it
  /// came; the process, which the calling thread traces, stands still before its first instruction.
  case startProcess
  /// ptrace(2): a stopped process, and the address up to which it runs.
  case runProcess
  /// ptrace(2): a stopped process, which is let go.
  case releaseProcess
  /// waitid(2): the process, whose end is waited for, and the addresses of two numbers that say how it ended.
  case awaitProcess
  /// waitpid(2): a process that has ended, and goes.
  case reapProcess
  /// kill(2): the process and the signal.
  case signalProcess
  /// write(2): the descriptor, the address of a buffer, its size.
  case writeFile
  /// mmap(2), shared, at an address of the kernel's choice: the length, the protection, the descriptor, the offset.
  case mapMemory
  /// munmap(2): the address, the length.
  case unmapMemory
  /// eventfd(2), without blocking.
  case makeEvent
  /// epoll_create1(2).
  case makeEventSet
  /// epoll_ctl(2) to add a descriptor, edge-triggered, for reading: the set, the descriptor.
  case addToEventSet
  /// epoll_wait(2): the set, the time in milliseconds, -1 without end; the result is how many are ready.
  case waitForEventSet
  /// if_nametoindex(3): the address of the name of a network interface.
  case interfaceIndex
  /// The numbers of the threads of a process: the process, the address of 32-bit numbers, how many there is room for.
  case listThreads
}

/// The seam between the engine and the kernel: everything that BPFLinux asks of an operating system goes through here.
///
/// ``RunningKernel`` is the real one. Tests put another in its place, which counts calls or makes them fail.
public protocol SystemCalls: Sendable {
  /// Makes one system call.
  ///
  /// - Parameters:
  ///   - call: which one.
  ///   - first: the first argument in the order that ``SystemCallName`` names; unused ones are 0.
  ///   - second: the second argument.
  ///   - third: the third argument.
  ///   - fourth: the fourth argument.
  ///   - fifth: the fifth argument.
  /// - Returns: the result, or the negated error number.
  func perform(_ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int) -> Int
}

extension SystemCalls {
  /// Makes a system call of up to three arguments.
  func perform(_ call: SystemCallName, _ first: Int, _ second: Int = 0, _ third: Int = 0) -> Int {
    perform(call, first, second, third, 0, 0)
  }
}
