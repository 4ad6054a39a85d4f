import Testing

@testable import BPFMaps

@Suite struct ElementPoolTests {
  @Test("the last element given back is the first handed out, then come new ones in order, then none")
  func order() {
    guard let pool = ElementPool(capacity: 5, reserved: 1, limit: 3) else {
      Issue.record("no memory")
      return
    }
    #expect((0..<3).map { _ in pool.pop() } == [1, 2, 3])
    pool.push(1)
    pool.push(3)
    #expect((0..<4).map { _ in pool.pop() } == [3, 1, 4, ElementPool.none])
    pool.push(2)
    #expect(pool.pop() == 2 && pool.pop() == ElementPool.none)
  }

  @Test("there are as many entries as the limit says")
  func entries() {
    guard let pool = ElementPool(capacity: 5, reserved: 0, limit: 2) else {
      Issue.record("no memory")
      return
    }
    #expect((0..<3).map { _ in pool.reserveEntry() } == [true, true, false])
    pool.giveBackEntry()
    #expect(pool.reserveEntry() && !pool.reserveEntry())
  }

  @Test("the hash is lookup3: the vectors of its author")
  func hash() {
    #expect(JenkinsHash.hash([UInt8]().span.bytes) == 0xdead_beef)
    #expect(JenkinsHash.hash([UInt8]().span.bytes, seed: 0xdead_beef) == 0xbd5b_7dde)
    let text = Array("Four score and seven years ago".utf8)
    #expect(JenkinsHash.hash(text.span.bytes) == 0x1777_0551)
    #expect(JenkinsHash.hash(text.span.bytes, seed: 1) == 0xcd62_8161)
    for length in [4, 8] {
      let key = (0..<UInt8(length)).map { $0 &* 37 }
      let number = key.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let expected = length == 4 ? JenkinsHash.hash(UInt32(number)) : JenkinsHash.hash(number)
      #expect(JenkinsHash.hash(key.span.bytes) == expected)
    }
  }
}
