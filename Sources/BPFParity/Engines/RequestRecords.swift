// What the programs of `task_work_requests.bpf.c` share with those who run them.

/// The maps of `task_work_requests.bpf.c`, in the order of `enum map_choice`.
package enum MapChoice: UInt32, CaseIterable, Sendable, CustomStringConvertible {
  case hash, preallocated, array, lru

  package static let hashes: [MapChoice] = [.hash, .preallocated, .lru]

  package var description: String {
    switch self {
    case .hash: "hash"
    case .preallocated: "preallocated"
    case .array: "array"
    case .lru: "lru"
    }
  }
}

/// What a callback does; the order is that of `enum action`.
package enum Action: UInt64, Sendable {
  case justCount, scheduleSelf, scheduleOther, pingPong, overwriteAndSchedule, overwriteOther, copyFromUser, copyStack
}

/// `struct element` of the programs.
package struct Element: Equatable, Sendable {
  package var runs: UInt64 = 0
  package var action: UInt64 = 0
  package var other: UInt32 = 0
  package var limit: UInt32 = 0
  package var address: UInt64 = 0
  package var result: Int64 = 0
  package var copied: UInt64 = 0
  package var key: UInt32 = 0
  package var mapID: UInt32 = 0
  package var pidTGID: UInt64 = 0
  package var order: UInt64 = 0
  package var time: UInt64 = 0
  package var flags: UInt64 = 0
  package var comm = ""
  package var work: UInt64 = 0
  package var magic: UInt64 = 0

  package static let workOffset = 104

  package init() {}

  package init(_ bytes: [UInt8]) {
    func word(_ offset: Int) -> UInt64 { bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    (runs, action, address) = (word(0), word(8), word(24))
    (other, limit) = (UInt32(truncatingIfNeeded: word(16)), UInt32(truncatingIfNeeded: word(16) >> 32))
    (result, copied) = (Int64(bitPattern: word(32)), word(40))
    (key, mapID) = (UInt32(truncatingIfNeeded: word(48)), UInt32(truncatingIfNeeded: word(48) >> 32))
    (pidTGID, order, time, flags) = (word(56), word(64), word(72), word(80))
    comm = String(decoding: bytes[88..<104].prefix { $0 != 0 }, as: UTF8.self)
    (work, magic) = (word(Self.workOffset), word(112))
  }

  package var bytes: [UInt8] {
    let words: [UInt64] = [
      runs, action, UInt64(other) | UInt64(limit) << 32, address, UInt64(bitPattern: result), copied,
      UInt64(key) | UInt64(mapID) << 32, pidTGID, order, time, flags, 0, 0, work, magic,
    ]
    return words.flatMap(\.bytes)
  }
}

/// `struct order` of the programs.
package struct Order: Equatable, Sendable {
  package var map: UInt32
  package var key: UInt32
  package var mode: UInt32
  package var pid: Int32
  package var count: UInt32
  package var accepted: UInt32 = 0
  package var result: Int32 = 0
  package var lastResult: Int32 = 0
  package var again: Int32 = 0

  package init(map: UInt32, key: UInt32, mode: UInt32, pid: Int32, count: UInt32) {
    (self.map, self.key, self.mode, self.pid, self.count) = (map, key, mode, pid, count)
  }

  package init(_ bytes: [UInt8]) {
    func field(_ index: Int) -> UInt32 {
      bytes[4 * index..<4 * index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    (map, key, mode, pid, count) = (field(0), field(1), field(2), Int32(bitPattern: field(3)), field(4))
    (accepted, result) = (field(5), Int32(bitPattern: field(6)))
    (lastResult, again) = (Int32(bitPattern: field(7)), Int32(bitPattern: field(8)))
  }

  package var bytes: [UInt8] {
    [map, key, mode, UInt32(bitPattern: pid), count, accepted, 0, 0, 0, 0].flatMap(\.bytes)
  }
}
