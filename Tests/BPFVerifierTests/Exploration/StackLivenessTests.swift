import BPFInstructions
import BPFObject
import Testing

@testable import BPFVerifier

/// A slot may still be read from a read back to where all of it is written.
@Suite("Which stack slots may still be read")
struct StackLivenessTests {
  private static func table(_ text: String) throws -> CodeTable {
    try CodeTable(
      Program(
        name: "p", section: "socket", kind: ProgramKind(section: "socket"), instructions: Assembler.assemble(text)),
      types: nil)
  }

  private static let loop = """
    r1 = 0
    *(u64 *)(r10 - 8) = 1
    loop:
    r1 += 1
    if r1 == 5 goto out
    r2 = *(u64 *)(r10 - 8)
    goto loop
    out:
    r0 = 0
    exit
    """

  @Test("it is live around a loop that reads it, not before the store and not after the loop")
  func flow() throws {
    let code = try Self.table(Self.loop)
    var liveness = StackLiveness()
    let main = liveness.instance(outer: -1, callSite: -1, code.functions[0])
    liveness.beginStore()
    liveness.write(frame: 0, slot: 0)
    liveness.endStore(main, at: 1)
    liveness.read(main, at: 4, frame: 0, 1)
    let isKnown = liveness.update(code, limit: .max)
    let live = (0..<8).map { liveness.slots(main, before: $0, frame: 0) }
    #expect(isKnown)
    #expect(live == [0, 0, 1, 1, 1, 1, 0, 0])
  }

  @Test("a store that writes elsewhere at another visit does not end it")
  func stores() throws {
    let code = try Self.table(Self.loop)
    var liveness = StackLiveness()
    let main = liveness.instance(outer: -1, callSite: -1, code.functions[0])
    for slot in [0, 1] {
      liveness.beginStore()
      liveness.write(frame: 0, slot: slot)
      liveness.endStore(main, at: 1)
    }
    liveness.read(main, at: 4, frame: 0, 1)
    _ = liveness.update(code, limit: .max)
    let live = liveness.slots(main, before: 0, frame: 0)
    #expect(live == 1)
  }

  @Test("what a function reads of its caller's stack is live before the call, for that chain of calls only")
  func calls() throws {
    let code = try Self.table(
      """
      call sub
      call sub
      r0 = 0
      exit
      sub:
      r0 = *(u64 *)(r1 - 16)
      exit
      """)
    var liveness = StackLiveness()
    let main = liveness.instance(outer: -1, callSite: -1, code.functions[0])
    let first = liveness.instance(outer: main, callSite: 0, code.functions[1])
    let second = liveness.instance(outer: main, callSite: 1, code.functions[1])
    liveness.read(first, at: 4, frame: 0, 2)
    _ = liveness.update(code, limit: .max)
    let live = [
      liveness.slots(main, before: 0, frame: 0), liveness.slots(main, before: 1, frame: 0),
      liveness.slots(first, before: 4, frame: 0), liveness.slots(second, before: 4, frame: 0),
    ]
    #expect(live == [2, 0, 2, 0])
  }

  @Test("what is read far behind a chain of jumps back costs as much as the chain is long")
  func jumpsBack() throws {
    let count = 1000
    let code = try Self.table(
      "gotol +\(count + 1)\nr0 = *(u64 *)(r10 - 8)\nexit\ngoto -3\n" + String(repeating: "goto -2\n", count: count - 1))
    var liveness = StackLiveness()
    let main = liveness.instance(outer: -1, callSite: -1, code.functions[0])
    liveness.read(main, at: 1, frame: 0, 1)
    let isKnown = liveness.update(code, limit: 4 * count)
    #expect(isKnown)
    let live = liveness.slots(main, before: 0, frame: 0)
    #expect(live == 1)
  }

  @Test("work beyond the limit is not done")
  func limit() throws {
    let code = try Self.table(Self.loop)
    var liveness = StackLiveness()
    let main = liveness.instance(outer: -1, callSite: -1, code.functions[0])
    liveness.read(main, at: 4, frame: 0, 1)
    let isKnown = liveness.update(code, limit: 0)
    #expect(!isKnown)
  }
}
