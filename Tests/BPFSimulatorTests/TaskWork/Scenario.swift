import BPFMaps
import BPFObject
import BPFSimulator

/// A machine with `task_work_requests.bpf.c` loaded, and short words for what the tests do with it.
struct Scenario {
  let machine: Machine
  let object: LoadedObject
  /// The thread that asks, on CPU 0.
  let asker: SimulatedTask

  enum MapChoice: UInt32, CaseIterable {
    case hash, preallocated, array, lru
    var name: String { "\(self)" }
  }

  enum Mode: UInt32, CaseIterable {
    case resume, signal
  }

  /// What a callback does; the order is that of `enum action`.
  enum Action: UInt64 {
    case justCount, scheduleSelf, scheduleOther, pingPong, overwriteAndSchedule, overwriteOther, copyFromUser, copyStack
  }

  init(_ configuration: MachineConfiguration = MachineConfiguration()) async throws {
    let file = try await TestPrograms.taskWorkRequests.object()
    machine = try Machine(configuration)
    object = try machine.load(file)
    asker = try machine.spawn("asker")
    try machine.run(asker, on: 0)
  }

  /// A thread that sleeps in a system call, on no CPU.
  func sleeper(in call: SystemCall = .read, _ comm: String = "sleeper") throws -> SimulatedTask {
    let task = try machine.spawn(comm)
    try machine.run(task, on: 1)
    try machine.block(task, in: call)
    return task
  }

  // MARK: Elements

  func map(_ choice: MapChoice) throws -> BPFMap { try object.map(choice.name) }

  /// Puts an element into a map.
  func insert(
    _ key: UInt32, into choice: MapChoice, action: Action = .justCount, other: UInt32 = 0, limit: UInt32 = 0,
    address: UInt64 = 0, magic: UInt64 = 0, flags: ElementFlags = .any
  ) throws {
    var element = Element()
    element.action = action.rawValue
    element.other = other
    element.limit = limit
    element.address = address
    element.magic = magic
    try map(choice).updateElement(key.bytes, to: element.bytes, flags: flags)
  }

  func element(_ key: UInt32, of choice: MapChoice) throws -> Element {
    Element(try map(choice).lookupElement(key.bytes))
  }

  func runs(_ key: UInt32, of choice: MapChoice) throws -> UInt64 { try element(key, of: choice).runs }

  // MARK: Requests

  /// Runs a program of the suite with an order and returns the order as the program left it.
  @discardableResult
  func run(
    _ choice: MapChoice, key: UInt32 = 1, mode: Mode = .resume, for task: SimulatedTask? = nil, count: UInt32 = 1
  ) throws -> Order {
    try run("schedule", choice, key: key, mode: mode, for: task, count: count)
  }

  /// Runs another program of the suite.
  @discardableResult
  func run(
    _ program: String, _ choice: MapChoice, key: UInt32 = 1, mode: Mode = .resume,
    for task: SimulatedTask? = nil, count: UInt32 = 1
  ) throws -> Order {
    var order = Order(map: choice.rawValue, key: key, mode: mode.rawValue, pid: task?.pid ?? 0, count: count)
    let (_, context) = try object.run(program, context: order.bytes, on: 0)
    order = Order(context)
    return order
  }

  /// Sets a global variable of the object.
  func set(_ name: String, to value: UInt64) throws {
    let global = try requireGlobal(name)
    let map = try object.map(global.map)
    var bytes = try map.lookupElement([0, 0, 0, 0])
    let new = withUnsafeBytes(of: value.littleEndian) { Array($0.prefix(global.byteCount)) }
    bytes.replaceSubrange(global.offset..<global.offset + global.byteCount, with: new)
    try map.updateElement([0, 0, 0, 0], to: bytes)
  }

