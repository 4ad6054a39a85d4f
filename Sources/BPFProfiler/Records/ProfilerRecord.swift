/// What the program tells, record by record. `Program/records.h` is the other side of this.
package enum ProfilerRecord: Sendable {
  case sample(SampleRecord)
  case stack(StackRecord)
  case module(ModuleRecord)
  case memory(MemoryRecord)

  /// Reads a record; `nil` when it is of no known kind, or too short.
  package init?(_ bytes: RawSpan) {
    switch bytes.integer(UInt8.self, at: 0) {
    case 1:
      guard let record = SampleRecord(bytes) else { return nil }
      self = .sample(record)
    case 2:
      guard let record = StackRecord(bytes) else { return nil }
      self = .stack(record)
    case 3:
      guard let record = ModuleRecord(bytes) else { return nil }
      self = .module(record)
    case 4:
      guard let record = MemoryRecord(bytes) else { return nil }
      self = .memory(record)
    default: return nil
    }
  }
}

/// An interrupt: which thread, and where in the kernel.
package struct SampleRecord: Hashable, Sendable {
  package var status: UserStackStatus
  package var cpu: UInt16
  package var process: UInt32
  package var thread: UInt32
  /// Nanoseconds of the monotonic clock.
  package var time: UInt64
  /// The number of the user stack that is to come; 0 for none.
  package var stack: UInt64
  package var name: String
  /// Addresses, the innermost first.
  package var kernelFrames: [UInt64]
  /// Addresses, the innermost first, where the user stack was taken in the interrupt.
  package var userFrames: [UInt64]

  static let headSize = 48

  init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.headSize, let status = bytes.integer(UInt8.self, at: 1),
      let kernelCount = bytes.integer(UInt16.self, at: 2), let userCount = bytes.integer(UInt16.self, at: 4),
      let cpu = bytes.integer(UInt16.self, at: 6), let process = bytes.integer(UInt32.self, at: 8),
      let thread = bytes.integer(UInt32.self, at: 12), let time = bytes.integer(UInt64.self, at: 16),
      let stack = bytes.integer(UInt64.self, at: 24)
    else { return nil }
    self.status = UserStackStatus(rawValue: status)
    self.cpu = cpu
    self.process = process
    self.thread = thread
    self.time = time
    self.stack = stack
    name = bytes.text(at: 32, limit: 16)
    kernelFrames = bytes.words(at: Self.headSize, count: Int(kernelCount))
    userFrames = bytes.words(at: Self.headSize + Int(kernelCount) * 8, count: Int(userCount))
  }
}

/// A user stack, for all samples that bear its number.
package struct StackRecord: Hashable, Sendable {
  package var status: UserStackStatus
  /// How many frames were found by the frame pointer alone.
  package var framePointerFrames: UInt16
  package var process: UInt32
  package var thread: UInt32
  package var stack: UInt64
  package var time: UInt64
  /// How long the walk took.
  package var nanoseconds: UInt32
  package var bytesRead: UInt32
  package var majorFaults: UInt32
  /// Rows that had to be made from the tables of frame rules, and files that were seen for the first time.
  package var newRows: UInt16
  package var newModules: UInt16
  /// The address at which the walk ended.
  package var lastAddress: UInt64
  /// The innermost first.
  package var frames: [FrameWord]

  static let headSize = 56

  init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.headSize, let status = bytes.integer(UInt8.self, at: 1),
      let framePointerFrames = bytes.integer(UInt16.self, at: 2), let count = bytes.integer(UInt32.self, at: 4),
      let process = bytes.integer(UInt32.self, at: 8), let thread = bytes.integer(UInt32.self, at: 12),
      let stack = bytes.integer(UInt64.self, at: 16), let time = bytes.integer(UInt64.self, at: 24),
      let nanoseconds = bytes.integer(UInt32.self, at: 32), let bytesRead = bytes.integer(UInt32.self, at: 36),
      let majorFaults = bytes.integer(UInt32.self, at: 40), let newRows = bytes.integer(UInt16.self, at: 44),
      let newModules = bytes.integer(UInt16.self, at: 46), let lastAddress = bytes.integer(UInt64.self, at: 48)
    else { return nil }
    self.status = UserStackStatus(rawValue: status)
    self.framePointerFrames = framePointerFrames
    self.process = process
    self.thread = thread
    self.stack = stack
    self.time = time
    self.nanoseconds = nanoseconds
    self.bytesRead = bytesRead
    self.majorFaults = majorFaults
    self.newRows = newRows
    self.newModules = newModules
    self.lastAddress = lastAddress
    frames = bytes.words(at: Self.headSize, count: Int(clamping: count)).map(FrameWord.init(rawValue:))
  }
}

