// Child processes as targets.
//
// Unsafe because arguments and file actions are passed to posix_spawn by address, and because ptrace is reached through
// its number. All lives as long as the call that is given its address.

#if os(Linux)
  import Glibc

  /// A child of this process with pipes for its standard input and output.
  final class ChildProcess {
    let pid: Int32
    private let input: Int32
    private let output: Int32
    private var isInputOpen = true
    private var isReaped = false

    init(_ arguments: [String]) throws {
      let (forInput, forOutput) = (try RawSystemCall.pipe(), try RawSystemCall.pipe())
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      defer { posix_spawn_file_actions_destroy(&actions) }
      posix_spawn_file_actions_adddup2(&actions, forInput.input, 0)
      posix_spawn_file_actions_adddup2(&actions, forOutput.output, 1)
      var words = arguments.map { strdup($0) } + [nil]
      defer { for word in words { free(word) } }
      var child: pid_t = 0
      let status = posix_spawnp(&child, arguments[0], &actions, nil, &words, environ)
      close(forInput.input)
      close(forOutput.output)
      (pid, input, output) = (child, forInput.output, forOutput.input)
      guard status == 0 else {
        isReaped = true
        throw UnexpectedErrno(what: "start of \(arguments[0])", errno: status)
      }
    }

    deinit {
      kill()
      closeInput()
      close(output)
    }

    func send(_ text: String) throws {
      let count = Array(text.utf8).withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
      guard count == text.utf8.count else { throw UnexpectedErrno(what: "write to a child", errno: errno) }
    }

    /// Reads a line of its output.
    func readLine() throws -> String {
      var bytes: [UInt8] = []
      while bytes.last != UInt8(ascii: "\n") {
        var byte: UInt8 = 0
        guard read(output, &byte, 1) == 1 else { throw UnexpectedErrno(what: "read from a child", errno: errno) }
        bytes.append(byte)
      }
      return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    func closeInput() {
      if isInputOpen { close(input) }
      isInputOpen = false
    }

    /// Waits until it has ended.
    func reap() {
      if !isReaped { waitpid(pid, nil, 0) }
      isReaped = true
    }

    /// Says that somebody else has waited for its end.
    func wasReaped() { isReaped = true }

    func kill() {
      if !isReaped { Glibc.kill(pid, SIGKILL) }
      reap()
    }
  }

  /// A shell that waits for orders.
  final class RunningProcess: TargetProcess {
    private let child: ChildProcess
    var pid: Int32 { child.pid }

    init() throws {
      child = try ChildProcess([
        "sh", "-c", "while read order; do case $order in fork) /bin/true; echo done;; exec) exec /bin/cat;; esac; done",
      ])
      try waitUntilItReads()
    }

    private func waitUntilItReads() throws {
      try waitUntil("the child reads") {
        guard let call = try ProcessFiles.systemCall(of: pid) else { return false }
        return call == (0, 0)
      }
    }

    var readableAddress: UInt64 {
      get throws { try ProcessFiles.mappings(of: pid).first?.range.lowerBound ?? 0 }
    }

    func fork() throws {
      try child.send("fork\n")
      _ = try child.readLine()
      try waitUntilItReads()
    }

    func execute() throws {
      try child.send("exec\n")
      try waitUntil("the child has become cat") { try ProcessFiles.name(of: pid) == "cat" }
      try waitUntilItReads()
    }

    func end() throws {
      child.closeInput()
      child.reap()
    }

    func kill() throws { child.kill() }

    // Requests of ptrace(2).
    private static let (seize, interrupt, detach) = (0x4206, 0x4207, 17)

    private func trace(_ request: Int) throws {
      let result = RawSystemCall.perform(101, request, Int(pid))
      guard result >= 0 else { throw UnexpectedErrno(what: "ptrace", errno: Int32(-result)) }
    }

    func stop(byTracer: Bool) throws {
      if byTracer {
        try trace(Self.seize)
        try trace(Self.interrupt)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
      } else {
        Glibc.kill(pid, SIGSTOP)
      }
      try waitUntil("the child stands still") { try ProcessFiles.state(of: pid) == (byTracer ? "t" : "T") }
    }

    func resume(byTracer: Bool) throws {
      if byTracer { try trace(Self.detach) } else { Glibc.kill(pid, SIGCONT) }
    }
  }
#endif
