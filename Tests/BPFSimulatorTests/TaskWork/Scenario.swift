import BPFMaps
import BPFObject
import BPFParity
import BPFSimulator

/// A machine with `task_work_requests.bpf.c` loaded, and short words for what the tests do with it.
struct Scenario {
  let machine: Machine
  let object: LoadedObject
  /// The thread that asks, on CPU 0.
  let asker: SimulatedTask

  enum Mode: UInt32, CaseIterable {
    case resume, signal
  }

  typealias MapChoice = BPFParity.MapChoice
  typealias Action = BPFParity.Action

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

  func map(_ choice: MapChoice) throws -> BPFMap { try object.map(choice.description) }

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
