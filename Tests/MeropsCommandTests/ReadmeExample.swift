import Merops
import Testing

/// The example of the README, which a test compares with this text.
@Suite(.enabled(if: Fixture.hasCompiler, "no clang with the BPF target"))
struct ReadmeExample {
  private let source = Repository.path("Examples/task_work.bpf.c")

  @Test func callbackReadsWhatTheInterruptCannot() async throws {
    var object = try await ObjectFile.compiled(from: source)

    // A task with a string on a page that is not there yet.
    let machine = try Machine()
    let app = try machine.spawn("app")
    let memory = try #require(app.memory)
    try object.set("user_ptr", to: memory.map(string: "hello world", isResident: false))

    // The task is in a system call when the NMI comes: the callback runs when the call has ended.
    let loaded = try machine.load(object)
    let attachment = try loaded.attach("oncpu_hash_map", to: .perfEvent(cpu: 0))
    try machine.run(app, on: 0)
    try machine.systemCall(.getppid, by: app) { () throws(MachineError) in
      try machine.nmi(on: 0)
      return memory.minorFaults == 0 ? 1 : -1
    }
    attachment.detach()

    #expect(app.lastSystemCallResult == 1)
    #expect(memory.minorFaults == 1)
    let element = try loaded.map("hash_map").lookupElement([0, 0, 0, 0])
    #expect(element.starts(with: Array("hello world".utf8)))
  }
}
