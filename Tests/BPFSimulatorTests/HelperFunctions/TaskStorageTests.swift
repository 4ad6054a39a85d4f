import BPFMaps
import BPFObject
import BPFSimulator
import Testing

@Suite struct TaskStorageTests {
  private func object() throws -> ObjectFile {
    var object = AssembledObject()
    try object.map(
      "storage", .taskStorage, entries: 0, flags: .noPreallocation, declaring: "struct value { u64 a, b; };")
    try object.map("plain", .array)
    // The context is: flags, a value to begin with, and the result. Returns the first word, or -1.
    try object.program(
      "get",
      """
      r6 = r1
      call bpf_get_current_task_btf
      r1 = map(storage) ll
      r2 = r0
      r3 = 0
      r4 = *(u64 *)(r6 + 0)
      r5 = *(u64 *)(r6 + 8)
      if r5 == 0 goto call
      *(u64 *)(r10 - 16) = r5
      r5 = *(u64 *)(r6 + 16)
      *(u64 *)(r10 - 8) = r5
      r3 = r10
      r3 += -16
      call:
      call bpf_task_storage_get
      if r0 == 0 goto none
      r1 = *(u64 *)(r0 + 0)
      r2 = r1
      r2 += 1
      *(u64 *)(r0 + 0) = r2
      r0 = r1
      exit
      none:
      r0 = -1
      exit
      """)
    try object.program(
      "delete", "call bpf_get_current_task_btf\nr1 = map(storage) ll\nr2 = r0\ncall bpf_task_storage_delete\nexit")
    try object.program(
      "null", "r1 = map(storage) ll\nr2 = 0\nr3 = 0\nr4 = 1\ncall bpf_task_storage_get\nexit")
    try object.program("delete_null", "r1 = map(storage) ll\nr2 = 0\ncall bpf_task_storage_delete\nexit")
    try object.program("no_task", "r1 = map(storage) ll\nr2 = r10\nr3 = 0\nr4 = 1\ncall bpf_task_storage_get\nexit")
    try object.program("wrong_map", "r1 = map(plain) ll\nr2 = 0\nr3 = 0\nr4 = 1\ncall bpf_task_storage_get\nexit")
    return object.file
  }

  private func loaded(
    _ verification: ProgramVerification = .standard
  ) throws -> (Machine, SimulatedTask, LoadedObject) {
    let machine = try Machine()
    let task = try machine.spawn("owner")
    try machine.run(task, on: 0)
    return (machine, task, try machine.load(object(), verification, misuses: ["no_task", "wrong_map"]))
  }

  private func get(_ object: LoadedObject, flags: UInt64, initial: [UInt64] = [0, 0], on cpu: Int = 0) throws -> Int64 {
    Int64(bitPattern: try object.run("get", context: ([flags] + initial).flatMap(\.memoryBytes), on: cpu).result)
  }

  @Test("a task's value is made when asked for and belongs to the task")
  func values() throws {
    let (machine, _, object) = try loaded()
    #expect(try get(object, flags: 0) == -1)
    #expect(try get(object, flags: 2) == -1)
    #expect(try get(object, flags: 1) == 0)
    #expect(try get(object, flags: 0) == 1)
    // What a value begins with counts only for a new one.
    #expect(try get(object, flags: 1, initial: [40, 0]) == 2)
    let other = try machine.spawn("other")
    try machine.run(other, on: 1)
    #expect(try get(object, flags: 0, on: 1) == -1)
    #expect(try get(object, flags: 1, initial: [40, 0], on: 1) == 40)
    #expect(try get(object, flags: 0) == 3)
  }

  @Test("a value is deleted once, and ends with the last reference to its task")
  func deletion() throws {
    let (machine, task, object) = try loaded()
    #expect(try object.run("delete").result == UInt64(bitPattern: -2))
    #expect(try get(object, flags: 1) == 0)
    #expect(try object.run("delete").result == 0)
    #expect(try get(object, flags: 0) == -1)
    #expect(try get(object, flags: 1) == 0)
    let storage = try #require(try object.map("storage") as? TaskStorageMap)
    try machine.exit(task)
    #expect(storage.owners.count == 1)
    try machine.reap(task)
    #expect(storage.owners.isEmpty)
  }

  @Test("no task is NULL or -EINVAL, what is no task ends the run")
  func refusals() throws {
    let (machine, _, object) = try loaded(.none)
    #expect(try object.run("null").result == 0)
    #expect(try object.run("delete_null").result == UInt64(bitPattern: -22))
    for (program, message) in [
      ("no_task", "bpf_task_storage_get: argument 2"), ("wrong_map", "it takes maps of type task_storage"),
    ] {
      #expect(throws: MachineError.self) { try object.run(program) }
      #expect(machine.faults.last?.message.contains(message) == true, "\(machine.faults.last?.message ?? "")")
    }
  }
}
