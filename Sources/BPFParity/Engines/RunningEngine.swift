#if os(Linux)
  import BPFDiagnostics
  import BPFLinux
  import BPFObject
  import SystemPackage

  /// The running kernel with the programs loaded. The calling thread asks; the targets are threads of this process and
  /// children of it.
  final class RunningEngine: ParityEngine {
    let kernel: LinuxKernel
    let object: LinuxObject
    /// By what the sleeps of calls that end by themselves are longer than usual.
    let patience: Int
    private var duplicates: [LinuxMap] = []
    private var sleepers: [PipeSleeper] = []
    var pages: [UserPage] = []

    init(_ file: ObjectFile, kernel: LinuxKernel, patience: Int = 1) throws {
      self.kernel = kernel
      self.patience = patience
      object = try kernel.load(file)
    }

    private func errno(_ body: () throws(BPFError) -> Void) throws -> Int32 {
      do throws(BPFError) {
        try body()
        return 0
      } catch {
        guard let errno = error.errno else { throw error }
        return errno.rawValue
      }
    }

    private func map(_ choice: MapChoice) throws -> LinuxMap { try object.map("\(choice)") }

    func update(_ key: UInt32, in choice: MapChoice, to element: Element, flags: UInt64) throws -> Int32 {
      let map = try map(choice)
      return try errno { () throws(BPFError) in
        try map.updateElement(key.bytes, to: element.bytes, flags: LinuxMap.ElementFlags(rawValue: flags))
      }
    }

    func lookup(_ key: UInt32, in choice: MapChoice) throws -> Element? {
      let map = try map(choice)
      do throws(BPFError) { return Element(try map.lookupElement(key.bytes)) } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
        return nil
      }
    }

    func delete(_ key: UInt32, from choice: MapChoice) throws -> Int32 {
      let map = try map(choice)
      return try errno { () throws(BPFError) in try map.deleteElement(key.bytes) }
    }

    func lookupAndDelete(_ key: UInt32, from choice: MapChoice) throws -> (errno: Int32, element: Element) {
      let map = try map(choice)
      var element = Element()
      let errno = try errno { () throws(BPFError) in element = Element(try map.lookupAndDeleteElement(key.bytes)) }
      return (errno, element)
    }

    func identifier(of choice: MapChoice) throws -> UInt32 { try map(choice).identifier }

    func firstKeyExists(in choice: MapChoice) throws -> Bool { try map(choice).nextKey() != nil }

    func run(_ program: String, context: [UInt8]) throws -> [UInt8] {
      try object.program(program).testRun(context: context).context
    }

    func runs(of program: String, _ body: () throws -> Void) throws -> UInt64 {
      let program = try object.program(program)
      let statistics = try KernelStatistics()
      defer { statistics.end() }
      let before = try program.information().runCount
      try body()
      return try program.information().runCount - before
    }

    func variable(_ name: String) throws -> GlobalVariable {
      guard let global = object.object.globals[name] else { throw UnexpectedErrno(what: "global \(name)", errno: 2) }
      return global
    }

    func section(_ map: String) throws -> [UInt8] { try object.map(map).lookupElement([0, 0, 0, 0]) }

    func setSection(_ map: String, to bytes: [UInt8]) throws {
      try object.map(map).updateElement([0, 0, 0, 0], to: bytes)
    }

    func refusal(of program: String) throws -> (errno: Int32, message: String)? {
      var alone = object.object
      alone.programs = alone.programs.filter { $0.key == program }
      let session = try LinuxVerification(alone, on: kernel)
      let verdict = try session.verdict(of: program, logLevel: 1, logSize: 1 << 18)
      guard let errno = verdict.errno else { return nil }
      let diagnostic = Diagnostic(kernelLog: verdict.log, of: session.prepared.programs[program])
      return (errno.rawValue, diagnostic.kernelMessage)
    }

    func sleeper() throws -> any Sleeper {
      let sleeper = try PipeSleeper()
      sleepers.append(sleeper)
      return sleeper
    }

    func sleeper(in call: BlockingCall) throws -> any CallSleeper { try RunningCallSleeper(call, patience: patience) }

    func process() throws -> any TargetProcess { try RunningProcess() }

    func kernelThread() throws -> Int32 { try ProcessFiles.process(named: "oom_reaper") }

    func closeProgram(_ name: String) throws { try object.program(name).close() }

    func programExists(_ name: String) throws -> Bool {
      do throws(BPFError) { _ = try kernel.programInformation(identifier: try object.program(name).identifier) } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
        return false
      }
      return true
    }

    func closeMap(_ choice: MapChoice) throws { try map(choice).close() }

    func duplicateMap(_ choice: MapChoice) throws {
      duplicates.append(try kernel.map(identifier: try map(choice).identifier))
    }

    func closeDuplicate(of choice: MapChoice) throws {
      let identifier = try map(choice).identifier
      duplicates.first { $0.identifier == identifier }?.close()
    }

    func withSystemCallEntry(_ program: String, _ body: () throws -> Void) throws {
      let link = try object.program(program).attach(to: .rawTracepoint(name: "sys_enter"))
      try body()
      link.detach()
    }

    func numbers(ofCalls names: [String]) -> [UInt64] { names.flatMap { Self.callNumbers[$0] ?? [] } }

    /// The numbers that the C library may use on x86-64.
    private static let callNumbers: [String: [UInt64]] = [
      "exit_group": [231], "execve": [59], "fork": [57, 56, 58, 435], "getppid": [110], "nanosleep": [35, 230],
      "rt_sigreturn": [15],
    ]

    func timeOfHandler(on tid: Int32, _ body: () throws -> Void) throws -> UInt64 {
      try setEvent(tid: tid, limit: 0, calls: ["rt_sigreturn"])
      try setGlobal("event_time", to: 0)
      try withSystemCallEntry("on_noted_call", body)
      return UInt64(bitPattern: try global("event_time"))
    }

    func sample(until condition: () throws -> Bool, target: (Int32) throws -> Void) throws {
      let spinning = try ChildProcess(["sh", "-c", "while :; do :; done"])
      defer { spinning.kill() }
      try target(spinning.pid)
      let link = try object.program("on_sample").attach(
        to: .perfEvent(.cpuClock(.period(1_000_000)), pid: spinning.pid, cpu: nil))
      try waitUntil("a sample was taken", condition)
      link.detach()
    }

    func letTimePass() throws { pause(milliseconds: 50) }

    func definition(ofMap name: String) -> MapDefinition? { object.object.maps[name] }

    func creation(_ definition: MapDefinition) throws -> Int32 {
      try errno { () throws(BPFError) in try kernel.makeMap(definition).freeze() }
    }

    func bytesAfterFilling(_ name: String) throws -> [UInt8] {
      let map = try object.map(name)
      let size = Int(object.object.maps[name]?.valueSize ?? 0)
      try map.updateElement([0, 0, 0, 0], to: [UInt8](repeating: 0xff, count: size))
      return try map.lookupElement([0, 0, 0, 0])
    }

    func update(_ key: UInt32, ofMap map: String, to value: [UInt8], flags: UInt64) throws {
      try object.map(map).updateElement(key.bytes, to: value, flags: LinuxMap.ElementFlags(rawValue: flags))
    }

    func lookup(_ key: UInt32, ofMap map: String) throws -> [UInt8] { try object.map(map).lookupElement(key.bytes) }
  }
#endif
