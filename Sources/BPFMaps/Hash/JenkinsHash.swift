/// Bob Jenkins' lookup3 (public domain, 2006), with the start value that Linux gives it.
///
/// Linux hashes keys with a random seed, or with 0 for maps that are made with `BPF_F_ZERO_SEED`. Here the seed is
/// always 0, so that runs are reproducible, and the order of a map's elements is that of a Linux map with this flag.
enum JenkinsHash {
  private static let start: UInt32 = 0xdead_beef

  /// The hash of a key of any length; for lengths that are multiples of 4 it equals the hash of the words.
  static func hash(_ key: RawSpan, seed: UInt32 = 0) -> UInt32 {
    var state = State(start &+ UInt32(truncatingIfNeeded: key.byteCount) &+ seed)
    var position = 0
    var left = key.byteCount
    while left > 12 {
      state.add(word(key, position), word(key, position + 4), word(key, position + 8))
      state.mix()
      position += 12
      left -= 12
    }
    guard left > 0 else { return state.c }
    state.add(
      word(key, position, left), left > 4 ? word(key, position + 4, left - 4) : 0,
      left > 8 ? word(key, position + 8, left - 8) : 0)
    return state.final()
  }

  /// The hash of a key of four bytes.
  @inline(__always)
  static func hash(_ key: UInt32, seed: UInt32 = 0) -> UInt32 {
    var state = State(start &+ 4 &+ seed)
    state.add(key, 0, 0)
    return state.final()
  }

  /// The hash of a key of eight bytes.
  @inline(__always)
  static func hash(_ key: UInt64, seed: UInt32 = 0) -> UInt32 {
    var state = State(start &+ 8 &+ seed)
    state.add(UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32), 0)
    return state.final()
  }

  /// Up to four bytes at a position, as a little-endian number.
  @inline(__always)
  private static func word(_ key: RawSpan, _ position: Int, _ left: Int = 4) -> UInt32 {
    if left >= 4 { return UInt32(littleEndian: key.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self)) }
    var result: UInt32 = 0
    for index in 0..<left {
      result |= UInt32(key.unsafeLoad(fromByteOffset: position + index, as: UInt8.self)) << UInt32(8 * index)
    }
    return result
  }

  private struct State {
    var a: UInt32
    var b: UInt32
    var c: UInt32

    @inline(__always)
    init(_ start: UInt32) {
      a = start
      b = start
      c = start
    }

    @inline(__always)
    mutating func add(_ first: UInt32, _ second: UInt32, _ third: UInt32) {
      a &+= first
      b &+= second
      c &+= third
    }

    @inline(__always)
    private func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 &- count) }

    @inline(__always)
    mutating func mix() {
      a = (a &- c) ^ rotate(c, 4)
      c &+= b
      b = (b &- a) ^ rotate(a, 6)
      a &+= c
      c = (c &- b) ^ rotate(b, 8)
      b &+= a
      a = (a &- c) ^ rotate(c, 16)
      c &+= b
      b = (b &- a) ^ rotate(a, 19)
      a &+= c
      c = (c &- b) ^ rotate(b, 4)
      b &+= a
    }

    @inline(__always)
    mutating func final() -> UInt32 {
      c = (c ^ b) &- rotate(b, 14)
      a = (a ^ c) &- rotate(c, 11)
      b = (b ^ a) &- rotate(a, 25)
      c = (c ^ b) &- rotate(b, 16)
      a = (a ^ c) &- rotate(c, 4)
      b = (b ^ a) &- rotate(a, 14)
      c = (c ^ b) &- rotate(b, 24)
      return c
    }
  }
}
