import BPFCompiler
import Foundation
import Synchronization

/// The compiler that the tests use.
enum Clang {
  static let isPresent: Bool = {
    // Traits ask without waiting, so the search runs on a thread of its own.
    let found = Mutex(false)
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      let compiler = try? await BPFCompiler.find()
      found.withLock { $0 = compiler != nil }
      done.signal()
    }
    done.wait()
    return found.withLock { $0 }
  }()
}
