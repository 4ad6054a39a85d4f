import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// Helpers that call functions of the program, iterators, locks and sections, in both kernels.
@Suite struct CallbackHelperTests {
  private func pair() async throws -> KernelPair { try KernelPair(await TestPrograms.helperCalls.object()) }

  @Test("bpf_for_each_map_elem visits every element until the callback returns 1, and counts the visits")
  func forEachElement() async throws {
    let pair = try await pair()
    let maps = ["array", "hash", "lru", "percpu_array", "percpu_hash", "lru_percpu_hash"]
    for map in maps {
      // An array has all its elements from the beginning.
      let (count, sum): (UInt64, Int64) = map.hasSuffix("array") ? (5, 10) : (6, 15)
      if !map.hasSuffix("array") { #expect(try pair.call("each_in_\(map)", [0, 0, 9, 9, 9]) == [0, 0, 0, 0, 0]) }
      try pair.call("fill_\(map)", [0, count])
      // The running kernel's programs run on any CPU, and each has values of its own.
      let ignored: Set<Int> = map.contains("percpu") ? [4] : []
      let all = try pair.call("each_in_\(map)", [0, 0, 0, 0, 0], ignoring: ignored)
      #expect(all == [Int64(count), 0, Int64(count), sum, 10 * sum], "\(map)")
      // The callback has added 100 to each value.
      let again = try pair.call("each_in_\(map)", [0, 0, 0, 0, 0], ignoring: ignored)
      #expect(again[4] == 10 * sum + 100 * Int64(count), "\(map)")
      let some = try pair.call("each_in_\(map)", [0, 3, 0, 0, 0], ignoring: map == "array" ? [] : [3, 4])
      #expect(some[0] == 3 && some[2] == 3, "\(map)")
    }
    #expect(try pair.call("each_with_flags", [0, 1, 0]) == [-22, 1, 0])
    #expect(try pair.call("remove_each", [0, 0]) == [6, 6])
    #expect(try pair.call("each_in_hash", [0, 0, 0, 0, 0])[0] == 0)
  }

  @Test("bpf_map_lookup_percpu_elem finds the value of a CPU, and none for a CPU or key that does not exist")
  func lookupOnCPU() async throws {
    let pair = try await pair()
    for map in ["percpu_array", "percpu_hash", "lru_percpu_hash"] {
      try pair.call("fill_\(map)", [0, 4])
      // A program writes the value of its own CPU; the simulated one runs on CPU 0, the running one anywhere.
      var values: [Int64] = []
      for cpu: UInt64 in [0, 1] {
        let words = try pair.simulated.run("on_cpu_in_\(map)", context: [0, 3, cpu, 9].flatMap(\.memoryBytes))
        #expect(words.context.memoryWords[0] == 1)
        values.append(Int64(bitPattern: words.context.memoryWords[3]))
      }
      #expect(values == [30, 0], "\(map)")
      for (key, cpu) in [(3, 4096), (3, 0xffff_ffff), (7, 0)] as [(UInt64, UInt64)] {
        #expect(try pair.call("on_cpu_in_\(map)", [9, key, cpu, 9])[0] == 0, "\(map) \(key) \(cpu)")
      }
    }
  }

  @Test("bpf_loop calls so often, ends at 1, and refuses flags and too many rounds")
  func loop() async throws {
    let pair = try await pair()
    let rows: [(times: UInt64, limit: UInt64, flags: UInt64, result: Int64, calls: Int64)] = [
      (0, 0, 0, 0, 0), (1, 0, 0, 1, 1), (10, 0, 0, 10, 10), (10, 4, 0, 4, 4), (10, 10, 0, 10, 10), (5, 0, 1, -22, 0),
      (8 << 20, 1, 0, 1, 1), ((8 << 20) + 1, 1, 0, -7, 0), (0xffff_ffff, 1, 0, -7, 0), (1 << 32 | 3, 0, 0, 3, 3),
    ]
    for row in rows {
      let words = try pair.call("loop", [0, row.times, row.limit, row.flags, 0, 0])
      #expect(words[0] == row.result && words[4] == row.calls, "\(row)")
      #expect(words[5] == row.calls * max(row.calls - 1, 0) / 2, "\(row)")
    }
  }

  @Test("the iterator of numbers goes from start to end, and refuses what goes backwards or too far")
  func numbers() async throws {
    let pair = try await pair()
    let rows: [(start: Int32, end: Int32, result: Int64, count: Int64, sum: Int64)] = [
      (0, 5, 0, 5, 10), (3, 4, 0, 1, 3), (3, 3, 0, 0, 0), (-2, 3, 0, 5, 0), (5, 3, -22, 0, 0), (.min, .min, 0, 0, 0),
      (.min, .min + 2, 0, 2, 2 * Int64(Int32.min) + 1), (.max - 1, .max, 0, 1, Int64(Int32.max) - 1),
      (0, 8 << 20, 0, 1000, 499_500), (0, (8 << 20) + 1, -7, 0, 0), (.min, .max, -7, 0, 0), (0, -1, -22, 0, 0),
    ]
    for row in rows {
      let words = [0, UInt64(UInt32(bitPattern: row.start)), UInt64(UInt32(bitPattern: row.end)), 0, 0]
      let after = try pair.call("numbers", words)
      #expect([after[0], after[3], after[4]] == [row.result, row.count, row.sum], "\(row)")
    }
  }

  @Test("the iterator of bits finds those that are set, in up to 511 words")
  func bits() async throws {
    let pair = try await pair()
    let object = pair.simulated.object
    let global = try #require(object.globals["bits_of_map"])
    var value = try pair.simulated.map(global.map).lookupElement([0, 0, 0, 0])
    for bit in [0, 5, 63, 64, 511 * 64 - 1] { value[global.offset + bit / 8] |= 1 << UInt8(bit % 8) }
    try pair.update(global.map, to: value)
    let rows: [(count: UInt64, result: Int64, bits: Int64, sum: Int64)] = [
      (0, -22, 0, 0), (1, 0, 3, 68), (2, 0, 4, 132), (510, 0, 4, 132), (511, 0, 5, 132 + 511 * 64 - 1),
      (512, -7, 0, 0), (0xffff_ffff, -7, 0, 0),
    ]
    for row in rows {
      let after = try pair.call("bits", [0, row.count, 0, 0])
      #expect([after[0], after[2], after[3]] == [row.result, row.bits, row.sum], "\(row)")
    }
  }

  @Test("what is done under a lock, and in sections, is done")
  func locksAndSections() async throws {
    let pair = try await pair()
    #expect(try pair.call("add_under_lock", [0, 5])[0] == 5)
    #expect(try pair.call("add_under_lock", [0, 2])[0] == 7)
    #expect(try pair.call("sections", [0])[0] == 1)
    #expect(try pair.call("current", [0, 0, 0]) == [1, 1, 1])
  }

  @Test("a task is found by the number of its thread, and not by one that no thread has")
  func taskByNumber() async throws {
    let pair = try await pair()
    let thread = try pair.machine.spawnThread(of: pair.task)
    let first = UInt64(UInt32(bitPattern: pair.task.pid))
    for (number, answer) in [
      (first, first << 32 | first), (UInt64(UInt32(bitPattern: thread.pid)), UInt64(thread.pid) << 32 | first),
    ] {
      let words = [0, number, 0].flatMap(\.memoryBytes)
      #expect(try pair.simulated.run("task_by_number", context: words).context.memoryWords == [1, number, answer])
    }
    for number: UInt64 in [0, 0x7fff_ffff, 0xffff_ffff] {
      #expect(try pair.call("task_by_number", [9, number, 5]) == [0, Int64(number), 5])
    }
  }
}
