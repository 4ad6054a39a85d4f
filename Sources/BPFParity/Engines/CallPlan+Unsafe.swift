// How each system call of the table is made, ended and cleaned up in this process.
//
// Unsafe because buffers and structures are passed to system calls by address. Each belongs to a plan, which frees it in
// `close`, after the thread has come back from its call.

#if os(Linux)
  import Glibc

  /// A call that sleeps, what ends it as it would end by itself, and what cleans up behind it.
  struct CallPlan {
    private(set) var call: () -> Int64
    /// Ends the call of the thread with the given number.
    private(set) var finish: (Int32) -> Void
    private(set) var close: () -> Void

    /// - Parameter patience: by what a call that ends by itself sleeps longer than usual.
    init(_ name: String, patience: Int) throws {
      if let nap = Self.naps[name] {
        self = Self.sleeping { nap(700 * patience) }
        return
      }
      guard let make = Self.plans[name] else { throw UnexpectedErrno(what: "system call \(name)", errno: 38) }
      self = try make()
    }

    private init(call: @escaping () -> Int64, finish: @escaping (Int32) -> Void, close: @escaping () -> Void) {
      (self.call, self.finish, self.close) = (call, finish, close)
    }

    /// A plan around a pipe: the call waits until something can be read from its end.
    private static func reading(_ call: @escaping (Int32) -> Int64) throws -> CallPlan {
      let (input, output) = try RawSystemCall.pipe()
      return CallPlan(
        call: { call(input) },
        finish: { _ in
          var byte: UInt8 = 1
          write(output, &byte, 1)
        },
        close: {
          Glibc.close(input)
          Glibc.close(output)
        })
    }

    /// A plan for a call that ends after a while.
    private static func sleeping(_ call: @escaping () -> Int64) -> CallPlan {
      CallPlan(call: call, finish: { _ in }, close: {})
    }

    /// A timeout that is never reached.
    private static let long = timeval(tv_sec: 1000, tv_usec: 0)

    private static func descriptorSet(_ descriptor: Int32) -> fd_set {
      var set = fd_set()
      withUnsafeMutableBytes(of: &set) { bytes in
        if Int(descriptor) / 8 < bytes.count { bytes[Int(descriptor) / 8] |= 1 << UInt8(descriptor % 8) }
      }
      return set
    }

    /// Calls that sleep for some milliseconds.
    nonisolated(unsafe) private static let naps: [String: (_ milliseconds: Int) -> Int64] = [
      "nanosleep": { milliseconds in
        var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        return Int64(RawSystemCall.perform(35, RawSystemCall.address(&time), 0))
      },
      "clock_nanosleep": { milliseconds in
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let end = time.tv_nsec + milliseconds * 1_000_000
        (time.tv_sec, time.tv_nsec) = (time.tv_sec + end / 1_000_000_000, end % 1_000_000_000)
        let status = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil)
        errno = status
        return status == 0 ? 0 : -1
      },
    ]

    nonisolated(unsafe) private static let plans: [String: () throws -> CallPlan] = [
      "read": {
        try reading { input in
          var byte: UInt8 = 0
          return Int64(read(input, &byte, 1))
        }
      },
      "poll": {
        try reading { input in
          var set = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
          return Int64(poll(&set, 1, -1))
        }
      },
      "select": {
        try reading { input in
          var set = descriptorSet(input)
          return Int64(RawSystemCall.perform(23, Int(input) + 1, RawSystemCall.address(&set), 0, 0, 0))
        }
      },
      "pselect6": {
        try reading { input in
          var set = descriptorSet(input)
          return Int64(pselect(input + 1, &set, nil, nil, nil, nil))
        }
      },
      "futex": {
        let word = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        word.initialize(to: 0)
        return CallPlan(
          call: { Int64(RawSystemCall.perform(202, RawSystemCall.address(word), 0, 0, 0)) },
          finish: { _ in
            word.pointee = 1
            _ = RawSystemCall.perform(202, RawSystemCall.address(word), 1, 1)
          }, close: { word.deallocate() })
      },
      "recvfrom": { try receiving(timeout: nil) },
      "recvfrom with a timeout": { try receiving(timeout: long) },
      "accept with a timeout": { try accepting() },
      "msgrcv": {
        let queue = msgget(0, 0o600)
        guard queue >= 0 else { throw UnexpectedErrno(what: "msgget", errno: errno) }
        return CallPlan(
          call: {
            var message = (0, UInt64(0))
            return Int64(msgrcv(queue, &message, 1, 0, 0))
          },
          finish: { _ in
            var message = (1, UInt64(0))
            msgsnd(queue, &message, 1, 0)
          }, close: { msgctl(queue, IPC_RMID, nil) })
      },
      "wait4": {
        let child = try ChildProcess(["sleep", "1000"])
        return CallPlan(
          call: { waitpid(child.pid, nil, 0) == child.pid ? 1 : -1 }, finish: { _ in kill(child.pid, SIGKILL) },
          close: { child.wasReaped() })
      },
      "fcntl": {
        // Locks of open files, since those of a process do not stand in its own way.
        try locking { file, isLocking in
          var lock = flock()
          lock.l_type = Int16(isLocking ? F_WRLCK : F_UNLCK)
          lock.l_whence = Int16(SEEK_SET)
          return Int64(RawSystemCall.perform(72, Int(file), 38, RawSystemCall.address(&lock)))
        }
      },
      "flock": { try locking { file, isLocking in Int64(RawSystemCall.perform(73, Int(file), isLocking ? 2 : 8)) } },
      "pause": {
        CallPlan(call: { Int64(RawSystemCall.perform(34)) }, finish: { TestSignal.send(to: $0) }, close: {})
      },
      "epoll_wait": { try polling(number: 232) },
      "epoll_pwait": { try polling(number: 281) },
      "rt_sigtimedwait": {
        CallPlan(
          call: {
            var set = sigset_t()
            sigemptyset(&set)
            sigaddset(&set, TestSignal.number)
            pthread_sigmask(SIG_BLOCK, &set, nil)
            return Int64(sigwaitinfo(&set, nil))
          }, finish: { TestSignal.send(to: $0) }, close: {})
      },
      "semtimedop": {
        let semaphore = RawSystemCall.perform(64, 0, 1, 0o600)
        guard semaphore >= 0 else { throw UnexpectedErrno(what: "semget", errno: Int32(-semaphore)) }
        func add(_ number: Int16, _ timeout: Int) -> Int64 {
          var operation = sembuf(sem_num: 0, sem_op: number, sem_flg: 0)
          return Int64(RawSystemCall.perform(220, semaphore, RawSystemCall.address(&operation), 1, timeout))
        }
        return CallPlan(
          call: {
            var timeout = timespec(tv_sec: 1000, tv_nsec: 0)
            return withUnsafeMutablePointer(to: &timeout) { add(-1, RawSystemCall.address($0)) }
          }, finish: { _ in _ = add(1, 0) }, close: { _ = RawSystemCall.perform(66, semaphore, 0, 0) })
      },
      "write, half done": {
        let (input, output) = try RawSystemCall.pipe()
        // A pipe has sixteen pages; one is left.
        let bytes = [UInt8](repeating: 0, count: 15 * 4096)
        write(output, bytes, bytes.count)
        return CallPlan(
          call: { Int64(write(output, bytes, 8192)) },
          finish: { _ in
            var bytes = [UInt8](repeating: 0, count: 17 * 4096)
            var left = bytes.count
            while left > 0 {
              let count = read(input, &bytes, left)
              guard count > 0 else { break }
              left -= count
            }
          },
          close: {
            Glibc.close(input)
            Glibc.close(output)
          })
      },
    ]

    private static func receiving(timeout: timeval?) throws -> CallPlan {
      var ends: [Int32] = [-1, -1]
      guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
        throw UnexpectedErrno(what: "socketpair", errno: errno)
      }
      let (input, output) = (ends[0], ends[1])
      if var timeout {
        setsockopt(input, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      }
      return CallPlan(
        call: {
          var byte: UInt8 = 0
          return Int64(recv(input, &byte, 1, 0))
        },
        finish: { _ in
          var byte: UInt8 = 1
          send(output, &byte, 1, 0)
        },
        close: {
          Glibc.close(input)
          Glibc.close(output)
        })
    }

    /// A socket with a name that the kernel chooses, and a timeout that is never reached.
    private static func accepting() throws -> CallPlan {
      let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      var size = socklen_t(MemoryLayout<sa_family_t>.size)
      var timeout = long
      let isReady = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
        guard let pointer = bytes.bindMemory(to: sockaddr.self).baseAddress, bind(listener, pointer, size) == 0 else {
          return false
        }
        size = socklen_t(bytes.count)
        return getsockname(listener, pointer, &size) == 0
      }
      guard isReady, listen(listener, 1) == 0 else { throw UnexpectedErrno(what: "listen", errno: errno) }
      setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      let (name, length) = (address, size)
      return CallPlan(
        call: {
          let accepted = accept(listener, nil, nil)
          guard accepted >= 0 else { return -1 }
          Glibc.close(accepted)
          return 1
        },
        finish: { _ in
          var name = name
          withUnsafeMutableBytes(of: &name) { bytes in
            if let pointer = bytes.bindMemory(to: sockaddr.self).baseAddress { _ = connect(client, pointer, length) }
          }
        },
        close: {
          Glibc.close(client)
          Glibc.close(listener)
        })
    }

    /// Two openings of one file, of which the first has the lock.
    private static func locking(_ lock: @escaping (_ file: Int32, _ isLocking: Bool) -> Int64) throws -> CallPlan {
      let path = "/tmp/merops-\(getpid())-\(UInt32.random(in: 0 ... .max))"
      let first = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      let second = open(path, O_RDWR | O_CLOEXEC)
      unlink(path)
      guard first >= 0, second >= 0, lock(first, true) == 0 else { throw UnexpectedErrno(what: "lock", errno: errno) }
      return CallPlan(
        call: { lock(second, true) }, finish: { _ in _ = lock(first, false) },
        close: {
          Glibc.close(first)
          Glibc.close(second)
        })
    }

    private static func polling(number: Int) throws -> CallPlan {
      let set = RawSystemCall.perform(291, Int(O_CLOEXEC))
      guard set >= 0 else { throw UnexpectedErrno(what: "epoll_create1", errno: Int32(-set)) }
      var plan = try reading { input in
        // A packed structure of the events and a word for the caller; EPOLLIN is 1, and so is EPOLL_CTL_ADD.
        var event = (UInt32(1), UInt32(0), UInt32(0))
        return withUnsafeMutablePointer(to: &event) { event in
          _ = RawSystemCall.perform(233, set, 1, Int(input), RawSystemCall.address(event))
          return Int64(RawSystemCall.perform(number, set, RawSystemCall.address(event), 1, -1, 0, 8))
        }
      }
      let closePipe = plan.close
      plan.close = {
        closePipe()
        Glibc.close(Int32(set))
      }
      return plan
    }
  }
#endif
