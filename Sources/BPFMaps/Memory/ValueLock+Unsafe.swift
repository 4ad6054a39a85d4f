// Unsafe: none but the access to the lock word in map memory, which is bounded by the layout's offset and the value's.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The `bpf_spin_lock` in a value: a word that is 0 when open and 1 when held.
extension BPFMap {
  /// Takes the lock of the value at an offset.
  ///
  /// Linux waits for ever. Here the wait has an end, so that a holder which never comes back (a simulated program that
  /// was interrupted by another on the same thread) is an error and not a hang.
  /// - Returns: false when the value has no lock, or its holder did not come back.
  package final func lockValue(at offset: Int) -> Bool {
    guard let lock = layout.lockOffset else { return false }
    return memory.withAtomicHalf(at: offset + lock) { word in
      // A holder on another thread only copies a value, and is away for long only while others have its processor. A
      // sleep takes the longer the more want this one, so that a number of them waits as long as the machine is loaded.
      for attempt in 0..<1_500 {
        if word.load(ordering: .relaxed) == 0,
          word.compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged
        {
          return true
        }
        if attempt > 1_000 { usleep(1_000) } else if attempt > 100 { sched_yield() }
      }
      return false
    }
  }

  /// Opens the lock of the value at an offset.
  package final func unlockValue(at offset: Int) {
    guard let lock = layout.lockOffset else { return }
    memory.withAtomicHalf(at: offset + lock) { $0.store(0, ordering: .releasing) }
  }

  /// Copies a value in under its lock (`BPF_F_LOCK`).
  final func storeLocked(_ value: RawSpan, at offset: Int) throws(LinuxErrno) {
    guard lockValue(at: offset) else { throw .wouldDeadlock }
    layout.store(value, in: memory, at: offset)
    unlockValue(at: offset)
  }

  /// Copies a value out, under its lock if `flags` say so.
  final func copyOut(_ offset: Int, flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(valueSize)
    guard flags.contains(.lock) else {
      layout.append(from: memory, at: offset, to: &bytes)
      return bytes
    }
    guard lockValue(at: offset) else { throw .wouldDeadlock }
    layout.append(from: memory, at: offset, to: &bytes)
    unlockValue(at: offset)
    return bytes
  }
}
