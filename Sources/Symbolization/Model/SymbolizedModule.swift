import ELF

/// One file, opened when it was first told of and read when an address in it is first asked for.
final class SymbolizedModule {
  let identity: ModuleIdentity
  /// The file's own tables; none where it could not be opened, or is another file than the identity says.
  let image: ELFImage?
  private let file: FileContents?
  /// Where the file was found, which may be a path in `/proc`.
  private let place: String

  private var index: SymbolIndex?
  private var debugFile: ELFImage?
  private var debugInformation: DWARFFile?
  private var hasLookedForDebugInformation = false

  init(_ identity: ModuleIdentity, process: Int32?, notes: inout SymbolizerNotes) {
    self.identity = identity
    if identity.path == ModuleIdentity.vdso.path {
      file = nil
      place = identity.path
      // Libraries that a program has made for itself have no file either: their build ids tell them apart.
      let own = VirtualSharedObject.bytes.flatMap { ELFImage(.memory($0)) }
      image = own.flatMap { identity.buildID.isEmpty || $0.buildID == identity.buildID ? $0 : nil }
      if image == nil { notes.add("\(identity.path) is not this kernel's: its functions have no names") }
      return
    }
    // The process may see another file system, and the file may be deleted: the kernel's view of the process comes first.
    var candidates = [identity.path]
    if let process { candidates.insert("/proc/\(process)/root\(identity.path)", at: 0) }
    var problem = "cannot be opened"
    for candidate in candidates where identity.path.hasPrefix("/") {
      guard let file = try? FileContents(path: candidate) else { continue }
      guard let image = ELFImage(.file(file)) else {
        problem = "is no ELF64 file"
        continue
      }
      guard Self.isSame(file, image, as: identity) else {
        problem = "is not the file that was sampled"
        continue
      }
      self.file = file
      self.image = image
      place = identity.path
      return
    }
    file = nil
    image = nil
    place = identity.path
    notes.add("\(identity.path) \(problem): its functions have no names")
  }

  /// Whether a file is the one that was sampled: by build id where both have one, else by device and number.
  private static func isSame(_ file: FileContents, _ image: ELFImage, as identity: ModuleIdentity) -> Bool {
    if !identity.buildID.isEmpty {
      let id = image.buildID
      if !id.isEmpty { return id == identity.buildID }
    }
    // File systems in layers show other devices to `stat` than to the kernel: the number alone has to do then.
    return identity.inode == 0 || file.inode == identity.inode
  }

  /// The frames at an offset in the file, without names demangled; innermost first.
  func frames(atFileOffset offset: UInt64, services: inout SymbolizerServices) -> [DWARFFile.Frame] {
    guard let image, let address = image.address(ofFileOffset: offset) else { return [] }
    let symbol = symbols(of: image, &services).function(at: address)
    var frames = debugInformation(&services)?.frames(at: address) ?? []
    guard let outermost = frames.indices.last else {
      return symbol.map { [DWARFFile.Frame(name: $0.name, file: nil, line: 0, column: 0, isInlined: false)] } ?? []
    }
    // The symbol says what was linked, such as the part of a function that was moved away; debug information says what was
    // written.
    if let symbol { frames[outermost].name = symbol.name }
    if frames[outermost].name.isEmpty { frames.removeLast() }
    return frames.filter { !$0.name.isEmpty }
  }

  private func symbols(of image: ELFImage, _ services: inout SymbolizerServices) -> SymbolIndex {
    if let index { return index }
    var result = SymbolIndex()
    result.add(image)
    let hasTable = image.sections.contains { $0.type == .symbolTable && $0.byteCount > 0 }
    if !hasTable {
      debugFile = services.search.debugFile(of: image, at: place)
      if let debugFile {
        result.add(debugFile)
      } else if let section = image.section(".gnu_debugdata"),
        let compressed = image.contents(of: section, limit: UInt64(XZ.maximumByteCount))
      {
        if let xz = services.xz {
          if let bytes = xz.decompress(compressed.bytes), let mini = ELFImage(.memory(bytes)) {
            result.add(mini)
          } else {
            services.notes.add("\(identity.path): the section .gnu_debugdata is damaged")
          }
        } else {
          services.notes.add("\(XZ.libraryName) is not installed: symbols in .gnu_debugdata are not read")
        }
      }
    }
    result.sort()
    index = result
    return result
  }

  private func debugInformation(_ services: inout SymbolizerServices) -> DWARFFile? {
    guard !hasLookedForDebugInformation, let image else { return debugInformation }
    hasLookedForDebugInformation = true
    guard services.readsDebugInformation else { return nil }
    var source: FileContents?
    if image.sections.contains(where: { $0.name == ".debug_info" && $0.type != .noBits }) {
      source = file
    } else {
      let separate = debugFile ?? services.search.debugFile(of: image, at: place)
      if case .file(let contents)? = separate?.source { source = contents }
    }
    guard let source else { return nil }
    guard let library = services.dwarf else {
      services.notes.add("\(DWARFLibrary.libraryName) is not installed: no inlined functions, files and lines")
      return nil
    }
    debugInformation = DWARFFile(source, library: library)
    return debugInformation
  }
}

/// What all modules share.
struct SymbolizerServices {
  let search: DebugFileSearch
  let readsDebugInformation: Bool
  var notes = SymbolizerNotes()
  private(set) lazy var xz = XZ()
  private(set) lazy var dwarf = DWARFLibrary()

  init(search: DebugFileSearch, readsDebugInformation: Bool) {
    self.search = search
    self.readsDebugInformation = readsDebugInformation
  }
}

/// What was missing, each once and in order.
struct SymbolizerNotes {
  private(set) var lines: [String] = []
  private var seen: Set<String> = []

  mutating func add(_ line: String) {
    if seen.insert(line).inserted { lines.append(line) }
  }
}
