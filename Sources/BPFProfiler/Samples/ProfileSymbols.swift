internal import ProfileFormats
internal import Symbolization

/// Looks up the functions that a profile's locations are in.
///
/// Files are opened when they are first seen, while their processes live: what is removed later is still read.
struct ProfileSymbols {
  private let symbolizer = Symbolizer()
  private var handles: [Profile.Module.ID: ModuleHandle] = [:]

  /// What was missing, a line each.
  var notes: [String] { symbolizer.notes }

  /// Opens a file.
  mutating func open(_ id: Profile.Module.ID, of profile: Profile, seenIn process: UInt32) {
    guard handles[id] == nil else { return }
    let module = profile[id]
    handles[id] = symbolizer.module(
      ModuleIdentity(path: module.path, buildID: module.buildID, device: module.device, inode: module.inode),
      process: Int32(bitPattern: process))
  }

  /// Opens what a JIT compiler writes, if it is there: it may go with its process.
  func openJITMap(of process: UInt32) { symbolizer.openPerfMap(of: Int32(bitPattern: process)) }

  /// Puts the functions into all locations.
  func apply(to profile: inout Profile) {
    for (index, location) in profile.locations.enumerated() {
      guard location.frames.isEmpty, let module = location.module else { continue }
      let frames = frames(at: location.address, in: module, of: profile)
      guard !frames.isEmpty else { continue }
      let rows = frames.map { frame in
        Profile.Frame(
          function: profile.intern(
            Profile.Function(
              name: frame.name, linkageName: frame.linkageName == frame.name ? "" : frame.linkageName,
              file: frame.file ?? "", module: module)),
          line: frame.line, column: frame.column)
      }
      profile.setFrames(rows, at: Profile.Location.ID(rawValue: UInt32(index)))
    }
  }

  private func frames(at address: UInt64, in module: Profile.Module.ID, of profile: Profile) -> [SymbolizedFrame] {
    switch profile[module].kind {
    case .file, .vdso:
      guard let handle = handles[module] else { return [] }
      return symbolizer.symbolize(fileOffset: address, in: handle)
    case .kernel:
      return symbolizer.symbolize(kernelAddress: address).map { [$0] } ?? []
    case .anonymous(let process):
      return symbolizer.symbolize(address: address, jitOf: profile[process].pid).map { [$0] } ?? []
    }
  }
}
