package import BPFLinux

/// Where processes have files mapped, for stacks that the interrupt has taken: they are addresses.
///
/// Read from `/proc` when the first sample of a process comes, and again when an address is in nothing that is known. A
/// process that has ended by then has told nothing.
package struct MappedFiles {
  package typealias Mapping = ProcessMappings.Mapping

  private struct Process {
    var mappings: [Mapping]
    var readings = 1
    /// Pages that were in no mapping when they were last looked for, such as those of a JIT compiler.
    var unknown: Set<UInt64> = []
  }

  private var processes: [UInt32: Process] = [:]
  private let read: @Sendable (UInt32) -> [Mapping]

  /// How often the mappings of a process are read.
  private static let readingLimit = 256

  /// - Parameter read: the mappings of a process now, in the order of their addresses; none when it has ended.
  package init(
    read: @escaping @Sendable (UInt32) -> [Mapping] = {
      (try? ProcessMappings(of: Int32(bitPattern: $0)))?.mappings ?? []
    }
  ) {
    self.read = read
  }

  /// The mapping that an address of a process is in, and whether its file is the process's program.
  package mutating func mapping(of address: UInt64, in number: UInt32) -> (mapping: Mapping, isProgram: Bool)? {
    var process = processes[number] ?? Process(mappings: read(number))
    defer { processes[number] = process }
    if let known = Self.mapping(of: address, in: process.mappings) { return known }
    guard process.readings < Self.readingLimit, process.unknown.insert(address >> 12).inserted else { return nil }
    process.readings += 1
    let mappings = read(number)
    if !mappings.isEmpty { process.mappings = mappings }
    return Self.mapping(of: address, in: process.mappings)
  }

  /// Forgets a process that executes another program.
  package mutating func forget(_ number: UInt32) { processes[number] = nil }

  private static func mapping(of address: UInt64, in mappings: [Mapping]) -> (mapping: Mapping, isProgram: Bool)? {
    guard let found = mappings.first(where: { $0.start <= address && address < $0.limit && $0.isExecutable }) else {
      return nil
    }
    // The program comes first in memory.
    return (found, found.path == mappings.first?.path)
  }
}
