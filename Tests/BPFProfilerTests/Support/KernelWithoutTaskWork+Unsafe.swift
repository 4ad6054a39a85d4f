import BPFLinux

// The pointer here is the buffer that the engine gives to read(2), which has filled as many bytes of it as it says.

/// The running kernel, but for the functions that defer work: their names are others.
struct KernelWithoutTaskWork: SystemCalls {
  private let kernel = RunningKernel()

  func perform(
    _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
  ) -> Int {
    // The kernel's types are read, not mapped, when their size is not known.
    if call == .fileSize { return -22 }
    let result = kernel.perform(call, first, second, third, fourth, fifth)
    guard call == .readFile, result > 0, let start = UnsafeMutableRawPointer(bitPattern: second) else { return result }
    let bytes = UnsafeMutableRawBufferPointer(start: start, count: result)
    let name = Array("bpf_task_work_schedule".utf8)
    var place = 0
    while place + name.count <= bytes.count {
      if bytes[place] == name[0], bytes[place..<place + name.count].elementsEqual(name) { bytes[place] = 0x78 }
      place += 1
    }
    return result
  }
}
