extension Profile {
  /// A file that code was in, or what is like one.
  public struct Module: Hashable, Sendable {
    /// Its index in ``Profile/modules``.
    public typealias ID = Identifier<Module>

    /// What a module is.
    public enum Kind: Hashable, Sendable {
      /// A file that is mapped into processes. Addresses are offsets in the file.
      case file
      /// The code that the kernel maps into each process. Addresses are offsets in it.
      case vdso
      /// The kernel. Addresses are addresses.
      case kernel
      /// Memory of one process without a file, such as a JIT compiler's code. Addresses are addresses.
      case anonymous(process: Process.ID)
    }

    /// The path, or a name in brackets such as `[kernel]` for what is no file.
    public var path: String
    /// What the module is.
    public var kind: Kind
    /// The build id from the file's notes, empty where it has none.
    public var buildID: [UInt8]
    /// The number of the device that holds the file, as in `stat`; zero where it is not known.
    public var device: UInt64
    /// The number of the file on that device; zero where it is not known.
    public var inode: UInt64
    /// Where the executable part was mapped in the process that was seen first.
    public var start: UInt64
    /// The first address behind that part.
    public var limit: UInt64
    /// The offset in the file of what is mapped at ``start``.
    public var fileOffset: UInt64

    /// Whether the file is what a process executes, and not a library.
    public var isProgram: Bool

    /// A module.
    public init(
      path: String, kind: Kind = .file, buildID: [UInt8] = [], device: UInt64 = 0, inode: UInt64 = 0,
      start: UInt64 = 0, limit: UInt64 = 0, fileOffset: UInt64 = 0, isProgram: Bool = false
    ) {
      self.path = path
      self.kind = kind
      self.buildID = buildID
      self.device = device
      self.inode = inode
      self.start = start
      self.limit = limit
      self.fileOffset = fileOffset
      self.isProgram = isProgram
    }

    /// The last part of the path.
    public var name: String {
      guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
      return String(path[path.utf8.index(after: slash)...])
    }

    struct Key: Hashable {
      var path: String
      var kind: Kind
      var buildID: [UInt8]
      var device: UInt64
      var inode: UInt64
    }

    var key: Key { Key(path: path, kind: kind, buildID: buildID, device: device, inode: inode) }
  }

  /// A function.
  public struct Function: Hashable, Sendable {
    /// Its index in ``Profile/functions``.
    public typealias ID = Identifier<Function>

    /// The name for people, demangled.
    public var name: String
    /// The name in the symbol table, empty where it is the same or not known.
    public var linkageName: String
    /// The source file, empty where it is not known.
    public var file: String
    /// The line of the declaration; zero where it is not known.
    public var line: UInt32
    /// The module that the code is in.
    public var module: Module.ID?

    /// A function.
    public init(name: String, linkageName: String = "", file: String = "", line: UInt32 = 0, module: Module.ID? = nil) {
      self.name = name
      self.linkageName = linkageName
      self.file = file
      self.line = line
      self.module = module
    }
  }

  /// A function at a place: one of those that a location is in.
  public struct Frame: Hashable, Sendable {
    /// The function.
    public var function: Function.ID
    /// The line in the function's file; zero where it is not known.
    public var line: UInt32
    /// The column; zero where it is not known.
    public var column: UInt32

    /// A function at a line.
    public init(function: Function.ID, line: UInt32 = 0, column: UInt32 = 0) {
      self.function = function
      self.line = line
      self.column = column
    }
  }

  /// A place in code.
  public struct Location: Hashable, Sendable {
    /// Its index in ``Profile/locations``.
    public typealias ID = Identifier<Location>

    /// What kind of code it is.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
      /// Code of a file, in user mode.
      case native
      /// Code of the kernel.
      case kernel
      /// Code that was made at run time.
      case jit
      /// Code of which nothing is known.
      case unknown
      /// No code: what lies further out is missing. It stands at the outer end of a truncated stack.
      case truncationMarker
    }

    /// The module; none where it is not known.
    public var module: Module.ID?
    /// An address within the instruction, in the unit of the module's kind (an offset in the file, or an address).
    ///
    /// A caller's place is the return address less one, which lies in the call.
    public var address: UInt64
    /// What kind of code it is.
    public var kind: Kind
    /// The functions, innermost first; empty as long as nothing was looked up or found.
    public var frames: [Frame]

    /// A place.
    public init(module: Module.ID?, address: UInt64, kind: Kind, frames: [Frame] = []) {
      self.module = module
      self.address = address
      self.kind = kind
      self.frames = frames
    }

    struct Key: Hashable {
      var module: Module.ID?
      var address: UInt64
      var kind: Kind
    }

    var key: Key { Key(module: module, address: address, kind: kind) }
  }
}
