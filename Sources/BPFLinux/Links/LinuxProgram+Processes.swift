import SystemPackage

extension LinuxProgram {
  /// Attaches the program to a counter of all threads of a process that runs, and of those that it makes later.
  ///
  /// Each thread has an event of its own, which threads and processes inherit that it makes; they run the program as
  /// well, but see a cookie of 0.
  ///
  /// - Parameters:
  ///   - event: the counter.
  ///   - process: the number of the process.
  ///   - cpu: the CPU to which it is limited.
  /// - Throws: ``BPFError``, also when the process is gone; nothing is attached then.
  public func attach(to event: PerfEvent, ofProcess process: Int32, cpu: Int32? = nil) throws(BPFError)
    -> LinuxAttachment
  {
    var event = event
    event.isInherited = true
    var links: [LinuxLink] = []
    var seen: Set<Int32> = []
    // A thread may have been made by one that had no event yet: look until there is nothing new.
    for _ in 0..<16 {
      let threads = try kernel.threads(of: process).filter { seen.insert($0).inserted }
      if threads.isEmpty { break }
      for thread in threads {
        do throws(BPFError) {
          links += try attach(to: .perfEvent(event, pid: thread, cpu: cpu)).links
        } catch {
          // It has ended meanwhile.
          guard error.errno == .noSuchProcess else { throw error }
        }
      }
    }
    guard !links.isEmpty else {
      throw BPFError("process \(process)", .systemCall("perf_event_open", .noSuchProcess), "it has ended")
    }
    return LinuxAttachment(links)
  }
}

extension LinuxKernel {
  /// The numbers of the threads of a process.
  ///
  /// - Throws: ``BPFError`` when there is no such process.
  public func threads(of process: Int32) throws(BPFError) -> [Int32] {
    var capacity = 256
    while true {
      let buffer = KernelBuffer(count: capacity * 4)
      let count = withExtendedLifetime(buffer) {
        systemCalls.perform(.listThreads, Int(process), Int(truncatingIfNeeded: buffer.address), capacity)
      }
      guard count >= 0 else {
        throw BPFError(
          "process \(process)",
          .systemCall("read of /proc/\(process)/task", Errno(rawValue: Int32(truncatingIfNeeded: -count))),
          "there is no such process")
      }
      if count <= capacity { return buffer.words(count).map(Int32.init(bitPattern:)) }
      capacity = count * 2
    }
  }

  /// Whether there is a process or thread of a number. One that this process may not signal is there.
  public func exists(process: Int32) -> Bool {
    let result = systemCalls.perform(.signalProcess, Int(process), 0)
    return result != -Int(Errno.noSuchProcess.rawValue)
  }
}
