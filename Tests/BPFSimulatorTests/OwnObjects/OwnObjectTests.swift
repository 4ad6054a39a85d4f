import BPFDiagnostics
import BPFObject
import Testing

@testable import BPFSimulator

/// Objects that programs make, in both kernels.
@Suite struct OwnObjectTests {
  private func pair() async throws -> KernelPair {
    let pair = try await KernelPair(TestPrograms.ownObjects.object())
    #expect(pair.simulated.isVerified)
    return pair
  }

  /// Runs a program on a key; the words that it leaves.
  @discardableResult
  private func call(
    _ pair: KernelPair, _ program: String, key: UInt64 = 0, atEnd: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [Int64] {
    let words = [0, key, atEnd ? 1 : 0] + [UInt64](repeating: 0, count: 7)
    return try pair.call(program, words, sourceLocation: sourceLocation)
  }

  @Test("a list gives its objects back from both ends")
  func lists() async throws {
    let pair = try await pair()
    #expect(try call(pair, "pop")[0] == -1)
    for key: UInt64 in 1...3 { #expect(try call(pair, "push", key: key)[0] == 0) }
    for key: UInt64 in 4...6 { try call(pair, "push", key: key, atEnd: true) }
    #expect(try Array(call(pair, "ends")[3...4]) == [3, 6])
    #expect(try call(pair, "pop")[0] == 3)
    #expect(try call(pair, "pop", atEnd: true)[0] == 6)
    for key: Int64 in [2, 1, 4, 5] { #expect(try call(pair, "pop")[0] == key) }
    #expect(try call(pair, "pop", atEnd: true)[0] == -1)
    #expect(try Array(call(pair, "ends")[3...4]) == [0, 0])
    #expect(pair.machine.ownObjects.objects.isEmpty && pair.machine.ownObjects.lists.isEmpty)
  }

  @Test("an object that is in a list already is not put there again, and its reference is given back")
  func twice() async throws {
    let pair = try await pair()
    let words = try call(pair, "push_twice", key: 5)
    #expect(words[3] == 0 && words[0] == -22)
    #expect(pair.machine.ownObjects.objects.values.map(\.referenceCount) == [1])
    #expect(try call(pair, "pop")[0] == 5)
    #expect(try call(pair, "pop")[0] == -1)
    #expect(pair.machine.ownObjects.objects.isEmpty && pair.machine.ownObjects.owners.isEmpty)
  }

  @Test("a tree keeps its objects in order, and has the shape that Linux's has after each step")
  func trees() async throws {
    let pair = try await pair()
    // Every number once, since 7 and 24 have no common divisor.
    let order = (UInt64(1)...24).map { $0 * 7 % 24 + 1 }
    for (index, key) in order.enumerated() {
      #expect(try call(pair, "add", key: key)[0] == 0)
      #expect(try UInt64(call(pair, "shape")[0]) == order.prefix(index + 1).min())
    }
    for key in (order.map { $0 * 5 % 24 + 1 }) {
      try call(pair, "take", key: key)
      try call(pair, "shape")
    }
    // What was deeper than the program goes is found once the tree is lower.
    for key in order { try call(pair, "take", key: key) }
    #expect(try call(pair, "shape") == [0, 0, 0] + [Int64](repeating: 0, count: 7))
    #expect(pair.machine.ownObjects.objects.isEmpty && pair.machine.ownObjects.trees.isEmpty)
  }

  @Test("an object in a list and a tree is gone when it has left both")
  func both() async throws {
    let pair = try await pair()
    try call(pair, "push_and_add", key: 7)
    #expect(pair.machine.ownObjects.objects.values.map(\.referenceCount) == [2])
    #expect(try call(pair, "pop")[0] == 7)
    #expect(try call(pair, "shape")[0] == 7)
    #expect(try call(pair, "take", key: 7)[0] == 1)
    #expect(pair.machine.ownObjects.objects.isEmpty)
  }

  @Test("a map value keeps an object until another takes its place, or the value goes")
  func pointers() async throws {
    let pair = try await pair()
    for (key, old) in [(0, -1), (3, -1), (4, 3), (0, 4), (0, -1), (9, -1)] as [(UInt64, Int64)] {
      #expect(try call(pair, "exchange", key: key)[0] == old)
    }
    #expect(pair.machine.ownObjects.objects.count == 1)
    // User space sees no pointer, and an update of its gives the object back.
    #expect(try pair.element(of: "pockets") == [UInt8](repeating: 0, count: 8))
    try pair.update("pockets", to: [UInt8](repeating: 1, count: 8))
    #expect(try call(pair, "exchange")[0] == -1)
    #expect(pair.machine.ownObjects.objects.isEmpty)
  }

  @Test("what lists, trees and values hold goes with the last handle on the map")
  func release() async throws {
    let pair = try await pair()
    for key: UInt64 in 1...5 { try call(pair, "push_and_add", key: key) }
    try call(pair, "exchange", key: 6)
    #expect(pair.machine.ownObjects.objects.count == 6)
    pair.simulated.close()
    #expect(pair.machine.ownObjects.objects.isEmpty && pair.machine.ownObjects.owners.isEmpty)
  }

  @Test(
    "an object that is not given back is refused by the verifier, and found at the end of a run that was not verified")
  func leak() async throws {
    let file = try await TestPrograms.ownObjects.object()
    let machine = try Machine()
    let error = #expect(throws: LoadError.self) { try machine.load(file, programs: ["leak"]) }
    let diagnostic = error?.diagnostic
    #expect(diagnostic?.kernelMessage.contains("Unreleased reference") == true)
    let object = try machine.load(file, programs: ["leak"], verification: .none)
    #expect(throws: MachineError.self) { try object.run("leak", context: [UInt8](repeating: 0, count: 80)) }
    #expect(machine.faults.last?.message.contains("1 acquired reference(s) not released") == true)
    #expect(machine.ownObjects.objects.isEmpty)
  }
}
