import BPFLinux
import Foundation
import Synchronization

/// Runs a function on a thread of its own, so that it may block.
func onThread<Value: Sendable, Failure: Error>(
  _ body: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
  let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
    Thread { continuation.resume(returning: Result { () throws(Failure) in try body() }) }.start()
  }
  return try result.get()
}

/// An attachment that a closure can give back.
final class Carrier: @unchecked Sendable {
  private var attachment: LinuxAttachment?
  init(_ attachment: consuming LinuxAttachment) { self.attachment = consume attachment }
  func take() throws -> LinuxAttachment {
    guard let attachment = attachment.take() else { throw UnexpectedErrno(what: "attachment", errno: 2) }
    return attachment
  }
}

/// A number that threads count up.
final class Counter: Sendable {
  private let number = Atomic(0)
  var value: Int { number.load(ordering: .acquiring) }
  func increment() { number.wrappingAdd(1, ordering: .acquiringAndReleasing) }
}

/// Numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// A step of a test that had to succeed and did not.
struct UnexpectedErrno: Error, CustomStringConvertible {
  var what: String
  var errno: Int32
  var description: String { "\(what) gave error \(errno)" }
}

extension [UInt8] {
  /// The little-endian number of some bytes, with its sign.
  func signed(at offset: Int, byteCount: Int) -> Int64 {
    let field = self[offset..<offset + Swift.min(byteCount, 8)]
    let word = field.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let shift = 64 - 8 * UInt64(field.count)
    return Int64(bitPattern: word << shift) >> Int64(shift)
  }
}

/// Waits until something that another thread or the kernel does has happened. The limit is for what never comes: on a
/// machine that has much else to do, what comes may take its time.
///
/// It gives its thread away meanwhile: on two cores there are two for all tests, and what is waited for may need one.
func waitUntil(_ what: String, _ condition: () async throws -> Bool) async throws {
  for _ in 0..<100_000 {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(1))
  }
  throw UnexpectedErrno(what: "waiting until \(what)", errno: 110)
}

/// Does something over and over until it is true, on a thread that others do not wait for.
func turnUntil(_ what: String, _ turn: () throws -> Bool) throws {
  for _ in 0..<1_000_000 where try turn() { return }
  throw UnexpectedErrno(what: "turning until \(what)", errno: 110)
}
