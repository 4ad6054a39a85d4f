import BPFObject

/// A thread that sleeps in a system call of one byte until it is let go.
protocol Sleeper {
  /// The thread's number.
  var tid: Int32 { get }
  /// The number of its process.
  var processID: Int32 { get }
  /// Whether it still sleeps.
  var isAsleep: Bool { get }
  /// Ends its call.
  func release() throws
  /// Ends its call if that has not been done, waits until the thread is back in user mode, and returns what the call gave.
  func complete() throws -> Int64
  /// Sends the thread a signal for which there is a handler, and waits until the thread is back in user mode.
  func interrupt() throws
}

/// A process that waits for orders in a read of one byte, and carries them out.
protocol TargetProcess {
  var pid: Int32 { get }
  /// The address of eight bytes in its memory that can be read.
  var readableAddress: UInt64 { get throws }
  /// Lets it make a copy of itself, and waits until it reads again.
  func fork() throws
  /// Lets it get a new image named `cat`, which reads as well, and waits until it does.
  func execute() throws
  /// Lets it end by itself, and waits until it has ended.
  func end() throws
  /// Kills it, and waits until it has ended.
  func kill() throws
  /// Stops it, by a signal or as its tracer, and waits until it stands still.
  func stop(byTracer: Bool) throws
  /// Lets it go on.
  func resume(byTracer: Bool) throws
}

/// A system call by its name, and how it is known in which it sleeps.
struct BlockingCall: Sendable {
  var name: String
  /// The numbers that the C library uses for it on x86-64.
  var numbers: [Int]
  /// What it gives when nothing disturbs it.
  var result: Int64
  /// What it gives at once when it is woken for a callback; `nil` when it goes on.
  var whenSignalled: Int64?
  /// Whether it ends by itself, after a while.
  var endsByItself = false
}

/// A thread in a system call.
protocol CallSleeper: AnyObject {
  var tid: Int32 { get }
  /// What the call has given; `nil` while the thread sleeps in it.
  var result: Int64? { get throws }
  /// Lets the call end as it would, and gives its result.
  func finish() throws -> Int64
}

