import BPFLinux
import BPFObject
import Testing

@Suite("Loading into the running kernel", .serialized)
struct LoadingTests {
  @Test("the task-work programs load, and one runs", .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func taskWork() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.taskWorkRequests())
    let map = try loaded.map("hash")
    try map.updateElement(UInt32(1).bytes, to: [UInt8](repeating: 0, count: map.valueSize))
    let order: [UInt32] = [0, 1, 0, 0, 1, 0, 0, 0, 0, 0]
    let run = try loaded.program("schedule").testRun(context: order.flatMap(\.bytes))
    #expect(run.result == 0)
    #expect(try map.lookupElement(UInt32(1).bytes)[0] == 1)
  }
}
