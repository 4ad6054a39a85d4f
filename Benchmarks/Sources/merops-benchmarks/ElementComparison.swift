import Foundation
import Merops

/// Elements of a hash as Merops reads and writes them, and as libbpf does: by turns in one thread and on one map, since two
/// maps differ by more than what is to be told.
struct ElementComparison {
  enum Work: CaseIterable { case lookup, update }

  private static let entries: UInt32 = 10_000
  private static let turns = 41
  private static let count = 50_000

  private typealias Measurement = @convention(c) (Int32, Int32) -> Double

  private let loaded: LinuxObject
  private let lookup: Measurement
  private let update: Measurement
  /// The map's descriptor for libbpf.
  private let descriptor: Int32

  init(library: String) throws {
    var object = ObjectFile()
    object.maps["benchmark"] = MapDefinition(
      name: "benchmark", type: .hash, keySize: 4, valueSize: 64, maxEntries: Self.entries)
    loaded = try LinuxKernel().load(object)
    let handle = dlopen(library, RTLD_NOW)
    func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
      guard let handle, let symbol = dlsym(handle, name) else {
        throw ComparisonFailure(text: "'\(library)' has no function '\(name)'")
      }
      return unsafeBitCast(symbol, to: type)
    }
    lookup = try function("compare_lookup", as: Measurement.self)
    update = try function("compare_update", as: Measurement.self)
    let open = try function("compare_map", as: (@convention(c) (UInt32) -> Int32).self)
    descriptor = open(try loaded.map("benchmark").identifier)
    guard descriptor >= 0 else { throw ComparisonFailure(text: "libbpf does not find the map") }
  }

  /// How many times as fast Merops is: the median of many turns, in each of which both are measured one after the other.
  func ratio(of work: Work) throws -> Double {
    defer { close(descriptor) }
    let map = try loaded.hashMap("benchmark", of: UInt32.self, InlineArray<8, UInt64>.self)
    for key in 0..<Self.entries { try map.update(key, to: InlineArray(repeating: 1)) }
    var key: UInt32 = 0
    var sum: UInt64 = 0
    func ours() throws -> Double {
      let start = ThreadClock.now
      switch work {
      case .lookup:
        for _ in 0..<Self.count {
          key = (key &+ 7919) % Self.entries
          if let value = try map.lookup(key) { sum &+= value[0] }
        }
      case .update:
        var value = InlineArray<8, UInt64>(repeating: 2)
        for index in 0..<Self.count {
          key = (key &+ 7919) % Self.entries
          value[0] = UInt64(index)
          try map.update(key, to: value)
        }
      }
      return Double(ThreadClock.now - start) / Double(Self.count)
    }
    func theirs() -> Double { (work == .lookup ? lookup : update)(descriptor, Int32(Self.count)) }
    var (times, others, ratios) = ([Double](), [Double](), [Double]())
    for turn in 0..<Self.turns {
      // Whoever comes second finds the caches as the first has left them.
      let isFirst = turn % 2 == 0
      let early = isFirst ? try ours() : theirs()
      let late = isFirst ? theirs() : try ours()
      let (own, other) = isFirst ? (early, late) : (late, early)
      times.append(own)
      others.append(other)
      ratios.append(other / own)
    }
    precondition(work == .update || sum > 0)
    func place(_ numbers: [Double], _ part: Double) -> Double {
      numbers.sorted()[Int(part * Double(numbers.count - 1))]
    }
    func text(_ number: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", number) }
    print(
      "  \(work): \(text(place(times, 0.5), 1)) ns, the other \(text(place(others, 0.5), 1)) ns; "
        + "half of \(Self.turns) turns between \(text(place(ratios, 0.25), 3)) and \(text(place(ratios, 0.75), 3)), "
        + "all between \(text(place(ratios, 0), 3)) and \(text(place(ratios, 1), 3))")
    return place(ratios, 0.5)
  }
}
