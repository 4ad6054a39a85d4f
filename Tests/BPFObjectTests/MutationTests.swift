import BPFObject
import Foundation
import Testing

@Suite struct MutationTests {
  private static let environment = ProcessInfo.processInfo.environment

  /// How many damaged objects to read: a few thousand, or as many as `MEROPS_FUZZ_ROUNDS` says.
  private static let rounds = environment["MEROPS_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 3000
  /// The number that all others come from.
  private static let seed = environment["MEROPS_FUZZ_SEED"].flatMap { UInt64($0) } ?? 0x6d65_726f_7073
  /// The round to begin with, to come back to one that has failed.
  private static let start = environment["MEROPS_FUZZ_START"].flatMap { Int($0) } ?? 0

  @Test("damaged objects end in an error with a reason, or in an object", .enabled(if: Clang.isPresent))
  func damage() throws {
    var subjects: [MutationSubject] = []
    for (name, source) in Sources.all {
      for target in [Clang.Target.standard, .init(architecture: "bpfeb", cpu: "v4"), .init(cpu: "v1", options: [])] {
        guard !target.options.isEmpty || name == "linking" || name == "data" else { continue }
        subjects.append(try MutationSubject(name: "\(name) \(target)", bytes: try Clang.compile(source, target)))
      }
    }
    subjects += try corpus()
    var (objects, categories): (Int, [ObjectError.Category: Int]) = (0, [:])
    var slowest: (time: Duration, round: Int) = (.zero, 0)
    let clock = ContinuousClock()
    for round in Self.start..<Self.start + Self.rounds {
      var random = SeededGenerator(seed: Self.seed &+ UInt64(round) &* 0x1_0000_0001)
      let subject = subjects[round % subjects.count]
      let bytes = subject.mutated(&random)
      let time = clock.measure {
        do {
          var object = try ObjectFile(parsing: bytes)
          objects += 1
          use(&object)
        } catch {
          guard let error = error as? ObjectError else { return }
          categories[error.category, default: 0] += 1
          if error.problem.isEmpty || error.description.utf8.count > 20_000 {
            Issue.record("round \(round) of seed \(Self.seed), \(subject.name): \(error)")
          }
        }
      }
      if time > slowest.time { slowest = (time, round) }
      if round % 100_000 == 99_999 { print("round \(round + 1)") }
    }
    print(
      "seed \(Self.seed), \(Self.rounds) rounds: \(objects) objects, "
        + categories.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        + "; slowest \(slowest.time) in round \(slowest.round)")
    #expect(objects > 0 && categories.count > 3)
  }

  /// The objects of a folder that `MEROPS_FUZZ_CORPUS` names, besides those that are compiled here.
  private func corpus() throws -> [MutationSubject] {
    guard let folder = Self.environment["MEROPS_FUZZ_CORPUS"] else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().compactMap { name in
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder).appendingPathComponent(name)))
      return try? MutationSubject(name: name, bytes: bytes)
    }
  }

  /// Does with an object what an engine does before it loads it. What it throws is as good as a result.
  private func use(_ object: inout ObjectFile) {
    if let types = object.types { try? object.applyTypeRelocations(target: types) }
    try? object.setConfiguration { $0.hasPrefix("CONFIG_T") ? "m" : "1" }
    for (name, global) in object.globals where global.byteCount < 1 << 16 && global.offset < 1 << 16 {
      try? object.set(name, parsing: "1")
      try? object.set("\(name)[0].level", to: 1)
      _ = try? object.bytes(of: name)
    }
    for map in object.maps.values where map.valueSize < 1 << 16 { _ = map.initialValue }
  }
}
