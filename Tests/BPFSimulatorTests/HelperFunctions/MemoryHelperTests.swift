import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// Reading and writing memory of the kernel and of the user, in both kernels.
@Suite struct MemoryHelperTests {
  private static let text = "from afar"

  /// Programs `name_user` read at the address in word 1, `name_kernel` from the map `source`; both read as many bytes as
  /// word 2 says, at most 16, to the map `target`.
  private func probes() throws -> AssembledObject {
    var object = AssembledObject()
    try object.map("source", .array, value: 16, entries: 1)
    object.fill("source", with: Array(Self.text.utf8) + [0, 1, 2, 3])
    try object.map("target", .array, value: 16, entries: 1)
    let names = ["user", "kernel", "user_str", "kernel_str"].map { "bpf_probe_read_" + $0 }
    for name in names + ["bpf_probe_read", "bpf_probe_read_str"] {
      for (place, source) in [("user", "r3 = *(u64 *)(r9 + 8)"), ("kernel", "r3 = value(source) ll")] {
        try object.call(
          "\(name)_\(place)",
          """
          r2 = *(u64 *)(r9 + 16)
          r0 = 0
          if r2 s< 0 goto done
          if r2 s> 16 goto done
          r1 = value(target) ll
          \(source)
          call \(name)
          done:
          """)
      }
    }
    return object
  }

  private static let marks = [UInt8](repeating: 0xee, count: 16)

  /// What the target holds: bytes that were read, then what was there.
  private static func target(_ bytes: [UInt8]) -> [UInt8] { bytes + marks.dropFirst(bytes.count) }

  @Test("a read that does not sleep gives the bytes, or an error and zeros, by the half of memory that it is for")
  func probing() throws {
    let pair = try KernelPair(probes().file)
    let bytes = Array(Self.text.utf8) + [0]
    // Strings of the user are copied by words of eight bytes as far as there is room, and the rest of the last is zero.
    let padded = bytes + [UInt8](repeating: 0, count: 6)
    let address = try #require(pair.task.memory).map(bytes: bytes)
    let other = UserText(bytes: bytes)
    // EFAULT where there is nothing, ERANGE where a helper for the kernel's memory is given the user's.
    let rows: [(helper: String, place: String, size: UInt64, result: Int64, bytes: [UInt8])] = [
      ("bpf_probe_read_user", "user", 4, 0, Array("from".utf8)), ("bpf_probe_read_user", "user", 0, 0, []),
      ("bpf_probe_read_user", "user", 10, 0, bytes), ("bpf_probe_read_user", "kernel", 4, -14, [0, 0, 0, 0]),
      ("bpf_probe_read_kernel", "kernel", 4, 0, Array("from".utf8)), ("bpf_probe_read_kernel", "kernel", 0, 0, []),
      ("bpf_probe_read_kernel", "user", 4, -34, [0, 0, 0, 0]), ("bpf_probe_read", "user", 4, 0, Array("from".utf8)),
      ("bpf_probe_read", "kernel", 4, 0, Array("from".utf8)), ("bpf_probe_read_user_str", "user", 16, 10, padded),
      ("bpf_probe_read_user_str", "user", 5, 5, Array("from\0".utf8)), ("bpf_probe_read_user_str", "user", 1, 1, [0]),
      ("bpf_probe_read_user_str", "user", 0, 0, []), ("bpf_probe_read_user_str", "user", 10, 10, bytes),
      ("bpf_probe_read_user_str", "kernel", 3, -14, [0, 0, 0]), ("bpf_probe_read_kernel_str", "kernel", 16, 10, bytes),
      ("bpf_probe_read_kernel_str", "kernel", 5, 5, Array("from\0".utf8)),
      ("bpf_probe_read_kernel_str", "kernel", 1, 1, [0]), ("bpf_probe_read_kernel_str", "kernel", 0, 0, []),
      ("bpf_probe_read_kernel_str", "user", 3, -34, [0, 0, 0]), ("bpf_probe_read_str", "user", 16, 10, padded),
      ("bpf_probe_read_str", "kernel", 16, 10, bytes),
    ]
    for row in rows {
      try pair.update("target", to: Self.marks)
      let result = try pair.call(
        "\(row.helper)_\(row.place)", [0, address, row.size], running: [0, other.address, row.size])[0]
      let label: Comment = "\(row.helper) \(row.place) \(row.size)"
      #expect(result == row.result, label)
      #expect(try pair.element(of: "target") == Self.target(row.bytes), label)
    }
    let unmapped: [(helper: String, address: UInt64, result: Int64)] = [
      ("bpf_probe_read_user", 0x10, -14), ("bpf_probe_read_user", 0, -14), ("bpf_probe_read_user", .max - 8, -14),
      ("bpf_probe_read_kernel", 0, -34), ("bpf_probe_read_kernel", 0xffff_0000_0000_1000, -34),
      ("bpf_probe_read_kernel", 0xffff_ff00_0000_0000, -14), ("bpf_probe_read_kernel", 0x8000_0000_0000, -34),
      ("bpf_probe_read", 0x10, -14), ("bpf_probe_read", 0xffff_0000_0000_1000, -34),
      ("bpf_probe_read", 0xffff_ff00_0000_0000, -14),
      ("bpf_probe_read_user_str", 0x10, -14), ("bpf_probe_read_user_str", 0xffff_0000_0000_1000, -14),
      ("bpf_probe_read_kernel_str", 0, -34), ("bpf_probe_read_kernel_str", 0xffff_0000_0000_1000, -34),
      ("bpf_probe_read_kernel_str", 0xffff_ff00_0000_0000, -14),
      ("bpf_probe_read_str", 0x10, -14), ("bpf_probe_read_str", 0xffff_0000_0000_1000, -34),
      ("bpf_probe_read_str", 0xffff_ff00_0000_0000, -14),
    ]
    for row in unmapped {
      try pair.update("target", to: Self.marks)
      #expect(try pair.call("\(row.helper)_user", [0, row.address, 8])[0] == row.result, "\(row)")
      #expect(try pair.element(of: "target") == Self.target([0, 0, 0, 0, 0, 0, 0, 0]), "\(row)")
    }
  }

