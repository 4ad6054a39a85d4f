import BPFLinux
import BPFObject

/// The maps of `task_work_requests.bpf.c`, in the order of `enum map_choice`.
enum MapChoice: UInt32, CaseIterable, CustomStringConvertible {
  case hash, preallocated, array, lru

  static let hashes: [MapChoice] = [.hash, .preallocated, .lru]

  var description: String {
    switch self {
    case .hash: "hash"
    case .preallocated: "preallocated"
    case .array: "array"
    case .lru: "lru"
    }
  }
}

/// What a callback does; the order is that of `enum action`.
enum Action: UInt64 {
  case justCount, scheduleSelf, scheduleOther, pingPong, overwriteAndSchedule, overwriteOther, copyFromUser, copyStack
}

/// `struct element` of the programs.
struct Element {
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
  var work: UInt64 = 0
  var magic: UInt64 = 0

  static let workOffset = 104

  init() {}

  init(_ bytes: [UInt8]) {
    func word(_ offset: Int) -> UInt64 { bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    (runs, action, address) = (word(0), word(8), word(24))
    (other, limit) = (UInt32(truncatingIfNeeded: word(16)), UInt32(truncatingIfNeeded: word(16) >> 32))
    (result, copied) = (Int64(bitPattern: word(32)), word(40))
    (key, mapID) = (UInt32(truncatingIfNeeded: word(48)), UInt32(truncatingIfNeeded: word(48) >> 32))
    (pidTGID, order, work, magic) = (word(56), word(64), word(Self.workOffset), word(112))
  }

  var bytes: [UInt8] {
    let words: [UInt64] = [
      runs, action, UInt64(other) | UInt64(limit) << 32, address, UInt64(bitPattern: result), copied,
      UInt64(key) | UInt64(mapID) << 32, pidTGID, order, 0, 0, 0, 0, work, magic,
    ]
    return words.flatMap(\.bytes)
  }
}

/// `struct order` of the programs.
struct Order {
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
    (self.map, self.key, self.mode, self.pid, self.count) = (map, key, mode, pid, count)
  }

  init(_ bytes: [UInt8]) {
    func field(_ index: Int) -> UInt32 {
      bytes[4 * index..<4 * index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    (map, key, mode, pid, count) = (field(0), field(1), field(2), Int32(bitPattern: field(3)), field(4))
    (accepted, result) = (field(5), Int32(bitPattern: field(6)))
    (lastResult, again) = (Int32(bitPattern: field(7)), Int32(bitPattern: field(8)))
  }

  var bytes: [UInt8] { [map, key, mode, UInt32(bitPattern: pid), count, accepted, 0, 0, 0, 0].flatMap(\.bytes) }
}

/// A thread that sleeps in a system call of one byte until it is let go.
protocol Sleeper {
  /// The thread's number.
  var tid: Int32 { get }
  /// The number of its process.
  var processID: Int32 { get }
  /// Whether it still sleeps.
  var isAsleep: Bool { get }
  /// Ends its call, waits until the thread is back in user mode, and returns what the call gave.
  func complete() throws -> Int64
}

/// What both kernels do for the cases.
protocol TaskWorkEngine {
  /// The operation's error number, 0 when it succeeded.
  func update(_ key: UInt32, in map: MapChoice, to element: Element, flags: UInt64) throws -> Int32
  func lookup(_ key: UInt32, in map: MapChoice) throws -> Element?
  func delete(_ key: UInt32, from map: MapChoice) throws -> Int32
  func lookupAndDelete(_ key: UInt32, from map: MapChoice) throws -> (errno: Int32, element: Element)
  func identifier(of map: MapChoice) throws -> UInt32
  func firstKeyExists(in map: MapChoice) throws -> Bool
  func run(_ program: String, _ order: Order) throws -> Order
  func global(_ name: String) throws -> Int64
  func setGlobal(_ name: String, to value: UInt64) throws
  func sleeper() throws -> any Sleeper
  /// Gives the number of a process that has ended and was not waited for.
  func withZombie<Result>(_ body: (Int32) throws -> Result) throws -> Result
  func closeProgram(_ name: String) throws
  func programExists(_ name: String) throws -> Bool
  func closeMap(_ map: MapChoice) throws
  func duplicateMap(_ map: MapChoice) throws
  func closeDuplicate(of map: MapChoice) throws
  /// Memory of the calling thread: eight bytes that hold a number, touched or not, or an address that is not mapped.
  func userMemory(_ kind: UserMemoryKind, _ value: UInt64) throws -> UInt64
  /// Lets the calling thread call a function that sets the word at an address from one value to another, with a probe at
  /// its entry or return.
  func callProbed(isReturn: Bool, from old: UInt64, to new: UInt64, element: (UInt64) throws -> Void) throws
}

enum UserMemoryKind: CaseIterable { case touched, untouched, unmapped }

extension TaskWorkEngine {
  /// Puts an element into a map, as a case's first step, which has to succeed.
  func insert(
    _ key: UInt32, into map: MapChoice, action: Action = .justCount, other: UInt32 = 0, limit: UInt32 = 0,
    address: UInt64 = 0, magic: UInt64 = 0
  ) throws {
    var element = Element()
    (element.action, element.other, element.limit) = (action.rawValue, other, limit)
    (element.address, element.magic) = (address, magic)
    let errno = try update(key, in: map, to: element, flags: 0)
    if errno != 0 { throw UnexpectedErrno(what: "insert \(key) into \(map)", errno: errno) }
  }

  func element(_ key: UInt32, of map: MapChoice) throws -> Element {
    guard let element = try lookup(key, in: map) else { throw UnexpectedErrno(what: "lookup of \(key)", errno: 2) }
    return element
  }

  func runs(_ key: UInt32, of map: MapChoice) throws -> UInt64 { try element(key, of: map).runs }

  @discardableResult
  func schedule(
    _ map: MapChoice, key: UInt32 = 1, signal: Bool = false, for tid: Int32 = 0, count: UInt32 = 1,
    by program: String = "schedule"
  ) throws -> Order {
    try run(program, Order(map: map.rawValue, key: key, mode: signal ? 1 : 0, pid: tid, count: count))
  }
}

struct UnexpectedErrno: Error, CustomStringConvertible {
  var what: String
  var errno: Int32
  var description: String { "\(what) gave error \(errno)" }
}
