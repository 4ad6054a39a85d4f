import Foundation
import Merops

/// Opening an object, and the kernel's own types where there are any.
@Sendable
func openingBenchmarks() async throws -> [Benchmark] {
  let object = try await ExampleObject.bytes()
  var result = [
    Benchmark("opening: the example object, \(object.count / 1000) kB", nanosecondsPer: "open", count: 1) {
      let opened = try ObjectFile(parsing: object)
      precondition(opened.programs.count == 3)
    },
    Benchmark("opening: the example object, loaded into a new machine", nanosecondsPer: "load", count: 1) {
      let loaded = try Machine().load(ObjectFile(parsing: object))
      precondition(loaded.programs.count == 3)
    },
  ]
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
  return result
}
