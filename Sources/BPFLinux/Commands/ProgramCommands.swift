/// `BPF_PROG_LOAD`, 168 bytes on Linux 6.18, of which the last 16 are for signatures and left out.
struct ProgramLoadAttributes: BitwiseCopyable {
  var programType: UInt32 = 0
  var instructionCount: UInt32 = 0
  var instructions: UInt64 = 0
  var license: UInt64 = 0
  var logLevel: UInt32 = 0
  var logSize: UInt32 = 0
  var logBuffer: UInt64 = 0
  var kernelVersion: UInt32 = 0
  var programFlags: UInt32 = 0
  var programName = KernelName()
  var interfaceIndex: UInt32 = 0
  var expectedAttachType: UInt32 = 0
  var btfDescriptor: Int32 = 0
  var functionInfoSize: UInt32 = 0
  var functionInfo: UInt64 = 0
  var functionInfoCount: UInt32 = 0
  var lineInfoSize: UInt32 = 0
  var lineInfo: UInt64 = 0
  var lineInfoCount: UInt32 = 0
  var attachType: UInt32 = 0
  var attachDescriptor: Int32 = 0
  var relocationCount: UInt32 = 0
  var descriptors: UInt64 = 0
  var relocations: UInt64 = 0
  var relocationSize: UInt32 = 0
  /// Out: the number of bytes that the whole log takes (Linux 6.4).
  var logTrueSize: UInt32 = 0
  var tokenDescriptor: Int32 = 0
  var descriptorCount: UInt32 = 0
}

/// `BPF_BTF_LOAD`, 40 bytes.
struct BTFLoadAttributes: BitwiseCopyable {
  var types: UInt64 = 0
  var logBuffer: UInt64 = 0
  var size: UInt32 = 0
  var logSize: UInt32 = 0
  var logLevel: UInt32 = 0
  /// Out: the number of bytes that the whole log takes (Linux 6.4).
  var logTrueSize: UInt32 = 0
  var flags: UInt32 = 0
  var tokenDescriptor: Int32 = 0
}

/// `BPF_PROG_TEST_RUN`, 80 bytes.
struct TestRunAttributes: BitwiseCopyable {
  var programDescriptor: Int32 = 0
  /// Out: what the program returned.
  var result: UInt32 = 0
  var dataSizeIn: UInt32 = 0
  var dataSizeOut: UInt32 = 0
  var dataIn: UInt64 = 0
  var dataOut: UInt64 = 0
  var repeatCount: UInt32 = 0
  /// Out: nanoseconds of one run.
  var duration: UInt32 = 0
  var contextSizeIn: UInt32 = 0
  var contextSizeOut: UInt32 = 0
  var contextIn: UInt64 = 0
  var contextOut: UInt64 = 0
  var flags: UInt32 = 0
  var cpu: UInt32 = 0
  var batchSize: UInt32 = 0
  var padding: UInt32 = 0
}
