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
    /// Whether structures and enumerations are, byte for byte, those of Linux 6.18.
    var isExact: Bool
  }

  /// All parts, in an order in which each needs only earlier ones.
  static let topics: [Topic] = [
    Topic(name: "scalars.h", text: scalars, isExact: false),
    Topic(name: "constants.h", text: constants, isExact: true),
    Topic(name: "helper-numbers.h", text: helperNumbers, isExact: true),
    Topic(name: "registers.h", text: registers, isExact: true),
    Topic(name: "memory.h", text: memory, isExact: false),
    Topic(name: "perf.h", text: perf, isExact: false),
    Topic(name: "files.h", text: files, isExact: false),
    Topic(name: "tasks.h", text: tasks, isExact: false),
    Topic(name: "structures.h", text: structures, isExact: true),
    Topic(name: "commands.h", text: commands, isExact: true),
    Topic(name: "contexts.h", text: contexts, isExact: true),
    Topic(name: "tracepoints.h", text: tracepoints, isExact: true),
    Topic(name: "packet-headers.h", text: packetHeaders, isExact: true),
    Topic(name: "networking.h", text: networking, isExact: false),
    Topic(name: "maps.h", text: maps, isExact: false),
    Topic(name: "functions.h", text: functions, isExact: false),
  ]
}
