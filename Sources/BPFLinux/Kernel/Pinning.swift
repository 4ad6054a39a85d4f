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
