internal import BPFLinux
package import ProfileFormats

/// Makes a profile of the program's records.
///
/// A sample comes from the interrupt, its user stack later from the thread itself, under a number that several samples
/// may share. Nothing is dropped: a sample whose stack never comes stays with its kernel frames, and says so.
package struct SampleCollector {
  /// The profile so far.
  package private(set) var profile: Profile
  /// What was counted on the way.
  package private(set) var capture = CaptureReport()
  /// The files by the program's numbers, with where they were seen first.
  package private(set) var modules: [UInt32: (id: Profile.Module.ID, record: ModuleRecord)] = [:]
  /// Files that were told of since they were last asked for, with a process that has them.
  private var newModules: [(id: Profile.Module.ID, process: UInt32)] = []
  /// Registers and stacks that were asked for, with what the program made of them.
  package private(set) var memories: [UInt64: MemoryRecord] = [:]
  package private(set) var stackRecords: [UInt64: StackRecord] = [:]
  /// Keep what ``memories`` and ``stackRecords`` have.
  package var keepsRecords = false

  private let period: UInt64
  private var start: UInt64?
  private var processes: [UInt32: Profile.Process.ID] = [:]
  private var threads: [UInt32: Profile.Thread.ID] = [:]
  private var names: [UInt32: String] = [:]
  private var anonymousModules: [UInt32: Profile.Module.ID] = [:]
  private var kernelModule: Profile.Module.ID?
  private var marker: Profile.Location.ID?
  private var files: MappedFiles
  /// Processes that were seen in code without a file, at places that were not known before.
  private var processesWithNewCode: Set<UInt32> = []

  /// Samples that wait for a stack, by its number.
  private var waiting: [UInt64: [Waiting]] = [:]
  /// The last stack of each thread: a sample that was taken while the walk was ending comes after it.
  private var latest: [UInt32: Arrived] = [:]

  private struct Waiting {
    var sample: Int
    var kernel: [Profile.Location.ID]
  }

  private struct Arrived {
    var number: UInt64
    var stack: Profile.Stack
    var status: UserStackStatus
  }

  /// A collector of samples that stand for so many nanoseconds each.
  package init(metadata: Profile.Metadata, period: UInt64, files: MappedFiles = MappedFiles()) {
    self.files = files
    profile = Profile(metadata: metadata)
    self.period = period
  }

  /// Takes a record.
  package mutating func add(_ record: ProfilerRecord) {
    switch record {
    case .sample(let sample): add(sample)
    case .stack(let stack): add(stack)
    case .module(let module): add(module)
    case .memory(let memory): if keepsRecords { memories[memory.stack] = memory }
    }
  }

  /// Says of every sample whose stack has not come that it is pending.
  package mutating func finish(lostSamples: UInt64) {
    for samples in waiting.values { capture.count(.deferred, samples.count) }
    waiting = [:]
    capture.lostSamples = Int(clamping: lostSamples)
    profile.metadata.lostSamples = lostSamples
  }

  // MARK: Samples

  private mutating func add(_ record: SampleRecord) {
    let start = start ?? record.time
    self.start = start
    let thread = thread(of: record)
    let kernel = record.kernelFrames.enumerated().map { kernelLocation($0.element, isCaller: $0.offset > 0) }
    var sample = Profile.Sample(
      stack: .empty, thread: thread, time: record.time < start ? 0 : record.time - start, weight: period,
      cpu: record.cpu, status: .pending)
    switch record.status {
    case .deferred:
      if let arrived = latest[record.thread], arrived.number == record.stack {
        sample.stack = profile.stack(leafFirst: kernel, onto: arrived.stack)
        sample.status = status(arrived.status)
        capture.count(arrived.status)
        capture.sharedSamples += 1
        profile.add(sample)
      } else {
        sample.stack = profile.stack(leafFirst: kernel)
        let index = profile.add(sample)
        if waiting[record.stack] != nil { capture.sharedSamples += 1 }
        waiting[record.stack, default: []].append(Waiting(sample: index, kernel: kernel))
      }
    case .interrupt:
      let user = record.userFrames.enumerated().map { item in
        mappedLocation(item.offset > 0 ? item.element &- 1 : item.element, in: record.process)
      }
      sample.stack = profile.stack(leafFirst: kernel, onto: profile.stack(leafFirst: user))
      sample.status = status(.interrupt)
      capture.count(.interrupt)
      profile.add(sample)
    default:
      var outer = Profile.Stack.empty
      if record.status.kind == .missing { outer = profile.stack(leafFirst: [truncationMarker()]) }
      sample.stack = profile.stack(leafFirst: kernel, onto: outer)
      sample.status = status(record.status)
      capture.count(record.status)
      profile.add(sample)
    }
  }

  private mutating func add(_ record: StackRecord) {
    if keepsRecords { stackRecords[record.stack] = record }
    capture.add(record)
    var locations = record.frames.map { location(of: $0, in: record.process) }
    if record.status != .complete { locations.append(truncationMarker()) }
    let stack = profile.stack(leafFirst: locations)
    latest[record.thread] = Arrived(number: record.stack, stack: stack, status: record.status)
    for waiting in waiting.removeValue(forKey: record.stack) ?? [] {
      let whole = profile.stack(leafFirst: waiting.kernel, onto: stack)
      let status = status(record.status)
      profile.update(waiting.sample) {
        $0.stack = whole
        $0.status = status
      }
      capture.count(record.status)
    }
  }

  private mutating func status(_ status: UserStackStatus) -> Profile.Sample.Status {
    switch status.kind {
    case .complete: .complete
    case .absent: .noMemoryMap
    case .truncated, .missing: profile.truncated(because: status.description)
    }
  }

  // MARK: Rows of the profile

  private mutating func thread(of record: SampleRecord) -> Profile.Thread.ID {
    let process: Profile.Process.ID
    if let known = processes[record.process] {
      process = known
      // A process has the name of its first thread, which exec(2) changes.
      if record.thread == record.process, names[record.thread] != record.name {
        profile.update(process) { $0.name = record.name }
        files.forget(record.process)
      }
    } else {
      process = profile.add(Profile.Process(pid: Int32(bitPattern: record.process), name: record.name))
      processes[record.process] = process
    }
    if let known = threads[record.thread] {
      if names[record.thread] != record.name {
        names[record.thread] = record.name
        profile.update(known) { $0.name = record.name }
      }
      return known
    }
    let thread = profile.add(
      Profile.Thread(tid: Int32(bitPattern: record.thread), name: record.name, process: process))
    threads[record.thread] = thread
    names[record.thread] = record.name
    return thread
  }

  private mutating func add(_ record: ModuleRecord) {
    let isFile = !record.path.isEmpty
    let id = profile.intern(
      Profile.Module(
        path: isFile ? record.path : "[vdso]", kind: isFile ? .file : .vdso, buildID: record.buildID,
        device: isFile ? record.statDevice : 0, inode: isFile ? record.inode : 0, start: record.start,
        limit: record.end, fileOffset: record.offset, isProgram: record.isProgram))
    modules[record.number] = (id, record)
    newModules.append((id, record.process))
  }

  private mutating func location(of frame: FrameWord, in process: UInt32) -> Profile.Location.ID {
    // A caller's place is within its call.
    let address = frame.isExact || frame.offset == 0 ? frame.offset : frame.offset - 1
    guard frame.module != 0 else { return anonymousLocation(address, in: process) }
    let module =
      modules[frame.module]?.id
      ?? profile.intern(Profile.Module(path: "[file \(frame.module), whose name was lost]"))
    return profile.intern(Profile.Location(module: module, address: address, kind: .native))
  }

  private mutating func anonymousLocation(_ address: UInt64, in process: UInt32) -> Profile.Location.ID {
    let module: Profile.Module.ID
    if let known = anonymousModules[process] {
      module = known
    } else {
      let owner =
        processes[process] ?? profile.add(Profile.Process(pid: Int32(bitPattern: process), name: "\(process)"))
      processes[process] = owner
      module = profile.intern(Profile.Module(path: "[anonymous]", kind: .anonymous(process: owner)))
      anonymousModules[process] = module
    }
    let count = profile.locations.count
    let location = profile.intern(Profile.Location(module: module, address: address, kind: .jit))
    if profile.locations.count > count { processesWithNewCode.insert(process) }
    return location
  }

  /// The place of an address in what the process has mapped there now.
  private mutating func mappedLocation(_ address: UInt64, in process: UInt32) -> Profile.Location.ID {
    guard let (mapping, isProgram) = files.mapping(of: address, in: process) else {
      return anonymousLocation(address, in: process)
    }
    let count = profile.modules.count
    let module = profile.intern(
      Profile.Module(
        path: mapping.path, kind: mapping.path == "[vdso]" ? .vdso : .file, inode: mapping.inode, start: mapping.start,
        limit: mapping.limit, fileOffset: mapping.offset, isProgram: isProgram))
    if profile.modules.count > count { newModules.append((module, process)) }
    return profile.intern(
      Profile.Location(module: module, address: address - mapping.start + mapping.offset, kind: .native))
  }

  private mutating func kernelLocation(_ address: UInt64, isCaller: Bool) -> Profile.Location.ID {
    let module = kernelModule ?? profile.intern(Profile.Module(path: "[kernel]", kind: .kernel))
    kernelModule = module
    return profile.intern(
      Profile.Location(module: module, address: isCaller ? address &- 1 : address, kind: .kernel))
  }

  private mutating func truncationMarker() -> Profile.Location.ID {
    if let marker { return marker }
    let location = profile.intern(Profile.Location(module: nil, address: 0, kind: .truncationMarker))
    marker = location
    return location
  }

  /// The processes that ran code without a file at new places since the last call.
  mutating func takeProcessesWithNewCode() -> Set<UInt32> {
    defer { processesWithNewCode = [] }
    return processesWithNewCode
  }

  /// The files that were told of since the last call.
  mutating func takeNewModules() -> [(id: Profile.Module.ID, process: UInt32)] {
    defer { newModules = [] }
    return newModules
  }
}
