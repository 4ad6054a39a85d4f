import BPFObject
public import SystemPackage

extension LinuxKernel {
  func pin(_ descriptor: Descriptor, at path: FilePath, _ subject: String) throws(BPFError) {
    let name = KernelBuffer(path.string)
    var attributes = PinAttributes(path: name.address, descriptor: descriptor.rawValue)
    do throws(Errno) {
      try systemCalls.perform(.objectPin, &attributes, keeping: name)
    } catch { throw BPFError("\(subject), pinned at \(path)", .objectPin, error) }
  }

  func pinned(at path: FilePath, _ subject: String) throws(BPFError) -> Descriptor {
    let name = KernelBuffer(path.string)
    var attributes = PinAttributes(path: name.address)
    do throws(Errno) {
      return Descriptor(try systemCalls.perform(.objectGet, &attributes, keeping: name), systemCalls)
    } catch { throw BPFError("\(subject) at \(path)", .objectGet, error) }
  }

  /// The map that is pinned at a path.
  ///
  /// - Throws: ``BPFError`` with ENOENT when there is no such file. A program's or link's file ends in a refusal.
  public func pinnedMap(at path: FilePath) throws(BPFError) -> LinuxMap {
    try LinuxMap(try pinned(at: path, "the map"), name: nil, kernel: self)
  }
}

extension LinuxKernel {
  /// The map of a name in a folder of a bpf file system, which is made and pinned when it is not there yet.
  func sharedMap(
    _ definition: MapDefinition, types: Descriptor?, in folder: FilePath
  ) throws(BPFError) -> LinuxMap {
    let path = folder.appending(definition.name)
    // Another may pin its own between the look and the pin; then that one is taken.
    for _ in 0..<3 {
      do throws(BPFError) { return try existingMap(definition, at: path) } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
      }
      let map = try makeMap(definition, types: types)
      do throws(BPFError) {
        try map.pin(at: path)
        return map
      } catch {
        guard error.errno == .fileExists else { throw error }
      }
    }
    throw .refusal("map '\(definition.name)'", "\(path) comes and goes")
  }

  /// A pinned map, if it is what the definition says.
  private func existingMap(_ definition: MapDefinition, at path: FilePath) throws(BPFError) -> LinuxMap {
    let subject = "map '\(definition.name)'"
    let map = try LinuxMap(try pinned(at: path, subject), name: definition.name, kernel: self)
    let found = try mapInformation(map.descriptor, for: subject)
    let entries = try entries(of: definition)
    func list(_ flags: MapFlags) -> String { flags.isEmpty ? "none" : flags.names.joined(separator: ", ") }
    let rows: [(String, String, String)] = [
      ("type", "\(definition.type)", "\(map.type)"),
      ("size of keys", "\(definition.keySize)", "\(map.keySize)"),
      ("size of values", "\(definition.valueSize)", "\(map.valueSize)"),
      ("number of elements", "\(entries)", "\(map.maxEntries)"),
      ("flags", list(definition.flags), list(found.flags)),
    ]
    for (what, wanted, there) in rows where wanted != there {
      throw .refusal(
        subject, "the one at \(path) has the \(what) \(there), and the object wants \(wanted)",
        advice: "remove the file, or change the definition")
    }
    return map
  }
}

extension LinuxMap {
  /// Gives the map a name in a bpf file system, where it stays until the file is removed.
  public func pin(at path: FilePath) throws(BPFError) {
    try LinuxKernel(systemCalls: systemCalls).pin(descriptor, at: path, "map '\(name)'")
  }

  /// What the kernel says of the map.
  public func information() throws(BPFError) -> LinuxMapInformation {
    try LinuxKernel(systemCalls: systemCalls).mapInformation(descriptor, for: "map '\(name)'")
  }
}
