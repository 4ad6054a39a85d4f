import Merops

/// A program in the simulated machine, from the interrupt that runs it to the end of the callback that it has asked for.
@Sendable
func machineBenchmarks() async throws -> [Benchmark] {
  var object = try await ObjectFile(parsing: ExampleObject.bytes())
  let machine = try Machine()
  let task = try machine.spawn("sampled")
  guard let memory = task.memory else { return [] }
  try object.set("user_ptr", to: memory.map(string: "hello world"))
  let loaded = try machine.load(object)
  try machine.run(task, on: 0)
  let count = 2000

  /// Interrupts with a program attached, or with none.
  func interrupts(_ program: String?) throws {
    let attachment = try program.map { try loaded.attach($0, to: .perfEvent(cpu: 0)) }
    for _ in 0..<count { try machine.nmi(on: 0) }
    attachment?.detach()
    let callbacks = machine.takeTimeline().count { if case .callbackLeft = $0.kind { true } else { false } }
    precondition(callbacks == (program == nil ? 0 : count))
  }
  return [
    Benchmark("machine: an NMI without a program", nanosecondsPer: "interrupt", count: count) { try interrupts(nil) },
    Benchmark("machine: NMI, schedule, callback that copies a string", nanosecondsPer: "request", count: count) {
      try interrupts("oncpu_array_map")
    },
  ]
}
