import ELF

/// Tells which functions addresses are in.
///
/// Modules are told of when they are first seen, ideally while the process lives, and stay open; addresses can be asked for
/// when everything has ended. A symbolizer is used by one thread at a time.
///
///     let symbolizer = Symbolizer()
///     let module = symbolizer.module(ModuleIdentity(path: "/usr/bin/python3.11", inode: 4711), process: 4242)
///     for frame in symbolizer.symbolize(fileOffset: 0x12_3456, in: module) { print(frame.name) }
///     for note in symbolizer.notes { print(note) }
public final class Symbolizer {
  /// What is looked up, and where.
  public let options: SymbolizerOptions

  private var modules: [SymbolizedModule] = []
  private var handles: [ModuleIdentity: ModuleHandle] = [:]
  private var services: SymbolizerServices
  private var kernelSymbols: KernelSymbols?
  private var maps: [Int32: PerfMap] = [:]
  /// The files that maps are read from at the end: open, so that they can go with their processes.
  private var mapFiles: [Int32: FileContents] = [:]
  private let demangler: Demangler
  private var names: [String: String] = [:]

  /// A symbolizer that knows nothing yet.
  public init(options: SymbolizerOptions = SymbolizerOptions()) {
    self.options = options
    demangler = Demangler(style: options.names)
    services = SymbolizerServices(
      search: DebugFileSearch(directories: options.debugDirectories),
      readsDebugInformation: options.readsDebugInformation)
  }

  /// What was missing so far, a line each: files that could not be opened, libraries that are not installed.
  public var notes: [String] { services.notes.lines }

  /// The module with an identity, opened when it is told of for the first time.
  ///
  /// The file is opened at once and its tables are read later, so that it may be deleted in between.
  ///
  /// - Parameter process: a living process that has the file, in whose view of the file system the path is looked for first.
  public func module(_ identity: ModuleIdentity, process: Int32? = nil) -> ModuleHandle {
    if let known = handles[identity] { return known }
    let handle = ModuleHandle(index: modules.count)
    modules.append(SymbolizedModule(identity, process: process, notes: &services.notes))
    handles[identity] = handle
    return handle
  }

  /// The functions that a place in a file is in, innermost first; empty where nothing is known.
  ///
  /// - Parameter fileOffset: the offset in the file of an instruction's byte. For a return address give the byte before it.
  public func symbolize(fileOffset: UInt64, in module: ModuleHandle) -> [SymbolizedFrame] {
    guard modules.indices.contains(module.index) else { return [] }
    return modules[module.index].frames(atFileOffset: fileOffset, services: &services).map { frame in
      SymbolizedFrame(
        name: demangled(frame.name), linkageName: frame.name, file: frame.file, line: frame.line,
        column: frame.column, isInlined: frame.isInlined,
        source: frame.line > 0 || frame.isInlined ? .debugInformation : .symbolTable)
    }
  }

  /// Reads the kernel's symbols now, which else happens when the first one is asked for.
  ///
  /// BPF programs and modules that are unloaded before the symbols are read have no names.
  public func loadKernelSymbols() {
    let symbols = KernelSymbols(FileContents.all(of: "/proc/kallsyms", limit: 1 << 28) ?? [])
    if !symbols.hasAddresses {
      services.notes.add(
        "/proc/kallsyms shows no addresses (kernel.kptr_restrict): the kernel's functions have no names")
    }
    kernelSymbols = symbols
  }

  /// The kernel's function that an address is in.
  public func symbolize(kernelAddress address: UInt64) -> SymbolizedFrame? {
    if kernelSymbols == nil { loadKernelSymbols() }
    guard let function = kernelSymbols?.function(at: address) else { return nil }
    return SymbolizedFrame(
      name: demangled(function.name), linkageName: function.name, source: .kernel(module: function.module))
  }

  /// Opens what the JIT compiler of a process writes into, as soon as it is there. It is read when the first address is
  /// looked up, and has by then what was written up to then, also if the process has ended and the file was deleted.
  ///
  /// A compiler in a container knows another number of its process, which the kernel is asked for while the process lives.
  ///
  /// - Returns: whether there is such a file.
  @discardableResult
  public func openPerfMap(of process: Int32) -> Bool {
    if mapFiles[process] != nil { return true }
    for path in perfMapPaths(of: process) {
      guard let file = try? FileContents(path: path, followsLinks: false) else { continue }
      mapFiles[process] = file
      return true
    }
    return false
  }

  /// What the JIT compiler of a process has told; empty where it has not.
  private func perfMap(of process: Int32) -> PerfMap {
    if let known = maps[process] { return known }
    openPerfMap(of: process)
    let map = PerfMap(mapFiles[process]?.presentBytes(limit: PerfMap.maximumByteCount) ?? [])
    maps[process] = map
    return map
  }

  private func perfMapPaths(of process: Int32) -> [String] {
    var paths = ["\(options.perfMapDirectory)/perf-\(process).map"]
    if let status = FileContents.all(of: "/proc/\(process)/status", limit: 1 << 16) {
      let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
      let numbers = lines.first { $0.hasPrefix("NSpid:") }?.split(separator: "\t")
      if let inner = numbers?.last, numbers?.count ?? 0 > 2 {
        paths.insert("/proc/\(process)/root\(options.perfMapDirectory)/perf-\(inner).map", at: 0)
      }
    }
    return paths
  }

  /// The piece of code that a process's JIT compiler made at an address.
  public func symbolize(address: UInt64, jitOf process: Int32) -> SymbolizedFrame? {
    guard let name = perfMap(of: process).name(at: address) else { return nil }
    return SymbolizedFrame(name: demangled(name), linkageName: name, source: .perfMap)
  }

  private func demangled(_ name: String) -> String {
    if let known = names[name] { return known }
    let result = demangler.demangle(name)
    names[name] = result
    return result
  }
}
