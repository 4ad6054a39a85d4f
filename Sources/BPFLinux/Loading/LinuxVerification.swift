public import BPFObject
public import BPFTypeFormat
public import SystemPackage

/// What the kernel's verifier said of one program.
public struct LinuxVerdict: Sendable {
  /// Why the program was refused, `nil` when it was accepted.
  public var errno: Errno?
  /// The verifier's log, or its end where it was longer than asked for.
  public var log: String
  /// The number of bytes of the whole log.
  public var logByteCount: Int
}

/// Programs put to the kernel's verifier one after another, over the maps of one object, which are made once.
///
/// Nothing is attached or run, and no program stays loaded. Programs that could crash the kernel are refused first, as
/// they are by ``LinuxKernel/load(_:programs:)``.
public final class LinuxVerification {
  private let kernel: LinuxKernel
  private var object: ObjectFile
  private var maps: [String: LinuxMap] = [:]
  /// Further bits of `prog_flags` that programs are verified with.
  package var loadFlags: UInt32 = 0
  private var programTypes: (bytes: [UInt8], descriptor: Descriptor)?

  /// The object with its configuration values set to this kernel's and its relocations applied: what is verified.
  public var prepared: ObjectFile { object }

  /// Makes the maps of an object.
  public init(_ object: ObjectFile, on kernel: LinuxKernel = LinuxKernel()) throws(BPFError) {
    self.kernel = kernel
    self.object = object
    try kernel.prepare(&self.object, Array(object.programs.keys))
    for definition in self.object.maps.values {
      var types: Descriptor?
      if let blob = definition.neededTypes { types = try descriptor(loadable(blob)) }
      maps[definition.name] = try kernel.makeMap(definition, types: types)
    }
    let made = maps
    for definition in self.object.maps.values where definition.type == .arrayOfMaps || definition.type == .hashOfMaps {
      try kernel.fill(definition, maps) { made[$0]?.descriptor }
    }
  }

  /// Verifies a program of the object.
  ///
  /// - Parameters:
  ///   - logLevel: the bits of `log_level`: 1 for the trace of instructions, 2 for more of it, 4 for messages and counts.
  ///   - logSize: the number of bytes that the log may have.
  public func verdict(
    of name: String, logLevel: UInt32 = 4, logSize: Int = 1 << 16
  ) throws(BPFError) -> LinuxVerdict {
    guard let program = object.programs[name] else {
      throw .refusal("program '\(name)'", "the object has no such program")
    }
    return try verdict(of: program, types: object.types, license: object.license, logLevel: logLevel, logSize: logSize)
  }

  /// Verifies a program that uses the maps of the object, and has types and a licence of its own.
  public func verdict(
    of program: Program, types: BTF?, license: String, logLevel: UInt32 = 4, logSize: Int = 1 << 16
  ) throws(BPFError) -> LinuxVerdict {
    var holder = object
    holder.license = license
    var loadable: LoadableTypes?
    if let types { loadable = try self.loadable(types) }
    let image = try ProgramImage(program, maps: maps, types: &loadable, kernel: kernel)
    return try kernel.verify(
      program, image: image, of: holder, types: try loadable.map(descriptor), flags: loadFlags, logLevel: logLevel,
      logSize: logSize)
  }

  private func loadable(_ types: BTF) throws(BPFError) -> LoadableTypes {
    do throws(BTFError) { return try LoadableTypes(types) } catch { throw .refusal("the object's types", "\(error)") }
  }

  /// The kernel's copy of types; the latest is kept, since maps and programs of one object share theirs: objects of a
  /// program fit into a map only when both have their type from the same copy.
  private func descriptor(_ types: LoadableTypes) throws(BPFError) -> Descriptor {
    let bytes = types.encoded
    if let programTypes, programTypes.bytes == bytes { return programTypes.descriptor }
    let descriptor = try kernel.load(bytes, for: "the object's types")
    programTypes = (bytes, descriptor)
    return descriptor
  }
}
