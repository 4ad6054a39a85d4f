import Merops

/// A large profile: its making, each of its formats, and what is computed of it.
@Sendable
func profileBenchmarks() async throws -> [Benchmark] {
  let sampleCount = 200_000
  let profile = largeProfile(sampleCount: sampleCount)
  let formats: [(name: String, format: ProfileFormat)] = [
    ("flame graph", .flameGraph()), ("folded", .folded), ("pprof", .pprof), ("firefox", .firefox),
    ("speedscope", .speedscope),
  ]
  var result = [
    Benchmark("profile: \(sampleCount) samples added", nanosecondsPer: "sample", count: sampleCount) {
      precondition(largeProfile(sampleCount: sampleCount).samples.count == sampleCount)
    },
    Benchmark("profile: hottest functions", unit: "ms") {
      let start = ThreadClock.now
      precondition(profile.hottestFunctions(limit: 20).count == 20)
      return Double(ThreadClock.now - start) / 1e6
    },
  ]
  for (name, format) in formats {
    let megabytes = Double(profile.encoded(as: format).count) / 1e6
    result.append(
      Benchmark("profile: \(name), \(Int(megabytes * 10)) x 100 kB", unit: "ms") {
        let start = ThreadClock.now
        precondition(!profile.encoded(as: format).isEmpty)
        return Double(ThreadClock.now - start) / 1e6
      })
  }
  return result
}

/// A profile of 3,000 functions in 12,000 places, with stacks of 10 to 80 places that share what they begin with, as
/// programs have them: 12 threads, two places of three with functions inlined, tens of thousands of distinct stacks.
private func largeProfile(sampleCount: Int) -> Profile {
  var profile = Profile(metadata: Profile.Metadata(frequency: 999))
  var state: UInt64 = 0x6d65_726f_7073
  func random(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
  let modules = (0..<20).map { profile.intern(Profile.Module(path: "/usr/lib/lib\($0).so", inode: UInt64($0 + 1))) }
  let functions = (0..<3000).map { number in
    profile.intern(
      Profile.Function(
        name: "Namespace\(number % 37)::Type\(number % 211)::function\(number)(int, char const*)",
        file: "/src/file\(number % 400).cpp", line: UInt32(number), module: modules[number % 20]))
  }
  let locations = (0..<12_000).map { number in
    let location = profile.intern(
      Profile.Location(module: modules[number % 20], address: UInt64(number) * 16, kind: .native))
    let frames = (0..<1 + number % 3).map { Profile.Frame(function: functions[(number + $0 * 7) % 3000], line: 7) }
    profile.setFrames(frames, at: location)
    return location
  }
  let process = profile.add(Profile.Process(pid: 100, name: "server"))
  let threads = (0..<12).map {
    profile.add(Profile.Thread(tid: Int32(100 + $0), name: "worker \($0)", process: process))
  }
  var bases: [[Profile.Location.ID]] = []
  for _ in 0..<400 { bases.append((0..<10 + random(70)).map { _ in locations[random(12_000)] }) }
  for index in 0..<sampleCount {
    let base = bases[min(random(400), random(400))]
    let leaves = (0..<random(3)).map { _ in locations[min(random(25), random(25))] }
    let outer = profile.stack(leafFirst: base)
    profile.add(
      Profile.Sample(
        stack: profile.stack(leafFirst: leaves, onto: outer), thread: threads[index % 12],
        time: UInt64(index) * 1_000_000, weight: 1_001_001))
  }
  return profile
}
