import BPFMaps
import BPFObject

/// A definition in one line.
func define(
  _ type: MapType, _ key: UInt32 = 4, _ value: UInt32 = 8, _ entries: UInt32 = 4, _ flags: MapFlags = [],
  extra: UInt64 = 0
) -> MapDefinition {
  var definition = MapDefinition(name: "m", type: type, keySize: key, valueSize: value, maxEntries: entries)
  definition.flags = flags
  definition.extra = extra
  return definition
}

/// The low bytes of a number, as a key or a value.
func bytes(_ number: Int, _ count: Int = 4) -> [UInt8] {
  (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> (8 * $0)) : 0 }
}

/// The error number of a body, 0 when it succeeds.
func errno(_ body: () throws -> Void) -> Int32 {
  do {
    try body()
    return 0
  } catch let error as MapError {
    return error.errno.rawValue
  } catch let error as LinuxErrno {
    return error.rawValue
  } catch {
    return -1
  }
}

/// Numbers that look random and are the same in every run.
struct Numbers: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}

/// Remembers what a map told of its special fields.
final class Recorder: SpecialFieldObserver, @unchecked Sendable {
  struct Event: Hashable {
    var element: UInt32
    var offset: Int
    var cause: ReleaseCause
  }
  var events: [Event] = []
  func elementWillBeReleased(_ element: ElementIndex, valueAt offset: Int, of map: BPFMap, cause: ReleaseCause) {
    events.append(Event(element: element.rawValue, offset: offset, cause: cause))
  }
  func take() -> [Event] {
    defer { events = [] }
    return events
  }
}

extension BPFMap {
  /// A program's lookup on CPU 0.
  func seen(_ key: [UInt8], cpu: Int = 0) -> Int? { programLookup(key.span.bytes, cpu: cpu) }
  /// A program's update on CPU 0.
  func put(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags = .any, cpu: Int = 0) throws(LinuxErrno) {
    try programUpdate(key.span.bytes, value.span.bytes, flags: flags, cpu: cpu)
  }
}
