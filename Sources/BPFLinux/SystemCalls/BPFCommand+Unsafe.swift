// Unsafe: the address of a command's attributes, which live on the stack until the call returns, and their exact size.

import SystemPackage

extension SystemCalls {
  /// Makes one bpf(2) call; results are written back into the attributes.
  ///
  /// - Parameters:
  ///   - number: the command.
  ///   - attributes: the attributes, which hold the addresses of buffers.
  ///   - buffers: the buffers that have to live until the call is over.
  /// - Throws: the error number.
  @discardableResult
  func perform<Attributes: BitwiseCopyable>(
    _ number: BPFCommandNumber, _ attributes: inout Attributes, keeping buffers: KernelBuffer?...
  ) throws(Errno) -> Int32 {
    let result = withExtendedLifetime(buffers) {
      withUnsafeMutableBytes(of: &attributes) { bytes in
        perform(.bpf, number.rawValue, Int(bitPattern: bytes.baseAddress), bytes.count)
      }
    }
    guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
    return Int32(truncatingIfNeeded: result)
  }

  /// Makes one perf_event_open(2) call and returns the descriptor.
  func openPerfEvent(
    _ attributes: PerfEventAttributes, pid: Int32, cpu: Int32, keeping buffer: KernelBuffer? = nil
  ) throws(Errno) -> Descriptor {
    var attributes = attributes
    let closeOnExecute = 8
    let result = withExtendedLifetime(buffer) {
      withUnsafeMutableBytes(of: &attributes) { bytes in
        perform(.perfEventOpen, Int(bitPattern: bytes.baseAddress), Int(pid), Int(cpu), -1, closeOnExecute)
      }
    }
    guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
    return Descriptor(Int32(truncatingIfNeeded: result), self)
  }
}
