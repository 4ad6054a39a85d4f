// Atomic operations of programs, carried out as atomic operations of the host.
//
// Unsafe because an `Atomic` is laid over program memory. The caller has checked that all bytes may be accessed and
// that the address is aligned to the operand's size.

import BPFInstructions
import Synchronization

/// A read-modify-write operation as a record's immediate holds it: the operation and whether it fetches.
///
/// The cases are apart so that one that does not fetch needs not the value that was there.
enum AtomicModification: UInt8 {
  case add, or, and, xor
  case fetchAdd, fetchOr, fetchAnd, fetchXor
  case exchange, compareAndExchange

  init(_ operation: AtomicOperation, fetches: Bool) {
    self =
      switch operation {
      case .add: fetches ? .fetchAdd : .add
      case .or: fetches ? .fetchOr : .or
      case .and: fetches ? .fetchAnd : .and
      case .xor: fetches ? .fetchXor : .xor
      case .exchange: .exchange
      case .compareExchange: .compareAndExchange
      }
  }

  /// Whether the source register receives the value that was there (for a compare-and-exchange it is r0).
  var fetches: Bool {
    switch self {
    case .add, .or, .and, .xor: false
    case .fetchAdd, .fetchOr, .fetchAnd, .fetchXor, .exchange, .compareAndExchange: true
    }
  }

  /// Carries the operation out on eight bytes and returns the value that was there.
  func perform(_ host: UnsafeMutableRawPointer, operand: UInt64, expected: UInt64) -> UInt64 {
    let target = host.assumingMemoryBound(to: Atomic<UInt64>.self)
    switch self {
    case .add, .fetchAdd: return target.pointee.wrappingAdd(operand, ordering: .sequentiallyConsistent).oldValue
    case .or, .fetchOr: return target.pointee.bitwiseOr(operand, ordering: .sequentiallyConsistent).oldValue
    case .and, .fetchAnd: return target.pointee.bitwiseAnd(operand, ordering: .sequentiallyConsistent).oldValue
    case .xor, .fetchXor: return target.pointee.bitwiseXor(operand, ordering: .sequentiallyConsistent).oldValue
    case .exchange: return target.pointee.exchange(operand, ordering: .sequentiallyConsistent)
    case .compareAndExchange:
      return target.pointee.compareExchange(
        expected: expected, desired: operand, ordering: .sequentiallyConsistent
      ).original
    }
  }

  /// Carries the operation out on four bytes and returns the value that was there.
  func perform(_ host: UnsafeMutableRawPointer, operand: UInt32, expected: UInt32) -> UInt32 {
    let target = host.assumingMemoryBound(to: Atomic<UInt32>.self)
    switch self {
    case .add, .fetchAdd: return target.pointee.wrappingAdd(operand, ordering: .sequentiallyConsistent).oldValue
    case .or, .fetchOr: return target.pointee.bitwiseOr(operand, ordering: .sequentiallyConsistent).oldValue
    case .and, .fetchAnd: return target.pointee.bitwiseAnd(operand, ordering: .sequentiallyConsistent).oldValue
    case .xor, .fetchXor: return target.pointee.bitwiseXor(operand, ordering: .sequentiallyConsistent).oldValue
    case .exchange: return target.pointee.exchange(operand, ordering: .sequentiallyConsistent)
    case .compareAndExchange:
      return target.pointee.compareExchange(
        expected: expected, desired: operand, ordering: .sequentiallyConsistent
      ).original
    }
  }
}

/// Loads 1, 2, 4 or 8 bytes, zero-extended, so that no later access moves before it.
func loadAcquiring(_ host: UnsafeMutableRawPointer, byteCount: UInt64) -> UInt64 {
  switch byteCount {
  case 1: UInt64(host.assumingMemoryBound(to: Atomic<UInt8>.self).pointee.load(ordering: .acquiring))
  case 2: UInt64(host.assumingMemoryBound(to: Atomic<UInt16>.self).pointee.load(ordering: .acquiring))
  case 4: UInt64(host.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring))
  default: host.assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(ordering: .acquiring)
  }
}

/// Stores the low 1, 2, 4 or 8 bytes of a value, so that no earlier access moves behind it.
func storeReleasing(_ host: UnsafeMutableRawPointer, _ value: UInt64, byteCount: UInt64) {
  switch byteCount {
  case 1:
    let target = host.assumingMemoryBound(to: Atomic<UInt8>.self)
    target.pointee.store(UInt8(truncatingIfNeeded: value), ordering: .releasing)
  case 2:
    let target = host.assumingMemoryBound(to: Atomic<UInt16>.self)
    target.pointee.store(UInt16(truncatingIfNeeded: value), ordering: .releasing)
  case 4:
    let target = host.assumingMemoryBound(to: Atomic<UInt32>.self)
    target.pointee.store(UInt32(truncatingIfNeeded: value), ordering: .releasing)
  default:
    host.assumingMemoryBound(to: Atomic<UInt64>.self).pointee.store(value, ordering: .releasing)
  }
}
