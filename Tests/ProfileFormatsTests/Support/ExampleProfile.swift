import ProfileFormats

extension Profile {
  /// Two processes, every kind of frame, every status, and names that each format has to write with care.
  static func example() -> Profile {
    var profile = Profile(
      metadata: Metadata(
        event: "cpu-clock", frequency: 100, startTime: 1_700_000_000_123_456_789, duration: 2_000_000_000,
        commandLine: ["./server", "--port", "8080"], machine: "Linux x86-64", lostSamples: 2,
        notes: ["a <note> & more"]))
    let server = profile.add(Process(pid: 4242, name: "server"))
    let client = profile.add(Process(pid: 5000, name: "client"))
    let main = profile.add(Thread(tid: 4242, name: "server", process: server))
    let worker = profile.add(Thread(tid: 4243, name: "worker \"one\"", process: server))
    let other = profile.add(Thread(tid: 5000, name: "client", process: client))

    let program = profile.intern(
      Module(
        path: "/usr/bin/server", buildID: Array(0..<20), start: 0x5555_0000_1000, limit: 0x5555_0000_9000,
        fileOffset: 0x1000))
    let kernel = profile.intern(Module(path: "[kernel]", kind: .kernel))
    let code = profile.intern(Module(path: "[anon]", kind: .anonymous(process: server)))
    func location(
      _ module: Module.ID?, _ address: UInt64, _ kind: Location.Kind, _ names: [(String, UInt32)]
    ) -> Location.ID {
      let id = profile.intern(Location(module: module, address: address, kind: kind))
      profile.setFrames(
        names.map { name, line in
          Frame(
            function: profile.intern(
              Function(name: name, file: line > 0 ? "/src/server.cpp" : "", line: line > 0 ? 10 : 0, module: module)),
            line: line)
        }, at: id)
      return id
    }
    let start = location(program, 0x1100, .native, [("_start", 0)])
    let run = location(program, 0x1200, .native, [("run<&\"'>", 12)])
    let inlined = location(program, 0x1300, .native, [("small; one", 30), ("work(\n)", 25)])
    let again = location(program, 0x1400, .native, [("run<&\"'>", 15)])
    let jit = location(code, 0x7fff_0000, .jit, [("LazyCompile:~größe", 0)])
    let unknown = location(program, 0x1500, .unknown, [])
    let enter = location(kernel, 0xffff_ffff_8100_0000, .kernel, [("do_syscall_64", 0)])
    let marker = location(nil, 0, .truncationMarker, [])

    let user = profile.stack(leafFirst: [inlined, run, start])
    let recursive = profile.stack(leafFirst: [again, inlined, run, start])
    let samples: [Sample] = [
      Sample(stack: user, thread: main, time: 0, weight: 10_000_000, cpu: 0),
      Sample(stack: user, thread: main, time: 10_000_000, weight: 10_000_000, cpu: 1),
      Sample(stack: recursive, thread: main, time: 20_000_000, weight: 10_000_000),
      Sample(
        stack: profile.stack(leafFirst: [enter], onto: user), thread: main, time: 30_500_000, weight: 40_000_000,
        count: 4),
      Sample(
        stack: profile.stack(leafFirst: [jit, marker]), thread: worker, time: 5_000_000, weight: 10_000_000,
        status: profile.truncated(because: "byte budget")),
      Sample(
        stack: profile.stack(leafFirst: [enter]), thread: worker, time: 15_000_000, weight: 10_000_000, status: .pending
      ),
      Sample(
        stack: profile.stack(leafFirst: [unknown, start]), thread: other, time: 7_000_000, weight: 10_000_000),
      Sample(stack: .empty, thread: other, time: 9_000_000, weight: 10_000_000, status: .noMemoryMap),
    ]
    for sample in samples { profile.add(sample) }
    return profile
  }
}
