/// What is known, at the time of a sample, of a file that code is in.
public struct ModuleIdentity: Hashable, Sendable {
  /// The path in the process's view of the file system, or `[vdso]`.
  public var path: String
  /// The build id, empty where none is known.
  public var buildID: [UInt8]
  /// The number of the device that holds the file, as in `stat`; zero where it is not known.
  public var device: UInt64
  /// The number of the file on that device; zero where it is not known.
  public var inode: UInt64

  /// A file.
  public init(path: String, buildID: [UInt8] = [], device: UInt64 = 0, inode: UInt64 = 0) {
    self.path = path
    self.buildID = buildID
    self.device = device
    self.inode = inode
  }

  /// The code that the kernel maps into each process.
  public static let vdso = ModuleIdentity(path: "[vdso]")
}

/// A module that a symbolizer was told of.
public struct ModuleHandle: Hashable, Sendable {
  let index: Int
}

/// A function that an address is in.
public struct SymbolizedFrame: Hashable, Sendable {
  /// The name for people.
  public var name: String
  /// The name for linkers; the same as ``name`` where that is not mangled.
  public var linkageName: String
  /// The source file, where it is known.
  public var file: String?
  /// The line; zero where it is not known.
  public var line: UInt32
  /// The column; zero where it is not known.
  public var column: UInt32
  /// Whether the function's code stands in that of the next frame.
  public var isInlined: Bool
  /// Where the name is from.
  public var source: Source

  /// Where a name is from.
  public enum Source: Hashable, Sendable {
    /// A symbol table, of the file itself or of a separate debug file.
    case symbolTable
    /// DWARF debug information.
    case debugInformation
    /// The kernel's list of symbols, with the name of the kernel's module where it is not the kernel itself.
    case kernel(module: String?)
    /// What a JIT compiler wrote.
    case perfMap
  }

  /// A function at a place.
  public init(
    name: String, linkageName: String, file: String? = nil, line: UInt32 = 0, column: UInt32 = 0,
    isInlined: Bool = false, source: Source
  ) {
    self.name = name
    self.linkageName = linkageName
    self.file = file
    self.line = line
    self.column = column
    self.isInlined = isInlined
    self.source = source
  }
}

/// What is looked up, and where.
public struct SymbolizerOptions: Hashable, Sendable {
  /// How much of mangled names is shown.
  public var names: Demangler.Style
  /// Whether debug information is read: inlined functions, files and lines.
  public var readsDebugInformation: Bool
  /// Where separate debug files are, `.build-id` folders in them.
  public var debugDirectories: [String]
  /// Where JIT compilers write their maps.
  public var perfMapDirectory: String

  /// What is looked up unless it is told otherwise.
  public init(
    names: Demangler.Style = .simplified, readsDebugInformation: Bool = true,
    debugDirectories: [String] = ["/usr/lib/debug"], perfMapDirectory: String = "/tmp"
  ) {
    self.names = names
    self.readsDebugInformation = readsDebugInformation
    self.debugDirectories = debugDirectories
    self.perfMapDirectory = perfMapDirectory
  }
}
