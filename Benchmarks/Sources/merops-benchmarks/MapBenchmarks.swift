import Merops

/// Map operations as programs make them, by type: one thread, and two threads on the same map.
@Sendable
func mapBenchmarks() throws -> [Benchmark] {
  var result: [Benchmark] = []
  for (name, type) in [("hash", MapType.hash), ("array", .array), ("LRU hash", .lruHash)] {
    let map = try filledMap(type)
    for threads in [1, 2] {
      let plural = threads == 1 ? "1 thread" : "2 threads"
      result.append(
        Benchmark("maps: \(name) lookup, \(plural)", unit: "M operations/s", moreIsBetter: true) {
          try operationsPerSecond(threads: threads) { thread in lookUp(in: map, cpu: thread) }
        })
      result.append(
        Benchmark("maps: \(name) update, \(plural)", unit: "M operations/s", moreIsBetter: true) {
          try operationsPerSecond(threads: threads) { thread in update(map, cpu: thread) }
        })
    }
  }
  return result
}

private let entryCount: UInt32 = 10_000
private let operationCount = 2_000_000

private func filledMap(_ type: MapType) throws -> BPFMap {
  // An LRU map evicts before it is full, so it gets room.
  let room = type == .lruHash ? 2 * entryCount : entryCount
  let definition = MapDefinition(name: "benchmark", type: type, keySize: 4, valueSize: 64, maxEntries: room)
  let map = try BPFMap.create(definition, cpuCount: 2)
  for key in 0..<entryCount {
    try map.updateElement(bytes(of: key), to: [UInt8](repeating: 1, count: 64))
  }
  return map
}

private func bytes(of key: UInt32) -> [UInt8] { withUnsafeBytes(of: key.littleEndian, Array.init) }

/// Runs the same work on so many threads and returns millions of operations a second of all of them together.
private func operationsPerSecond(threads: Int, _ body: @escaping @Sendable (Int) -> Void) throws -> Double {
  let clock = ContinuousClock()
  let duration = try clock.measure { try Threads.run(threads, body) }
  let seconds = Double(duration.components.attoseconds) / 1e18 + Double(duration.components.seconds)
  return Double(threads * operationCount) / seconds / 1e6
}

private func lookUp(in map: BPFMap, cpu: Int) {
  var found = 0
  var key: UInt32 = UInt32(cpu) * 77
  for _ in 0..<operationCount {
    key = (key &+ 7919) % entryCount
    withUnsafeBytes(of: key) { if map.programLookup($0.bytes, cpu: cpu) != nil { found += 1 } }
  }
  precondition(found == operationCount)
}

private func update(_ map: BPFMap, cpu: Int) {
  var failed = 0
  var key: UInt32 = UInt32(cpu) * 77
  let value = [UInt8](repeating: 2, count: 64)
  value.withUnsafeBytes { value in
    for _ in 0..<operationCount {
      key = (key &+ 7919) % entryCount
      withUnsafeBytes(of: key) { key in
        do {
          try map.programUpdate(key.bytes, value.bytes, flags: .any, cpu: cpu)
        } catch {
          failed += 1
        }
      }
    }
  }
  // Two threads can meet while one of them holds the spare element that an update needs.
  precondition(failed < operationCount / 100)
}
