import BPFMaps
import BPFObject
import BPFSimulator
import BPFVerifier

/// The simulated kernel with the programs loaded.
struct SimulatedEngine: ParityEngine {
  let machine: Machine
  let object: LoadedObject
  /// The thread that asks, on CPU 0.
  let asker: SimulatedTask

  init(_ file: ObjectFile) throws {
    machine = try Machine(MachineConfiguration())
    object = try machine.load(file)
    asker = try machine.spawn("asker")
    try machine.run(asker, on: 0)
  }

  private func errno(_ body: () throws(MapError) -> Void) -> Int32 {
    do throws(MapError) {
      try body()
      return 0
    } catch { return error.errno.rawValue }
  }

  private func map(_ choice: MapChoice) throws -> BPFMap { try object.map("\(choice)") }

  func update(_ key: UInt32, in choice: MapChoice, to element: Element, flags: UInt64) throws -> Int32 {
    let map = try map(choice)
    return errno { () throws(MapError) in
      try map.updateElement(key.bytes, to: element.bytes, flags: ElementFlags(rawValue: flags))
    }
  }

  func lookup(_ key: UInt32, in choice: MapChoice) throws -> Element? {
    (try? map(choice).lookupElement(key.bytes)).map(Element.init)
  }

  func delete(_ key: UInt32, from choice: MapChoice) throws -> Int32 {
    let map = try map(choice)
    return errno { () throws(MapError) in try map.deleteElement(key.bytes) }
  }

  func lookupAndDelete(_ key: UInt32, from choice: MapChoice) throws -> (errno: Int32, element: Element) {
    let map = try map(choice)
    var element = Element()
    let errno = errno { () throws(MapError) in element = Element(try map.lookupAndDeleteElement(key.bytes)) }
    return (errno, element)
  }

  func identifier(of choice: MapChoice) throws -> UInt32 { try map(choice).identifier }

  func firstKeyExists(in choice: MapChoice) throws -> Bool { (try? map(choice).nextKey()) != nil }

  func run(_ program: String, context: [UInt8]) throws -> [UInt8] {
    try object.run(program, context: context, on: 0).context
  }

  func runs(of program: String, _ body: () throws -> Void) throws -> UInt64 {
    let before = try object.program(program).runCount
    try body()
    return try object.program(program).runCount - before
  }

  func variable(_ name: String) throws -> GlobalVariable {
    guard let global = object.object.globals[name] else { throw UnexpectedErrno(what: "global \(name)", errno: 2) }
    return global
  }

  func section(_ map: String) throws -> [UInt8] { try object.map(map).lookupElement([0, 0, 0, 0]) }

  func setSection(_ map: String, to bytes: [UInt8]) throws {
    try object.map(map).updateElement([0, 0, 0, 0], to: bytes)
  }

  func refusal(of name: String) throws -> (errno: Int32, message: String)? {
    let types = SimulatedKernelTypes.shared
    guard var program = object.object.programs[name], let local = object.object.types else {
      throw UnexpectedErrno(what: "program \(name)", errno: 2)
    }
    try program.applyTypeRelocations(local: local, target: types)
    let verdict = Verifier().verify(program, of: object.object, kernelTypes: types)
    return verdict.rejection.map { ($0.errno, $0.message) }
  }

  func sleeper() throws -> any Sleeper {
    let task = try machine.spawnThread(of: asker, "sleeper")
    try machine.run(task, on: 1)
    task.signalActions[SimulatedSleeper.handledSignal] = .handle(restart: false)
    try machine.block(task, in: .read)
    return SimulatedSleeper(machine: machine, task: task)
  }

  func sleeper(in call: BlockingCall) throws -> any CallSleeper {
    guard let systemCall = SimulatedCallSleeper.calls[call.name] else {
      throw UnexpectedErrno(what: "system call \(call.name)", errno: 38)
    }
    let task = try machine.spawnThread(of: asker, "sleeper")
    try machine.run(task, on: 1)
    try machine.block(task, in: systemCall)
    return SimulatedCallSleeper(machine: machine, task: task, call: call)
  }

  func process() throws -> any TargetProcess { try SimulatedProcess(machine, parent: asker) }

  func kernelThread() throws -> Int32 {
    let thread = try machine.spawnKernelThread("worker")
    return thread.pid
  }

  func withZombie<Result>(_ body: (Int32) throws -> Result) throws -> Result {
    let task = try machine.spawn("short", parent: asker)
    try machine.run(task, on: 1)
    try machine.exit(task)
    return try body(task.pid)
  }

