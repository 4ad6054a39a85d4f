import BPFMaps
import BPFObject
import BPFSimulator
import BPFTaskWork
import Testing

/// Specification of task work, 2.1: the names of the two functions in 6.18, and since 7.0.
@Suite("Names of the functions that schedule task work")
struct FunctionNameTests {
  @Test("the functions with and without _impl are the same, and each has its mode")
  func names() throws {
    for mode in [TaskWorkMode.resume, .signal] {
      for suffix in ["", "_impl"] {
        let name = "bpf_task_work_schedule_\(mode)\(suffix)"
        var object = AssembledObject()
        try object.map(
          "works", .array, entries: 1,
          declaring:
            "struct bpf_task_work { u64 opaque; } __attribute__((aligned(8))); struct value { u64 count; struct bpf_task_work work; };"
        )
        try object.call(
          "ask",
          """
          call bpf_get_current_task_btf
          r1 = r0
          r2 = value(works) ll
          r2 += 8
          r3 = map(works) ll
          r4 = function(work) ll
          r5 = 0
          call kfunc(\(name))
          """, functions: [("work", "r1 = *(u64 *)(r3 + 0)\nr1 += 1\n*(u64 *)(r3 + 0) = r1\nr0 = 0\nexit")])
        let pair = try KernelPair(object.file, isSimulatedOnly: true)
        #expect(try pair.call("ask")[0] == 0, "\(name)")
        #expect(try pair.element(of: "works").memoryWords[0] == 1, "\(name)")
        let modes = pair.machine.takeTimeline().compactMap { event -> TaskWorkMode? in
          if case .scheduled(let request, _) = event.kind { request.mode } else { nil }
        }
        #expect(modes == [mode], "\(name)")
        #expect(pair.machine.timeline.isEmpty)
      }
    }
  }
}
