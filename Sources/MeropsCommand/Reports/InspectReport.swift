import Merops

/// What `merops inspect` tells of an object; its members are the JSON document's.
package struct InspectReport: Codable, Hashable, Sendable {
  package var object: String
  package var byteOrder: String
  package var license: String
  package var typeCount: Int
  package var programs: [ProgramEntry]
  package var maps: [MapEntry]
  package var globals: [GlobalEntry]
  package var externs: [ExternEntry]

  /// A program.
  package struct ProgramEntry: Codable, Hashable, Sendable {
    package var name: String
    package var section: String
    package var type: String
    package var target: String?
    package var isSleepable: Bool
    package var loadsByDefault: Bool
    /// The number of 8-byte slots, those of its subprograms among them.
    package var instructionCount: Int
    package var functions: [String]
    package var maps: [String]
    package var kernelFunctions: [String]
    package var declarationTags: [String]
    package var typeRelocationCount: Int
    package var disassembly: DisassemblyReport?
  }

  /// A map. Sizes are in bytes.
  package struct MapEntry: Codable, Hashable, Sendable {
    package var name: String
    package var type: String
    package var keyType: String?
    package var keySize: UInt32
    package var valueType: String?
    package var valueSize: UInt32
    package var maxEntries: UInt32
    package var flags: [String]
    package var innerMap: String?
    package var isPinned: Bool
  }

  /// A global variable.
  package struct GlobalEntry: Codable, Hashable, Sendable {
    package var name: String
    package var declaration: String?
    package var map: String
    package var offset: Int
    package var size: Int
  }

  /// A symbol that the engine provides.
  package struct ExternEntry: Codable, Hashable, Sendable {
    package var name: String
    package var kind: String
    package var declaration: String?
    package var isWeak: Bool
  }

  /// The report on an object.
  ///
  /// - Parameters:
  ///   - name: what the user calls the object.
  ///   - selection: the programs to tell of, `nil` for all.
  ///   - disassembles: whether byte code is among it.
  package init(_ object: ObjectFile, name: String, selection: Set<String>? = nil, disassembles: Bool = false) {
    self.object = name
    byteOrder = object.byteOrder == .little ? "little" : "big"
    license = object.license
    typeCount = object.types?.typeCount ?? 0
    programs = object.programs.values.filter { selection?.contains($0.name) ?? true }.map {
      ProgramEntry($0, disassembly: disassembles ? DisassemblyReport($0, in: object) : nil)
    }
    maps = object.maps.values.map(MapEntry.init)
    globals = object.globals.values.map { GlobalEntry($0, object.types) }
    externs = object.externs.values.map { ExternEntry($0, object.types) }
  }
}

extension InspectReport.ProgramEntry {
  fileprivate init(_ program: Program, disassembly: DisassemblyReport?) {
    name = program.name
    section = program.section
    type = program.kind.type.description
    target = program.kind.target.isEmpty ? nil : program.kind.target
    isSleepable = program.kind.isSleepable
    loadsByDefault = program.loadsByDefault
    instructionCount = program.instructions.count
    functions = program.functions.map(\.name)
    var maps: OrderedSet<String> = []
    var kernelFunctions: OrderedSet<String> = []
    for (_, reference) in program.references.sorted(by: { $0.key < $1.key }) {
      switch reference {
      case .map(let name), .mapValue(let name, _): maps.append(name)
      case .kernelFunction(let name, _): kernelFunctions.append(name)
      case .function, .kernelSymbol: break
      }
    }
    self.maps = Array(maps)
    self.kernelFunctions = Array(kernelFunctions)
    declarationTags = program.declarationTags
    typeRelocationCount = program.typeRelocations.count
    self.disassembly = disassembly
  }
}

extension InspectReport.MapEntry {
  fileprivate init(_ map: MapDefinition) {
    name = map.name
    type = map.type.description
    keyType = map.types?.text(of: map.keyType)
    keySize = map.keySize
    valueType = map.types?.text(of: map.valueType)
    valueSize = map.valueSize
    maxEntries = map.maxEntries
    flags = map.flags.names
    innerMap = map.innerMap?.value.name
    isPinned = map.pinning != .none
  }
}

extension InspectReport.GlobalEntry {
  fileprivate init(_ global: GlobalVariable, _ types: BTF?) {
    name = global.name
    declaration = global.type.flatMap { types?.text(of: $0, name: global.name) }
    map = global.map
    offset = global.offset
    size = global.byteCount
  }
}

extension InspectReport.ExternEntry {
  fileprivate init(_ extern: Extern, _ types: BTF?) {
    name = extern.name
    kind =
      switch extern.kind {
      case .kernelFunction: "kernel function"
      case .kernelVariable: "kernel variable"
      case .configuration: "configuration"
      }
    declaration = extern.type.flatMap { types?.text(of: $0, name: extern.name) }
    isWeak = extern.isWeak
  }
}

extension BTF {
  /// A declaration in C, `nil` for `void` and for a type that is damaged.
  fileprivate func text(of id: BTFTypeID, name: String = "") -> String? {
    guard id != .void, (try? kind(of: id)) != .dataSection else { return nil }
    return try? CPrinter(self).declaration(of: id, name: name)
  }
}