/// What both kernels do for the cases.
protocol ParityEngine {
  /// The operation's error number, 0 when it succeeded.
  func update(_ key: UInt32, in map: MapChoice, to element: Element, flags: UInt64) throws -> Int32
  func lookup(_ key: UInt32, in map: MapChoice) throws -> Element?
  func delete(_ key: UInt32, from map: MapChoice) throws -> Int32
  func lookupAndDelete(_ key: UInt32, from map: MapChoice) throws -> (errno: Int32, element: Element)
  func identifier(of map: MapChoice) throws -> UInt32
  func firstKeyExists(in map: MapChoice) throws -> Bool
  /// Runs a `syscall` program on a context, which comes back.
  func run(_ program: String, context: [UInt8]) throws -> [UInt8]
  /// A variable of the programs.
  func variable(_ name: String) throws -> GlobalVariable
  /// The bytes of a map that holds variables.
  func section(_ map: String) throws -> [UInt8]
  func setSection(_ map: String, to bytes: [UInt8]) throws
  /// How often a program has run, for as long as `body` takes.
  func runs(of program: String, _ body: () throws -> Void) throws -> UInt64
  func sleeper() throws -> any Sleeper
  func sleeper(in call: BlockingCall) throws -> any CallSleeper
  func process() throws -> any TargetProcess
  /// Gives the number of a process that has ended and was not waited for.
  func withZombie<Result>(_ body: (Int32) throws -> Result) throws -> Result
  /// The number of a thread of the kernel that sleeps and never returns to user mode.
  func kernelThread() throws -> Int32
  func closeProgram(_ name: String) throws
  func programExists(_ name: String) throws -> Bool
  func closeMap(_ map: MapChoice) throws
  func duplicateMap(_ map: MapChoice) throws
  func closeDuplicate(of map: MapChoice) throws
  /// Memory of the calling thread: eight bytes that hold a number, touched or not, or an address that is not mapped.
  func userMemory(_ kind: UserMemoryKind, _ value: UInt64) throws -> UInt64
  /// Memory of the sleepers' process whose page is not there until `body` has run, which is while a thread of it waits
  /// for the page. `trigger` is what lets a thread touch it.
  func withPageFault(
    of value: UInt64, trigger: (UInt64) throws -> Void, whileWaiting body: @escaping () throws -> Void
  ) throws
  /// Lets the calling thread call a function that sets the word at an address from one value to another, with a probe at
  /// its entry or return.
  func callProbed(isReturn: Bool, from old: UInt64, to new: UInt64, element: (UInt64) throws -> Void) throws
  /// The time at which the handler of a signal, which `body` sends to a thread, has run.
  func timeOfHandler(on tid: Int32, _ body: () throws -> Void) throws -> UInt64
  /// Attaches a program to the entry of all system calls for as long as `body` takes.
  func withSystemCallEntry(_ program: String, _ body: () throws -> Void) throws
  /// The numbers of system calls by name.
  func numbers(ofCalls names: [String]) -> [UInt64]
  /// Lets the calling thread make a system call: `getppid`, or a sleep.
  func callAsAsker(_ name: String) throws
  /// How long that sleep is, in nanoseconds.
  var napOfAsker: UInt64 { get }
  var askerTID: Int32 { get }
  /// Samples a thread in user mode once with `on_sample`, and waits until the requests of it have run.
  func sample(until condition: () throws -> Bool, target: (Int32) throws -> Void) throws
  /// Lets some time pass in which nothing is to happen.
  func letTimePass() throws
  func definition(ofMap name: String) -> MapDefinition?
  /// The error number of the creation of a map, else of freezing it.
  func creation(_ definition: MapDefinition) throws -> Int32
  /// The bytes of a map's only element after all of its bytes were set.
  func bytesAfterFilling(_ map: String) throws -> [UInt8]
  /// An update of an element of any map by its name.
  func update(_ key: UInt32, ofMap map: String, to value: [UInt8], flags: UInt64) throws
  func lookup(_ key: UInt32, ofMap map: String) throws -> [UInt8]
  /// What the engine's verifier says of a program that it does not let through; `nil` of one that it does.
  func refusal(of program: String) throws -> (errno: Int32, message: String)?
}

enum UserMemoryKind: CaseIterable { case touched, untouched, unmapped }

extension ParityEngine {
  func global(_ name: String) throws -> Int64 {
    let variable = try variable(name)
    return try section(variable.map).signed(at: variable.offset, byteCount: variable.byteCount)
  }

  func setGlobal(_ name: String, to value: UInt64) throws { try setWords(name, to: [value]) }

  func words(_ name: String) throws -> [UInt64] {
    let variable = try variable(name)
    return try section(variable.map).words(of: variable)
  }

  func setWords(_ name: String, to words: [UInt64]) throws {
    let variable = try variable(name)
    var bytes = try section(variable.map)
    bytes.replace(variable, with: words)
    try setSection(variable.map, to: bytes)
  }

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

  func run(_ program: String, _ order: Order) throws -> Order { Order(try run(program, context: order.bytes)) }

  /// What programs that interrupt something heed and ask for.
  func setEvent(
    map: MapChoice = .hash, key: UInt32 = 1, signal: Bool = false, tid: Int32, limit: UInt64 = 1, count: UInt64 = 1,
    calls: [String] = []
  ) throws {
    let numbers = numbers(ofCalls: calls)
    try setGlobal("event_call_count", to: UInt64(numbers.count))
    try setWords("event_calls", to: numbers)
    let values: [(String, UInt64)] = [
      ("event_map", UInt64(map.rawValue)), ("event_key", UInt64(key)), ("event_mode", signal ? 1 : 0),
      ("event_count", count), ("event_limit", limit), ("event_accepted", 0),
      ("event_tid", UInt64(UInt32(bitPattern: tid))),
    ]
    for (name, value) in values { try setGlobal(name, to: value) }
  }

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

/// Waits until something that another thread or the kernel does has happened. The limit is for what never comes: on a
/// machine that has much else to do, what comes may take its time.
func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
  for _ in 0..<100_000 {
    if try condition() { return }
    #if os(Linux)
      pause(milliseconds: 1)
    #endif
  }
  throw UnexpectedErrno(what: "waiting until \(what)", errno: 110)
}