  @Test("a page that is not resident is not brought in by a read that does not sleep")
  func absentPages() throws {
    let pair = try KernelPair(probes().file, isSimulatedOnly: true)
    let memory = try #require(pair.task.memory)
    let absent = try memory.map(string: "absent", isResident: false)
    for helper in ["bpf_probe_read_user", "bpf_probe_read_user_str", "bpf_probe_read", "bpf_probe_read_str"] {
      #expect(try pair.call("\(helper)_user", [0, absent, 4])[0] == -14, "\(helper)")
    }
    #expect(memory.minorFaults == 0)
    // The string crosses into a page that is not there.
    let start = try memory.map(byteCount: 8192, isResident: false)
    memory.store(Array("edge".utf8), at: start + 4092)
    #expect(try pair.call("bpf_probe_read_user_str_user", [0, start + 4092, 16])[0] == -14)
    #expect(try pair.call("bpf_probe_read_user_str_user", [0, start + 4092, 4])[0] == 4)
    #expect(try pair.call("bpf_probe_read_user_user", [0, start + 4092, 5])[0] == -14)
    #expect(try pair.call("bpf_probe_read_user_user", [0, start + 4092, 4])[0] == 0)
  }

  /// Programs that write four bytes to the address in the second word of `source`, whose first gets the answer. A kernel
  /// that is locked down, as the running one may be, has no such helper.
  private func writers() throws -> KernelPair {
    var object = AssembledObject()
    try object.map("source", .array, value: 16, entries: 1)
    for (name, type) in [("sample", ProgramType.perfEvent), ("pass", .rawTracepoint)] {
      try object.program(
        name,
        """
        r6 = value(source) ll
        r1 = *(u64 *)(r6 + 8)
        r2 = r6
        r3 = 4
        call bpf_probe_write_user
        *(u64 *)(r6 + 0) = r0
        r0 = 0
        exit
        """, kind: ProgramKind(type: type))
    }
    return try KernelPair(object.file, isSimulatedOnly: true)
  }

  @Test("bpf_probe_write_user writes to memory that is there and may be written")
  func writing() throws {
    let pair = try writers()
    let memory = try #require(pair.task.memory)
    let address = try memory.map(bytes: [1, 2, 3, 4, 5, 6, 7, 8])
    let constant = try memory.map(byteCount: 8, protection: .read)
    let absent = try memory.map(byteCount: 8, isResident: false)
    let rows: [(address: UInt64, result: Int64)] = [
      (address, 0), (constant, -14), (absent, -14), (0, -14), (0x10, -14), (0xffff_0000_0000_1000, -14),
      (.max - 2, -14),
    ]
    for row in rows {
      try pair.update("source", to: [0x0403_0201_0000_0000 | 0x6d6f_7266, row.address].flatMap(\.memoryBytes))
      try pair.trace("pass", [])
      #expect(try pair.element(of: "source").memoryWords[0] == UInt64(bitPattern: row.result), "\(row)")
    }
    #expect(memory.bytes(at: address, count: 8) == Array("from".utf8) + [5, 6, 7, 8])
    #expect(memory.bytes(at: constant, count: 4) == [0, 0, 0, 0])
    #expect(memory.minorFaults == 0)
  }

