import BPFMaps
import BPFObject
import Testing

@Suite struct RingBufferTests {
  func make(_ size: UInt32 = 4096) throws -> RingBufferMap {
    try #require(BPFMap.create(define(.ringBuffer, 0, 0, size)) as? RingBufferMap)
  }

  @Test("records come in the order of their reservation, discarded ones not at all")
  func order() throws {
    let ring = try make()
    let first = try #require(ring.reserve(byteCount: 3))
    let second = try #require(ring.reserve(byteCount: 8))
    let third = try #require(ring.reserve(byteCount: 8))
    ring.memory.base.storeBytes(of: 0x030201, toByteOffset: first, as: UInt32.self)
    ring.memory.base.storeBytes(of: 33, toByteOffset: third, as: UInt64.self)
    ring.submit(at: third)
    #expect(try ring.takeRecords().isEmpty, "the oldest record is not finished")
    ring.submit(at: first)
    ring.discard(at: second)
    #expect(try ring.takeRecords() == [[1, 2, 3], bytes(33, 8)])
    #expect(ring.query(0) == 0 && ring.query(2) == ring.query(3) && ring.query(1) == 4096)
  }

  @Test("a record has the header that Linux gives it")
  func header() throws {
    let ring = try make(8192)
    let offset = try #require(ring.reserve(byteCount: 13))
    #expect(offset == 8)
    func word(_ at: Int) -> UInt32 { ring.memory.base.load(fromByteOffset: at, as: UInt32.self) }
    #expect(word(0) == 13 | 1 << 31 && word(4) == 3)
    ring.discard(at: offset)
    #expect(word(0) == 13 | 1 << 30)
    #expect(ring.query(3) == 24)
    _ = ring.reserve(byteCount: 4096)
    let next = try #require(ring.reserve(byteCount: 1))
    #expect(word(next - 4) == 4, "the page of the header, counted with the three before the data")
  }

  @Test("a full buffer refuses, and a record that wraps is in one piece")
  func wrapping() throws {
    let ring = try make()
    #expect(ring.reserve(byteCount: 4089) == nil)
    #expect(ring.reserve(byteCount: 4088) == nil, "one byte must stay free")
    #expect(ring.reserve(byteCount: 8, flags: 1) == nil)
    try ring.output(bytes(1, 4072).span.bytes)
    #expect(ring.reserve(byteCount: 16) == nil)
    #expect(throws: LinuxErrno.tryAgain) { try ring.output(bytes(0, 16).span.bytes) }
    #expect(throws: LinuxErrno.invalidArgument) { try ring.output(bytes(0, 8).span.bytes, flags: 4) }
    #expect(try ring.takeRecords().count == 1)
    let record = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    for round in 0..<50 {
      try ring.output(record.span.bytes)
      #expect(try ring.takeRecords() == [record], "round \(round)")
    }
  }

  @Test("an unfinished record holds back the room of those after it")
  func pending() throws {
    let ring = try make()
    let held = try #require(ring.reserve(byteCount: 8))
    var count = 0
    while let offset = ring.reserve(byteCount: 1000) {
      ring.submit(at: offset)
      count += 1
    }
    #expect(count == 4)
    ring.submit(at: held)
    #expect(try ring.takeRecords().count == 5)
    #expect(ring.reserve(byteCount: 3000) != nil)
  }

  @Test("a record is finished once, and no more are taken than asked for")
  func once() throws {
    let ring = try make()
    let discarded = try #require(ring.reserve(byteCount: 8))
    ring.discard(at: discarded)
    ring.submit(at: discarded)
    let submitted = try #require(ring.reserve(byteCount: 8))
    ring.submit(at: submitted)
    ring.submit(at: submitted)
    ring.discard(at: submitted)
    for value in 1...3 { try ring.output(bytes(value, 8).span.bytes) }
    #expect(try ring.takeRecords(limit: 2) == [bytes(0, 8), bytes(1, 8)])
    #expect(try ring.takeRecords(limit: 2) == [bytes(2, 8), bytes(3, 8)])
    #expect(errno { try ring.programUpdate(bytes(0).span.bytes, bytes(0).span.bytes, flags: .any, cpu: 0) } == 524)
    #expect(errno { try ring.programDelete(bytes(0).span.bytes, cpu: 0) } == 524)
  }

  @Test("user space is woken when it has read up to the record, or by flag")
  func wakeups() throws {
    let ring = try make()
    try ring.output(bytes(1, 8).span.bytes)
    try ring.output(bytes(2, 8).span.bytes)
    #expect(ring.wakeupCount == 1, "the second record is not the next to be read")
    try ring.output(bytes(3, 8).span.bytes, flags: 2)
    #expect(ring.wakeupCount == 2)
    _ = try ring.takeRecords()
    try ring.output(bytes(4, 8).span.bytes, flags: 1)
    #expect(ring.wakeupCount == 2)
    _ = try ring.takeRecords()
    try ring.output(bytes(5, 8).span.bytes)
    #expect(ring.wakeupCount == 3)
  }

  @Test("a header that a program has overwritten is an error, and does no harm")
  func overwritten() throws {
    for garbage in [0x3fff_ffff, 0x10, 0xffff_ffff, 4000] as [UInt32] {
      let ring = try make()
      try ring.output(bytes(1, 8).span.bytes)
      ring.memory.base.storeBytes(of: garbage, as: UInt32.self)
      _ = try? ring.takeRecords()
      ring.submit(at: 1 << 40)
      ring.submit(at: -8)
      ring.submit(at: 9)
      for _ in 0..<10 { _ = ring.reserve(byteCount: 500) }
    }
    let ring = try make()
    try ring.output(bytes(1, 8).span.bytes)
    ring.memory.base.storeBytes(of: 0x3fff_ff00, as: UInt32.self)
    #expect(errno { _ = try ring.takeRecords() } == 22)
  }
}