  func closeProgram(_ name: String) throws { try object.closeProgram(name) }
  func programExists(_ name: String) throws -> Bool { !(try object.program(name).isFreed) }
  func closeMap(_ map: MapChoice) throws { try object.closeMap("\(map)") }
  func duplicateMap(_ map: MapChoice) throws { try object.duplicateMap("\(map)") }
  func closeDuplicate(of map: MapChoice) throws { try object.closeDuplicate(of: "\(map)") }

  func userMemory(_ kind: UserMemoryKind, _ value: UInt64) throws -> UInt64 {
    guard let memory = asker.memory else { throw UnexpectedErrno(what: "memory", errno: 12) }
    switch kind {
    case .touched: return try memory.map(bytes: value.bytes)
    case .untouched: return try memory.map(bytes: value.bytes, isResident: false, backing: .file("data"))
    case .unmapped: return 0x10
    }
  }

  func withPageFault(
    of value: UInt64, trigger: (UInt64) throws -> Void, whileWaiting body: @escaping () throws -> Void
  ) throws {
    guard let memory = asker.memory else { return }
    let address = try memory.map(bytes: value.bytes, isResident: false)
    var failure: (any Error)?
    memory.onFault(at: address) {
      do { try body() } catch { failure = error }
    }
    try trigger(address)
    if let failure { throw failure }
  }

  func timeOfHandler(on tid: Int32, _ body: () throws -> Void) throws -> UInt64 {
    try body()
    let event = machine.timeline.last { if case .signalHandled = $0.kind { $0.thread.pid == tid } else { false } }
    guard let event else { throw UnexpectedErrno(what: "signal handler", errno: 110) }
    return event.time
  }

  func withSystemCallEntry(_ program: String, _ body: () throws -> Void) throws {
    let link = try object.attach(program, to: .rawTracepoint(name: "sys_enter"))
    try body()
    link.detach()
  }

  func numbers(ofCalls names: [String]) -> [UInt64] {
    names.compactMap { Self.callNumbers[$0] }
  }

  private static let callNumbers: [String: UInt64] = [
    "exit_group": 231, "execve": 59, "fork": 57, "getppid": 110, "nanosleep": 35,
  ]

  var askerTID: Int32 { asker.pid }
  var napOfAsker: UInt64 { 100_000_000 }

  func callAsAsker(_ name: String) throws {
    if name == "getppid" {
      try machine.systemCall(.getppid, by: asker)
    } else {
      try machine.block(asker, in: .nanosleep(napOfAsker))
      try machine.advance(by: napOfAsker)
    }
  }

  func sample(until condition: () throws -> Bool, target: (Int32) throws -> Void) throws {
    let task = try machine.spawn("spinning", parent: asker)
    if let memory = task.memory {
      let stack = try memory.map(byteCount: 4096)
      memory.store([stack + 64, 0x1111].flatMap(\.bytes), at: stack + 32)
      memory.store([0, 0x2222].flatMap(\.bytes), at: stack + 64)
      task.registers.rip = 0x5555_0000_1234
      task.registers.rbp = stack + 32
    }
    try machine.run(task, on: 1)
    try target(task.pid)
    let link = try object.attach("on_sample", to: .perfEvent(cpu: 1))
    try machine.clockInterrupt(on: 1)
    link.detach()
    guard try condition() else { throw UnexpectedErrno(what: "sample", errno: 110) }
  }

  func letTimePass() throws { try machine.advance(by: 50_000_000) }

  func definition(ofMap name: String) -> MapDefinition? { object.object.maps[name] }

  func creation(_ definition: MapDefinition) throws -> Int32 {
    errno { () throws(MapError) in try BPFMap.create(definition, cpuCount: 2).freeze() }
  }

  func bytesAfterFilling(_ name: String) throws -> [UInt8] {
    let map = try object.map(name)
    try map.updateElement([0, 0, 0, 0], to: [UInt8](repeating: 0xff, count: map.valueSize))
    return try map.lookupElement([0, 0, 0, 0])
  }

  func update(_ key: UInt32, ofMap map: String, to value: [UInt8], flags: UInt64) throws {
    try object.map(map).updateElement(key.bytes, to: value, flags: ElementFlags(rawValue: flags))
  }

  func lookup(_ key: UInt32, ofMap map: String) throws -> [UInt8] { try object.map(map).lookupElement(key.bytes) }

  func callProbed(isReturn: Bool, from old: UInt64, to new: UInt64, element: (UInt64) throws -> Void) throws {
    guard let memory = asker.memory else { return }
    let address = try memory.map(bytes: old.bytes)
    try element(address)
    let link = try object.attach(
      isReturn ? "on_return" : "on_function", to: .userFunction(name: "swab", isReturn: isReturn))
    try machine.callUserFunction("swab", by: asker) {
      memory.store(new.bytes, at: address)
      return 0
    }
    link.detach()
  }
}
