/// What a sampling profiler found, as a value: samples and the tables that they refer to.
///
/// Rows are added and never removed, and the adding functions intern: asking again for an equal module, function, location
/// or stack gives the same identifier. The order of all tables is that of the calls, so that equal calls give equal files.
///
///     var profile = Profile(metadata: .init(event: "cpu-clock", frequency: 99))
///     let process = profile.add(Profile.Process(pid: 4242, name: "server"))
///     let thread = profile.add(Profile.Thread(tid: 4243, name: "worker", process: process))
///     let module = profile.intern(Profile.Module(path: "/usr/bin/server"))
///     let main = profile.intern(Profile.Location(module: module, address: 0x1135, kind: .native))
///     let stack = profile.stack(leafFirst: [main])
///     profile.add(Profile.Sample(stack: stack, thread: thread, time: 0, weight: 10_101_010))
public struct Profile: Sendable {
  /// How and when the profile was taken.
  public var metadata: Metadata
  /// The files, and what is like one, that code was in.
  public private(set) var modules: [Module] = []
  /// The functions.
  public private(set) var functions: [Function] = []
  /// The places in code.
  public private(set) var locations: [Location] = []
  /// The stacks, as a tree from the outermost frame inwards.
  public private(set) var stacks = StackTree()
  /// The processes, in the order in which they were added.
  public private(set) var processes: [Process] = []
  /// The threads, in the order in which they were added.
  public private(set) var threads: [Thread] = []
  /// The samples, in the order in which they were added, which need not be that of their times.
  public private(set) var samples: [Sample] = []
  /// The reasons for which stacks are truncated, in words.
  public private(set) var truncationReasons: [String] = []

  private var moduleIndex: [Module.Key: Module.ID] = [:]
  private var functionIndex: [Function: Function.ID] = [:]
  private var locationIndex: [Location.Key: Location.ID] = [:]

  /// A profile without samples.
  public init(metadata: Metadata = Metadata()) {
    self.metadata = metadata
  }

  /// The row of a module, added unless one with the same path, build id, device, inode and kind is there.
  public mutating func intern(_ module: Module) -> Module.ID {
    if let known = moduleIndex[module.key] { return known }
    let id = Module.ID(modules.count)
    modules.append(module)
    moduleIndex[module.key] = id
    return id
  }

  /// The row of a function, added unless an equal one is there.
  public mutating func intern(_ function: Function) -> Function.ID {
    if let known = functionIndex[function] { return known }
    let id = Function.ID(functions.count)
    functions.append(function)
    functionIndex[function] = id
    return id
  }

  /// The row of a location, added unless one with the same module, address and kind is there.
  ///
  /// The frames of a location that is there already stay as they are.
  public mutating func intern(_ location: Location) -> Location.ID {
    if let known = locationIndex[location.key] { return known }
    let id = Location.ID(locations.count)
    locations.append(location)
    locationIndex[location.key] = id
    return id
  }

  /// Says which functions a location is in: the function whose code it is last, what was inlined there before it,
  /// innermost first.
  ///
  /// Symbols are looked up once a location when the sampling has ended, however many samples there are.
  public mutating func setFrames(_ frames: [Frame], at location: Location.ID) {
    guard locations.indices.contains(location.index) else { return }
    locations[location.index].frames = frames
  }

  /// The stack of some locations, the place where the sample hit first, on top of an outer stack.
  ///
  /// A kernel stack goes on top of the user stack that it was entered from.
  public mutating func stack<Locations: BidirectionalCollection<Location.ID>>(
    leafFirst locations: Locations, onto outer: Stack = .empty
  ) -> Stack {
    var stack = outer
    for location in locations.reversed() { stack = stacks.push(location, onto: stack) }
    return stack
  }

  /// Adds a process: each time it is called another one, since numbers of processes are used again.
  public mutating func add(_ process: Process) -> Process.ID {
    processes.append(process)
    return Process.ID(processes.count - 1)
  }

  /// Adds a thread: each time it is called another one, since numbers of threads are used again.
  public mutating func add(_ thread: Thread) -> Thread.ID {
    threads.append(thread)
    return Thread.ID(threads.count - 1)
  }

  /// Changes a process, whose name may become known late.
  public mutating func update(_ id: Process.ID, _ change: (inout Process) -> Void) {
    guard processes.indices.contains(id.index) else { return }
    change(&processes[id.index])
  }

  /// Changes a thread, whose name may become known late.
  public mutating func update(_ id: Thread.ID, _ change: (inout Thread) -> Void) {
    guard threads.indices.contains(id.index) else { return }
    change(&threads[id.index])
  }

  /// Adds a sample and tells its index in ``samples``.
  @discardableResult
  public mutating func add(_ sample: Sample) -> Int {
    samples.append(sample)
    return samples.count - 1
  }

  /// Changes a sample, whose user stack may arrive late.
  public mutating func update(_ index: Int, _ change: (inout Sample) -> Void) {
    guard samples.indices.contains(index) else { return }
    change(&samples[index])
  }

  /// The status of a stack that ends before its outermost frame, for a reason in words such as `byte budget`.
  ///
  /// There is room for 253 reasons; what comes after them is told as `other`.
  public mutating func truncated(because reason: String) -> Sample.Status {
    if let known = truncationReasons.firstIndex(of: reason) { return .truncated(UInt8(known)) }
    guard truncationReasons.count < 253 else {
      if truncationReasons.count == 253 { truncationReasons.append("other") }
      return .truncated(253)
    }
    truncationReasons.append(reason)
    return .truncated(UInt8(truncationReasons.count - 1))
  }

  /// Makes room for samples that are going to be added.
  public mutating func reserveCapacity(samples count: Int) {
    samples.reserveCapacity(count)
  }
}

extension Profile {
  /// The module with an identifier of this profile.
  public subscript(_ id: Module.ID) -> Module { modules[id.index] }
  /// The function with an identifier of this profile.
  public subscript(_ id: Function.ID) -> Function { functions[id.index] }
  /// The location with an identifier of this profile.
  public subscript(_ id: Location.ID) -> Location { locations[id.index] }
  /// The process with an identifier of this profile.
  public subscript(_ id: Process.ID) -> Process { processes[id.index] }
  /// The thread with an identifier of this profile.
  public subscript(_ id: Thread.ID) -> Thread { threads[id.index] }
}
