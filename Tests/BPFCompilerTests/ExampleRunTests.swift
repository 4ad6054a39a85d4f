import BPFCompiler
import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// The examples do what their comments say.
@Suite(.serialized, .enabled(if: CompilerForTests.isPresent, CompilerForTests.reason))
struct ExampleRunTests {
  private func object(_ name: String) async throws -> ObjectFile {
    let compiler = try #require(CompilerForTests.found)
    let path = CompilerForTests.repository("Examples/\(name).bpf.c")
    return try ObjectFile(
      parsing: try await compiler.compile(.file(path), headers: SimulatedKernelTypes.headers).object)
  }

  @Test(
    "each program of the task-work example has the string copied by its callback",
    arguments: [("oncpu_hash_map", "hash_map"), ("oncpu_array_map", "array_map"), ("oncpu_lru_map", "lru_map")])
  func taskWork(program: String, map: String) async throws {
    var object = try await object("task_work")
    let machine = try Machine()
    let task = try machine.spawn("victim")
    // The page is not resident: the program could not read it, the callback can.
    let address = try #require(task.memory).map(string: "hello world", isResident: false)
    try object.set("user_ptr", to: address)
    let loaded = try machine.load(object, programs: [program])
    let attachment = try loaded.attach(program, to: .perfEvent())
    try machine.run(task, on: 0)
    try machine.nmi(on: 0)
    let value = try loaded.map(map).lookupElement([0, 0, 0, 0])
    #expect(String(decoding: value.prefix { $0 != 0 }, as: UTF8.self) == "hello world")
    #expect(value[128...].allSatisfy { $0 == 0 }, "the task work reads as zero")
    attachment.detach()
  }

  @Test("the ring-buffer example tells which file was opened by whom")
  func openFiles() async throws {
    let machine = try Machine()
    let loaded = try machine.load(try await object("open_files"))
    let attachment = try loaded.attach(
      "open_file", to: .tracepoint(group: "syscalls", name: "sys_enter_openat"))
    let task = try machine.spawn("editor")
    try machine.run(task, on: 0)
    let path = try #require(task.memory).map(string: "/etc/passwd")
    let call = SystemCall(name: "openat", number: 257, arguments: [UInt64(bitPattern: -100), path, 0, 0, 0, 0])
    try machine.systemCall(call, by: task) { 3 }
    let records = try #require(try loaded.map("events") as? RingBufferMap).takeRecords()
    #expect(records.count == 1)
    let record = try #require(records.first)
    #expect(record.count == 12 + 16 + 128)
    #expect(record[0] == UInt8(task.pid & 0xff))
    #expect(Array(record[8..<12]) == [0x9c, 0xff, 0xff, 0xff])
    #expect(String(decoding: record[12..<28].prefix { $0 != 0 }, as: UTF8.self) == "editor")
    #expect(String(decoding: record[28...].prefix { $0 != 0 }, as: UTF8.self) == "/etc/passwd")
    attachment.detach()
  }

  @Test("the example of a program run by request adds up and keeps the total")
  func sum() async throws {
    let machine = try Machine()
    let loaded = try machine.load(try await object("sum"))
    let task = try machine.spawn("caller")
    try machine.run(task, on: 0)
    let order: [UInt8] = [1, 0, 0, 0, 100, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
    for expected: UInt16 in [5050, 10100] {
      let context = try loaded.run("sum", context: order).context
      #expect(Array(context[8..<10]) == [0xba, 0x13])
      let total = try loaded.map("total").lookupElement([0, 0, 0, 0])
      #expect(Array(total[0..<2]) == [UInt8(expected & 0xff), UInt8(expected >> 8)])
    }
  }
}