  /// Reads a global variable of the object, sign-extended.
  func get(_ name: String) throws -> Int64 {
    let global = try requireGlobal(name)
    let bytes = try object.map(global.map).lookupElement([0, 0, 0, 0])
    let field = bytes[global.offset..<global.offset + min(global.byteCount, 8)]
    let word = field.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let shift = 64 - 8 * UInt64(field.count)
    return Int64(bitPattern: word << shift) >> Int64(shift)
  }

  private func requireGlobal(_ name: String) throws -> GlobalVariable {
    guard let global = object.object.globals[name] else { throw MissingGlobal(name: name) }
    return global
  }

  struct MissingGlobal: Error { let name: String }
}

/// `struct element` of the suite.
struct Element: Equatable {
  var runs: UInt64 = 0
  var action: UInt64 = 0
  var other: UInt32 = 0
  var limit: UInt32 = 0
  var address: UInt64 = 0
  var result: Int64 = 0
  var copied: UInt64 = 0
  var key: UInt32 = 0
  var mapID: UInt32 = 0
  var pidTGID: UInt64 = 0
  var order: UInt64 = 0
  var time: UInt64 = 0
  var flags: UInt64 = 0
  var comm = ""
  var work: UInt64 = 0
  var magic: UInt64 = 0

  init() {}

  init(_ bytes: [UInt8]) {
    runs = bytes.word(0)
    action = bytes.word(8)
    other = UInt32(truncatingIfNeeded: bytes.word(16))
    limit = UInt32(truncatingIfNeeded: bytes.word(16) >> 32)
    address = bytes.word(24)
    result = Int64(bitPattern: bytes.word(32))
    copied = bytes.word(40)
    key = UInt32(truncatingIfNeeded: bytes.word(48))
    mapID = UInt32(truncatingIfNeeded: bytes.word(48) >> 32)
    pidTGID = bytes.word(56)
    order = bytes.word(64)
    time = bytes.word(72)
    flags = bytes.word(80)
    comm = String(decoding: bytes[88..<104].prefix { $0 != 0 }, as: UTF8.self)
    work = bytes.word(104)
    magic = bytes.word(112)
  }

  var bytes: [UInt8] {
    let words: [UInt64] = [
      runs, action, UInt64(other) | UInt64(limit) << 32, address, UInt64(bitPattern: result), copied,
      UInt64(key) | UInt64(mapID) << 32, pidTGID, order, time, flags, 0, 0, work, magic,
    ]
    return words.flatMap(\.bytes)
  }
}

/// `struct order` of the suite.
struct Order: Equatable {
  var map: UInt32
  var key: UInt32
  var mode: UInt32
  var pid: Int32
  var count: UInt32
  var accepted: UInt32 = 0
  var result: Int32 = 0
  var lastResult: Int32 = 0
  var again: Int32 = 0

  init(map: UInt32, key: UInt32, mode: UInt32, pid: Int32, count: UInt32) {
    self.map = map
    self.key = key
    self.mode = mode
    self.pid = pid
    self.count = count
  }

  init(_ bytes: [UInt8]) {
    func field(_ index: Int) -> UInt32 {
      bytes[4 * index..<4 * index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    map = field(0)
    key = field(1)
    mode = field(2)
    pid = Int32(bitPattern: field(3))
    count = field(4)
    accepted = field(5)
    result = Int32(bitPattern: field(6))
    lastResult = Int32(bitPattern: field(7))
    again = Int32(bitPattern: field(8))
  }

  var bytes: [UInt8] {
    [map, key, mode, UInt32(bitPattern: pid), count, accepted, 0, 0, 0, 0].flatMap(\.bytes)
  }
}

extension FixedWidthInteger {
  /// The bytes in little-endian order.
  var bytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}

extension [UInt8] {
  /// The little-endian 64-bit word at an offset.
  func word(_ offset: Int) -> UInt64 {
    self[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// Linux's error numbers as kfuncs return them.
let EBUSY: Int32 = -16
let EBADF: Int32 = -9
let ENOMEM: Int32 = -12
let EFAULT: Int64 = -14
