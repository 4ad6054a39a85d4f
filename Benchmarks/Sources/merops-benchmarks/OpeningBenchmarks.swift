import Foundation
import Merops

/// Opening the kernel's own types and, where one is named, an object: `MEROPS_OBJECT=task_work.bpf.o`.
@Sendable
func openingBenchmarks() throws -> [Benchmark] {
  var result: [Benchmark] = []
  if let types = FileManager.default.contents(atPath: "/sys/kernel/btf/vmlinux").map([UInt8].init) {
    result.append(
      Benchmark("opening: the kernel's BTF, \(types.count / 1000) kB", nanosecondsPer: "open", count: 1) {
        let opened = try BTF(parsing: types)
        precondition(opened.typeCount > 1000)
      })
    result.append(
      Benchmark("opening: the kernel's BTF and one type by name", nanosecondsPer: "open", count: 1) {
        let opened = try BTF(parsing: types)
        precondition(opened.first(named: "task_struct", kind: .structure) != nil)
      })
  }
  if let path = ProcessInfo.processInfo.environment["MEROPS_OBJECT"] {
    let object = [UInt8](try Data(contentsOf: URL(filePath: path)))
    result.append(
      Benchmark("opening: an object of \(object.count / 1000) kB", nanosecondsPer: "open", count: 1) {
        let opened = try ObjectFile(parsing: object)
        precondition(!opened.programs.isEmpty)
      })
  }
  return result
}
