import Synchronization

/// A file descriptor of the kernel that is closed when nothing refers to it any more.
final class Descriptor: Sendable {
  private let systemCalls: any SystemCalls
  private let number: Atomic<Int32>

  /// Takes over an open descriptor.
  init(_ number: Int32, _ systemCalls: any SystemCalls) {
    self.systemCalls = systemCalls
    self.number = Atomic(number)
  }

  /// The number, -1 once closed: the kernel then answers with EBADF.
  var rawValue: Int32 { number.load(ordering: .acquiring) }

  /// Closes the descriptor, once. Like close(2), it does not wait for others that use it.
  func close() {
    let number = number.exchange(-1, ordering: .acquiringAndReleasing)
    guard number >= 0 else { return }
    // Linux has released the descriptor whatever the answer is.
    _ = systemCalls.perform(.close, Int(number))
  }

  deinit { close() }
}
