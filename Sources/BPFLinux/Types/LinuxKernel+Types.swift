import BPFObject
import BPFTypeFormat
import SystemPackage

extension LinuxKernel {
  /// Loads an object's types in the form that the kernel takes.
  func load(_ types: BTF, for name: String) throws(BPFError) -> Descriptor {
    let subject = "types of '\(name)'"
    let loadable: LoadableTypes
    do throws(BTFError) { loadable = try LoadableTypes(types) } catch { throw .refusal(subject, "\(error)") }
    return try load(loadable.encoded, for: subject)
  }

  /// Loads types into the kernel (`BPF_BTF_LOAD`). The log is asked for only when they are refused.
  func load(_ types: [UInt8], for subject: String) throws(BPFError) -> Descriptor {
    let buffer = KernelBuffer(types)
    var attributes = BTFLoadAttributes(types: buffer.address, size: UInt32(truncatingIfNeeded: types.count))
    if let token {
      attributes.flags |= MapFlags.tokenDescriptor.rawValue
      attributes.tokenDescriptor = token.descriptor.rawValue
    }
    let first: Errno
    do throws(Errno) {
      return Descriptor(try systemCalls.perform(.btfLoad, &attributes, keeping: buffer), systemCalls)
    } catch { first = error }
    guard first != .notPermitted, first != .noFunction else { throw BPFError(subject, .btfLoad, first) }
    var size = 1 << 16
    for _ in 0..<2 {
      let log = KernelBuffer(count: size)
      attributes.logLevel = 1
      attributes.logBuffer = log.address
      attributes.logSize = UInt32(truncatingIfNeeded: size)
      do throws(Errno) {
        return Descriptor(try systemCalls.perform(.btfLoad, &attributes, keeping: buffer, log), systemCalls)
      } catch {
        let needed = Int(attributes.logTrueSize)
        guard error == .noSpace, needed > size, needed <= 64 << 20 else {
          throw refusal(subject, first, log.text)
        }
        size = needed
      }
    }
    throw refusal(subject, first, "")
  }

  /// The last line of the kernel's log is about the type that it does not take.
  private func refusal(_ subject: String, _ errno: Errno, _ log: String) -> BPFError {
    var error = BPFError(subject, .btfLoad, errno, verifierLog: log)
    if let line = log.split(separator: "\n").last {
      error.problem = "the kernel's check of types says '\(line.drop { $0 == " " || $0 == "\t" })'"
    } else if errno == .invalidArgument {
      error.problem = "the kernel does not say why: they may be of a newer form than it knows"
    }
    return error
  }
}