/// A frame in one word.
package struct FrameWord: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The number of the module; 0 for memory without a file.
  package var module: UInt32 { UInt32(rawValue >> 48) }
  /// Whether the instruction was interrupted. Otherwise it is the one behind a call.
  package var isExact: Bool { rawValue & 1 << 47 != 0 }
  /// The offset in the module's file, or the address.
  package var offset: UInt64 { rawValue & (1 << 47 - 1) }
}

/// A file that has been seen for the first time.
package struct ModuleRecord: Hashable, Sendable {
  package var number: UInt32
  package var inode: UInt64
  package var device: UInt32
  package var size: UInt64
  /// The executable part in the process in which it was seen.
  package var start: UInt64
  package var end: UInt64
  package var offset: UInt64
  package var process: UInt32
  /// Whether it is what that process executes.
  package var isProgram: Bool
  package var buildID: [UInt8]
  /// The absolute path, empty where there is no file.
  package var path: String

  static let headSize = 104

  init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= Self.headSize, let buildIDSize = bytes.integer(UInt8.self, at: 1),
      let pathSize = bytes.integer(UInt16.self, at: 2), let number = bytes.integer(UInt32.self, at: 4),
      let inode = bytes.integer(UInt64.self, at: 8), let size = bytes.integer(UInt64.self, at: 16),
      let device = bytes.integer(UInt32.self, at: 32), let start = bytes.integer(UInt64.self, at: 40),
      let end = bytes.integer(UInt64.self, at: 48), let offset = bytes.integer(UInt64.self, at: 56),
      let process = bytes.integer(UInt32.self, at: 64), let isProgram = bytes.integer(UInt32.self, at: 68)
    else { return nil }
    self.number = number
    self.inode = inode
    self.device = device
    self.size = size
    self.start = start
    self.end = end
    self.offset = offset
    self.process = process
    self.isProgram = isProgram != 0
    buildID = bytes.bytes(at: 72, count: min(Int(buildIDSize), 32))
    // The last component comes first.
    let names = bytes.bytes(at: Self.headSize, count: Int(pathSize)).split(separator: 0)
    path = names.reversed().map { "/" + String(decoding: $0, as: UTF8.self) }.joined()
  }

  /// The device as `stat` has it: the kernel's own form has twenty bits for the minor number.
  package var statDevice: UInt64 {
    let major = UInt64(device >> 20)
    let minor = UInt64(device & 0xfffff)
    return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xff) << 12 | (major & ~0xfff) << 32
  }
}

/// Registers and stack as a walk found them.
package struct MemoryRecord: Hashable, Sendable {
  package var process: UInt32
  package var thread: UInt32
  package var stack: UInt64
  /// By their DWARF numbers; the last is the address of the instruction.
  package var registers: [UInt64]
  /// From 128 bytes below the stack pointer on.
  package var bytes: [UInt8]

  static let headSize = 24 + 17 * 8

  init?(_ bytes: RawSpan) {
    guard let count = bytes.integer(UInt32.self, at: 4), let process = bytes.integer(UInt32.self, at: 8),
      let thread = bytes.integer(UInt32.self, at: 12), let stack = bytes.integer(UInt64.self, at: 16)
    else { return nil }
    self.process = process
    self.thread = thread
    self.stack = stack
    registers = bytes.words(at: 24, count: 17)
    self.bytes = bytes.bytes(at: Self.headSize, count: Int(clamping: count))
  }
}
