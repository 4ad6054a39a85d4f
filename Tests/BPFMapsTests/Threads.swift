import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs `body` on some threads of their own at once, and throws the first error.
///
/// Tasks will not do: there may be fewer threads for them than tasks, and these wait for each other.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  final class Work: Sendable {
    let index: Int
    let body: @Sendable (Int) throws -> Void
    let failure = Mutex<(any Error)?>(nil)
    init(_ index: Int, _ body: @escaping @Sendable (Int) throws -> Void) {
      self.index = index
      self.body = body
    }
    func run() {
      do { try body(index) } catch { failure.withLock { $0 = error } }
    }
  }
  let works = (0..<count).map { Work($0, body) }
  #if canImport(Glibc)
    var threads: [pthread_t] = []
    for work in works {
      var thread = pthread_t()
      let argument = Unmanaged.passUnretained(work).toOpaque()
      let result = pthread_create(
        &thread, nil,
        { raw in
          if let raw { Unmanaged<Work>.fromOpaque(raw).takeUnretainedValue().run() }
          return nil
        }, argument)
      if result == 0 { threads.append(thread) }
    }
    for thread in threads { pthread_join(thread, nil) }
    precondition(threads.count == count)
  #else
    var threads: [pthread_t] = []
    for work in works {
      var thread: pthread_t?
      let argument = Unmanaged.passUnretained(work).toOpaque()
      _ = pthread_create(
        &thread, nil,
        { raw in
          Unmanaged<Work>.fromOpaque(raw).takeUnretainedValue().run()
          return nil
        }, argument)
      if let thread { threads.append(thread) }
    }
    for thread in threads { pthread_join(thread, nil) }
    precondition(threads.count == count)
  #endif
  for work in works {
    if let error = work.failure.withLock({ $0 }) { throw error }
  }
}
