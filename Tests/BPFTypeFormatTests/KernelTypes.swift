import BPFTypeFormat
import Foundation

/// The types of the running kernel, read once.
enum KernelTypes {
  static let path = "/sys/kernel/btf/vmlinux"
  static let isAvailable = FileManager.default.isReadableFile(atPath: path)
  static let bytes: [UInt8] = FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
  static let types: Result<BTF, BTFError> = Result { () throws(BTFError) in try BTF(parsing: bytes) }
  /// Their whole `vmlinux.h`, printed once.
  static let header: Result<String, BTFError> = Result { () throws(BTFError) in try CPrinter(types.get()).header() }
}
