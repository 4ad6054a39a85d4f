public import BPFInstructions

extension BPFCompiler {
  /// How to compile.
  public struct Options: Hashable, Sendable {
    /// The byte order of the object.
    public var byteOrder: ByteOrder
    /// The instruction set.
    public var cpu: CPU
    /// The machine whose registers `<bpf/bpf_tracing.h>` means.
    public var architecture: Architecture
    /// Folders with headers of the user's own, searched before the carried ones.
    public var includePaths: [String]
    /// Macros, as `NAME` or `NAME=value`.
    public var definitions: [String]
    /// Whether `<bpf/…>` is that of an installed libbpf and not what Merops carries.
    public var prefersInstalledLibbpf: Bool
    /// Whether diagnostics have colours for a terminal.
    public var colorsDiagnostics: Bool
    /// Further arguments for clang, after all others.
    public var additionalArguments: [String]

    /// Options; without any, little-endian code of version 3 for programs that look at x86-64.
    public init(
      byteOrder: ByteOrder = .little, cpu: CPU = .v3, architecture: Architecture = .x86, includePaths: [String] = [],
      definitions: [String] = [], prefersInstalledLibbpf: Bool = false, colorsDiagnostics: Bool = false,
      additionalArguments: [String] = []
    ) {
      self.byteOrder = byteOrder
      self.cpu = cpu
      self.architecture = architecture
      self.includePaths = includePaths
      self.definitions = definitions
      self.prefersInstalledLibbpf = prefersInstalledLibbpf
      self.colorsDiagnostics = colorsDiagnostics
      self.additionalArguments = additionalArguments
    }
  }

  /// A version of the instruction set, as clang's `-mcpu` names it.
  public enum CPU: String, Hashable, Sendable, CaseIterable {
    /// The first.
    case v1
    /// Adds jumps on less-than.
    case v2
    /// Adds 32-bit arithmetic and jumps, and atomic operations that return a value.
    case v3
    /// Adds signed division, sign-extending moves and loads, byte swaps and long jumps.
    case v4
  }

  /// A machine whose registers programs read.
  public enum Architecture: String, Hashable, Sendable, CaseIterable {
    /// x86-64.
    case x86
    /// 64-bit ARM.
    case arm64
  }
}