  @Test("bpf_probe_write_user is refused in interrupts and on threads without user memory")
  func refusedWriting() throws {
    let pair = try writers()
    let address = try #require(pair.task.memory).map(bytes: [1, 2, 3, 4])
    let sampling = try pair.simulated.attach("sample", to: .perfEvent(cpu: 0))
    try pair.update("source", to: [0, address].flatMap(\.memoryBytes))
    try pair.machine.nmi(on: 0)
    #expect(try pair.element(of: "source").memoryWords[0] == UInt64(bitPattern: -1))
    sampling.detach()
    #expect(pair.task.memory?.bytes(at: address, count: 4) == [1, 2, 3, 4])
    try pair.machine.run(pair.machine.spawnKernelThread("worker"), on: 0)
    try pair.update("source", to: [0, address].flatMap(\.memoryBytes))
    try pair.trace("pass", [])
    #expect(try pair.element(of: "source").memoryWords[0] == UInt64(bitPattern: -1))
  }

  private func copies() async throws -> KernelPair { try KernelPair(await TestPrograms.helperCalls.object()) }

  @Test("copies that may sleep give the bytes or the string, pad where asked, and refuse flags")
  func copying() async throws {
    let pair = try await copies()
    let bytes = Array(Self.text.utf8) + [0]
    // Strings of the user are copied by words of eight bytes as far as there is room, and the rest of the last is zero.
    let padded = bytes + [UInt8](repeating: 0, count: 6)
    let memory = try #require(pair.task.memory)
    let address = try memory.map(bytes: bytes, isResident: false)
    let other = UserText(bytes: bytes)
    let global = try #require(pair.simulated.object.globals["text_from_user"])
    let rows: [(program: String, size: UInt64, flags: UInt64, result: Int64, bytes: [UInt8])] = [
      ("copy", 4, 0, 0, Array("from".utf8)), ("copy", 0, 0, 0, []), ("copy", 10, 0, 0, bytes),
      ("copy_of_task", 4, 0, 0, Array("from".utf8)), ("copy_of_task", 0, 0, 0, []), ("copy_of_task", 4, 1, -22, []),
      ("copy_of_task", 0, 1, -22, []), ("copy_string", 32, 0, 10, padded),
      ("copy_string", 32, 1, 10, bytes + [UInt8](repeating: 0, count: 22)),
      ("copy_string", 5, 0, 5, Array("from\0".utf8)),
      ("copy_string", 5, 1, 5, Array("from\0".utf8)), ("copy_string", 1, 0, 1, [0]), ("copy_string", 10, 0, 10, bytes),
      ("copy_string", 16, 0, 10, bytes), ("copy_string", 17, 0, 10, padded), ("copy_string_of_task", 16, 0, 10, padded),
      ("copy_string_of_task", 15, 0, 10, bytes), ("copy_string", 32, 2, -22, []), ("copy_string", 32, 3, -22, []),
      ("copy_string_of_task", 32, 0, 10, padded),
      ("copy_string_of_task", 32, 1, 10, bytes + [UInt8](repeating: 0, count: 22)),
      ("copy_string_of_task", 5, 0, 5, Array("from\0".utf8)), ("copy_string_of_task", 32, 2, -22, []),
    ]
    let marks = [UInt8](repeating: 0xee, count: 32)
    var value = try pair.simulated.map(global.map).lookupElement([0, 0, 0, 0])
    value.replaceSubrange(global.offset..<global.offset + 32, with: marks)
    for row in rows {
      try pair.update(global.map, to: value)
      let words = try pair.call(
        row.program, [9, address, row.size, row.flags], running: [9, other.address, row.size, row.flags])
      #expect(words[0] == row.result, "\(row)")
      #expect(try pair.variable("text_from_user") == row.bytes + marks.dropFirst(row.bytes.count), "\(row)")
    }
    for program in ["copy", "copy_of_task", "copy_string", "copy_string_of_task"] {
      for bad: UInt64 in [0, 0x10, 0xffff_0000_0000_1000] {
        for flags: UInt64 in program.contains("string") ? [0, 1] : [0] {
          try pair.update(global.map, to: value)
          #expect(try pair.call(program, [9, bad, 8, flags])[0] == -14, "\(program) \(bad)")
          let left = flags == 1 ? [UInt8](repeating: 0, count: 8) : program == "copy_string_of_task" ? [0] : []
          if program.contains("string") {
            #expect(try pair.variable("text_from_user") == left + marks.dropFirst(left.count), "\(program) \(flags)")
          }
        }
      }
    }
  }
}
