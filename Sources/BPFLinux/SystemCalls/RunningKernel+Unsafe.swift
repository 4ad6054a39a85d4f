// Unsafe: the addresses are made here from the integers that the seam carries. Each is the address of memory that
// `BPFCommand+Unsafe.swift` and its neighbours keep alive until the call is over.

#if os(Linux)
  import CMeropsLinux
#endif

/// The kernel that this process runs on. Where that is not Linux, every call answers with ENOSYS.
public struct RunningKernel: SystemCalls {
  /// The running kernel.
  public init() {}

  /// The size of a page in bytes.
  static var pageSize: Int {
    #if os(Linux)
      Int(merops_page_size())
    #else
      4096
    #endif
  }

  /// Makes the system call.
  public func perform(
    _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
  ) -> Int {
    #if os(Linux)
      switch call {
      case .bpf:
        return merops_bpf(first, UnsafeMutableRawPointer(bitPattern: second), UInt(bitPattern: third))
      case .perfEventOpen:
        return merops_perf_event_open(
          UnsafeMutableRawPointer(bitPattern: first), Int32(truncatingIfNeeded: second),
          Int32(truncatingIfNeeded: third), Int32(truncatingIfNeeded: fourth), UInt(bitPattern: fifth))
      case .ioctl:
        return merops_ioctl(Int32(truncatingIfNeeded: first), UInt(bitPattern: second), UInt(bitPattern: third))
      case .openFile:
        return merops_open(UnsafePointer<CChar>(bitPattern: first), Int32(truncatingIfNeeded: second))
      case .readFile:
        return merops_read(
          Int32(truncatingIfNeeded: first), UnsafeMutableRawPointer(bitPattern: second), UInt(bitPattern: third))
      case .readFileAt:
        return merops_read_at(
          Int32(truncatingIfNeeded: first), UnsafeMutableRawPointer(bitPattern: second), UInt(bitPattern: third), fourth
        )
      case .fileSize:
        return merops_file_size(Int32(truncatingIfNeeded: first))
      case .mapFile:
        return merops_map_file(UInt(bitPattern: first), Int32(truncatingIfNeeded: second))
      case .close:
        return merops_close(Int32(truncatingIfNeeded: first))
      case .startProcess:
        return merops_start_stopped(
          UnsafePointer<CChar>(bitPattern: first),
          UnsafePointer<UnsafeMutablePointer<CChar>?>(bitPattern: second),
          UnsafeMutablePointer<Int32>(bitPattern: third))
      case .runProcess:
        return merops_run_to(Int32(truncatingIfNeeded: first), UInt(bitPattern: second))
      case .releaseProcess:
        return merops_let_go(Int32(truncatingIfNeeded: first))
      case .awaitProcess:
        return merops_wait_for_end(
          Int32(truncatingIfNeeded: first), UnsafeMutablePointer<Int32>(bitPattern: second),
          UnsafeMutablePointer<Int32>(bitPattern: third))
      case .reapProcess:
        return merops_reap(Int32(truncatingIfNeeded: first))
      case .signalProcess:
        return merops_signal(Int32(truncatingIfNeeded: first), Int32(truncatingIfNeeded: second))
      case .writeFile:
        return merops_write(
          Int32(truncatingIfNeeded: first), UnsafeRawPointer(bitPattern: second), UInt(bitPattern: third))
      case .mapMemory:
        return merops_map(
          UInt(bitPattern: first), Int32(truncatingIfNeeded: second), Int32(truncatingIfNeeded: third), fourth)
      case .unmapMemory:
        return merops_unmap(UnsafeMutableRawPointer(bitPattern: first), UInt(bitPattern: second))
      case .makeEvent:
        return merops_event()
      case .makeEventSet:
        return merops_event_set()
      case .addToEventSet:
        return merops_event_set_add(Int32(truncatingIfNeeded: first), Int32(truncatingIfNeeded: second))
      case .waitForEventSet:
        return merops_event_set_wait(Int32(truncatingIfNeeded: first), Int32(truncatingIfNeeded: second))
      case .interfaceIndex:
        return merops_interface_index(UnsafePointer<CChar>(bitPattern: first))
      case .listThreads:
        return merops_list_threads(
          Int32(truncatingIfNeeded: first), UnsafeMutablePointer<Int32>(bitPattern: second), third)
      }
    #else
      return -78
    #endif
  }
}
