public import BPFTypeFormat
import SystemPackage

/// What the kernel says of a set of types (`struct bpf_btf_info`).
public struct LinuxTypesInformation: Hashable, Sendable {
  /// The identifier.
  public var identifier: UInt32
  /// The size in bytes.
  public var byteCount: UInt32
  /// `vmlinux` for the kernel itself, the name of a module, or empty for types that a process has loaded.
  public var name: String
  /// Whether they are types of the kernel or of a module.
  public var isKernel: Bool
}

extension LinuxKernel {
  /// The identifiers of all sets of types of the kernel, in ascending order.
  public func typesIdentifiers() throws(BPFError) -> [UInt32] { try identifiers(.btfGetNextID, "types") }

  /// What the kernel says of a set of types.
  ///
  /// - Throws: ``BPFError`` with ENOENT when it is gone.
  public func typesInformation(identifier: UInt32) throws(BPFError) -> LinuxTypesInformation {
    try typesInformation(identifier, with: nil)
  }

  /// The types of an identifier; those of a module stand on those of the kernel.
  ///
  /// - Throws: ``BPFError`` with ENOENT when they are gone.
  public func types(identifier: UInt32) throws(BPFError) -> BTF {
    let information = try typesInformation(identifier: identifier)
    let blob = KernelBuffer(count: Int(min(information.byteCount, 256 << 20)))
    _ = try typesInformation(identifier, with: blob)
    let base = information.isKernel && information.name != "vmlinux" ? try types() : nil
    do throws(BTFError) { return try BTF(parsing: blob.bytes, base: base) } catch {
      throw .refusal("types #\(identifier)", "\(error)")
    }
  }

  private func typesInformation(
    _ identifier: UInt32, with blob: KernelBuffer?
  ) throws(BPFError) -> LinuxTypesInformation {
    let subject = "types #\(identifier)"
    let descriptor = try open(.btfGetDescriptorByID, identifier: identifier, subject)
    let name = KernelBuffer(count: 64)
    var words = [UInt32](repeating: 0, count: 8)
    if let blob {
      words[0] = UInt32(truncatingIfNeeded: blob.address)
      words[1] = UInt32(truncatingIfNeeded: blob.address >> 32)
      words[2] = UInt32(truncatingIfNeeded: blob.count)
    }
    words[4] = UInt32(truncatingIfNeeded: name.address)
    words[5] = UInt32(truncatingIfNeeded: name.address >> 32)
    words[6] = UInt32(truncatingIfNeeded: name.count)
    let buffer = KernelBuffer(words: words)
    try withExtendedLifetime(blob) { () throws(BPFError) in
      try information(descriptor, into: buffer, keeping: name, for: subject)
    }
    let answer = buffer.words(8)
    return LinuxTypesInformation(
      identifier: answer[3], byteCount: answer[2], name: name.text, isKernel: answer[7] != 0)
  }

  /// What the kernel says of each of its maps; those that go meanwhile are left out.
  public func allMaps() throws(BPFError) -> [LinuxMapInformation] {
    try present(mapIdentifiers()) { identifier throws(BPFError) in
      let subject = "map #\(identifier)"
      return try mapInformation(try open(.mapGetDescriptorByID, identifier: identifier, subject), for: subject)
    }
  }

  /// What the kernel says of each of its programs; those that go meanwhile are left out.
  public func allPrograms() throws(BPFError) -> [LinuxProgramInformation] {
    try present(programIdentifiers()) { identifier throws(BPFError) in
      try programInformation(identifier: identifier)
    }
  }

  /// What the kernel says of each set of types; those that go meanwhile are left out.
  public func allTypes() throws(BPFError) -> [LinuxTypesInformation] {
    try present(typesIdentifiers()) { identifier throws(BPFError) in try typesInformation(identifier: identifier) }
  }

  private func present<Answer>(
    _ identifiers: [UInt32], _ ask: (UInt32) throws(BPFError) -> Answer
  ) throws(BPFError) -> [Answer] {
    var answers: [Answer] = []
    for identifier in identifiers {
      do throws(BPFError) { answers.append(try ask(identifier)) } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
      }
    }
    return answers
  }
}
