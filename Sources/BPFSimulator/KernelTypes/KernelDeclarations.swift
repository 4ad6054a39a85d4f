/// The declarations of the simulated kernel, as C text split by topic.
///
/// What programs are written against: names, order of members and, where a structure is part of the interface to user
/// space, every offset are those of Linux 6.18. Structures inside the kernel have a subset of their members, so their
/// offsets are this kernel's own, which programs reach with CO-RE as on any other kernel. A macro of the kernel
/// (`TASK_RUNNING`, `ETH_P_IP`) is in no kernel's type information and is not here either.
enum KernelDeclarations {
  /// A part of the declarations.
  struct Topic: Sendable {
    var name: String
    var text: String
    var origin: Origin
  }

  /// Where the things that a topic declares are to be found in Linux 6.18.
  enum Origin: Sendable {
    /// In the interface to user space: what `linux/*.h` declares, to the byte.
    case interface
    /// Inside the kernel, to the byte.
    case kernel
    /// Inside the kernel, where a structure has more members than here.
    case kernelInPart

    var isExact: Bool { self != .kernelInPart }
  }

  /// All parts, in an order in which each needs only earlier ones. Those of the interface need only such.
  static let topics: [Topic] = [
    Topic(name: "interface-scalars.h", text: interfaceScalars, origin: .interface),
    Topic(name: "constants.h", text: constants, origin: .interface),
    Topic(name: "structures.h", text: structures, origin: .interface),
    Topic(name: "commands.h", text: commands, origin: .interface),
    Topic(name: "contexts.h", text: contexts, origin: .interface),
    Topic(name: "perf-interface.h", text: perfInterface, origin: .interface),
    Topic(name: "packet-headers.h", text: packetHeaders, origin: .interface),
    Topic(name: "helper-numbers.h", text: helperNumbers, origin: .interface),
    Topic(name: "scalars.h", text: scalars, origin: .kernelInPart),
    Topic(name: "registers.h", text: registers, origin: .kernel),
    Topic(name: "memory.h", text: memory, origin: .kernelInPart),
    Topic(name: "perf.h", text: perf, origin: .kernelInPart),
    Topic(name: "files.h", text: files, origin: .kernelInPart),
    Topic(name: "tasks.h", text: tasks, origin: .kernelInPart),
    Topic(name: "tracepoints.h", text: tracepoints, origin: .kernel),
    Topic(name: "networking.h", text: networking, origin: .kernelInPart),
    Topic(name: "maps.h", text: maps, origin: .kernelInPart),
    Topic(name: "functions.h", text: functions, origin: .kernel),
  ]
}
