import BPFMaps
import BPFObject
import BPFSimulator

/// The simulated kernel with the programs loaded.
struct SimulatedEngine: TaskWorkEngine {
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

  func run(_ program: String, _ order: Order) throws -> Order {
    Order(try object.run(program, context: order.bytes, on: 0).context)
  }

  private func place(_ name: String) throws -> (map: BPFMap, global: GlobalVariable) {
    guard let global = object.object.globals[name] else { throw UnexpectedErrno(what: "global \(name)", errno: 2) }
    return (try object.map(global.map), global)
  }

  func global(_ name: String) throws -> Int64 {
    let (map, global) = try place(name)
    return try map.lookupElement([0, 0, 0, 0]).signed(at: global.offset, byteCount: global.byteCount)
  }

  func setGlobal(_ name: String, to value: UInt64) throws {
    let (map, global) = try place(name)
    var bytes = try map.lookupElement([0, 0, 0, 0])
    bytes.replaceSubrange(global.offset..<global.offset + global.byteCount, with: value.bytes.prefix(global.byteCount))
    try map.updateElement([0, 0, 0, 0], to: bytes)
  }

  struct SimulatedSleeper: Sleeper {
    let machine: Machine
    let task: SimulatedTask
    var tid: Int32 { task.pid }
    var processID: Int32 { task.tgid }
    var isAsleep: Bool { task.state == .blocked }
    func complete() throws -> Int64 {
      try machine.complete(task, result: 1)
      return task.lastSystemCallResult ?? 0
    }
  }

  func sleeper() throws -> any Sleeper {
    let task = try machine.spawnThread(of: asker, "sleeper")
    try machine.run(task, on: 1)
    try machine.block(task, in: .read)
    return SimulatedSleeper(machine: machine, task: task)
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

extension [UInt8] {
  /// The little-endian number of some bytes, with its sign.
  func signed(at offset: Int, byteCount: Int) -> Int64 {
    let field = self[offset..<offset + Swift.min(byteCount, 8)]
    let word = field.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let shift = 64 - 8 * UInt64(field.count)
    return Int64(bitPattern: word << shift) >> Int64(shift)
  }
}
