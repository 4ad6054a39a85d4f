internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// A program with all that its object and the kernel say about it, references resolved to indexes.
struct VerifiedInput {
  let program: Program
  let object: ObjectFile
  let kernelTypes: BTF?
  /// The maps that the program refers to, and the inner maps of those that hold maps.
  private(set) var maps: [MapFacts] = []
  /// What an instruction refers to, by its index.
  private(set) var references: [Int: ResolvedReference] = [:]
  /// Whether the licence is one that may call functions which are for the GPL only.
  let isGPLCompatible: Bool

  /// What the program may read and write in its context.
  let context: ContextLayout
  /// The prototypes of the helper functions that the program calls, and the set of those that it may call.
  private(set) var helpers: [Int32: HelperPrototype] = [:]
  let availableHelpers: HelperSet
  /// The kernel functions that the program refers to and that are known, by name.
  private(set) var kernelFunctions: [String: KernelFunctionFacts] = [:]

  var kind: ProgramKind { program.kind }
  var ownTypes: BTF? { object.types }

  init(
    _ program: Program, object: ObjectFile, kernelTypes: BTF?, kernel: VerifierOptions.KernelProfile
  ) throws(Rejection) {
    context = ContextLayout.layout(for: program.kind)
    availableHelpers = HelperSet.available(to: program.kind).subtracting(HelperSet(kernel.missingHelpers))
    self.program = program
    self.object = object
    self.kernelTypes = kernelTypes
    isGPLCompatible = Self.compatibleLicences.contains(object.license)
    references.reserveCapacity(program.references.count)
    var indexes: [String: Int] = [:]
    for (instruction, reference) in program.references.sorted(by: { $0.key < $1.key }) {
      switch reference {
      case .map(let name):
        references[instruction] = .map(try index(of: name, at: instruction, &indexes))
      case .mapValue(let name, let offset):
        references[instruction] = .mapValue(try index(of: name, at: instruction, &indexes), offset: offset)
      case .function(let start): references[instruction] = .function(start)
      case .kernelFunction(let name, let isWeak): references[instruction] = .kernelFunction(name, isWeak: isWeak)
      case .kernelSymbol(let name, let isWeak): references[instruction] = .kernelSymbol(name, isWeak: isWeak)
      }
    }
    for slot in program.instructions where slot.opcode == 0x85 && slot.source == 0 {
      if helpers[slot.immediate] == nil {
        helpers[slot.immediate] = HelperPrototype.prototype(of: slot.immediate, for: program.kind)
      }
    }
    if let kernelTypes {
      try Self.checkTarget(program.kind, kernelTypes)
      for case .kernelFunction(let name, _) in references.values {
        guard kernelFunctions[name] == nil, let known = KernelFunction.named(name) else { continue }
        kernelFunctions[name] = KernelFunctionFacts.known(known, kernelTypes, context: context.structure)
      }
    }
    guard maps.count <= 64 else {
      throw Rejection(
        message: "The total number of maps per program has reached the limit of 64", errno: .tooBig, instruction: nil,
        cause: .programSize(maps.count))
    }
  }

  /// A program for a function of the kernel has to name one.
  private static func checkTarget(_ kind: ProgramKind, _ types: BTF) throws(Rejection) {
    let attach = AttachType(rawValue: kind.attachType)
    guard kind.type == .tracing, attach != .traceRawTracepoint, attach != .traceIterator,
      types.first(named: kind.target, kind: .function) == nil
    else { return }
    let what =
      kind.target.isEmpty ? "a program for no function" : "a program for '\(kind.target)', which is no function"
    throw Rejection(
      message: "not modelled: \(what)", errno: .notSupported, instruction: nil, cause: .unsupported(what))
  }

  private static let compatibleLicences: Set<String> = [
    "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
  ]

  private mutating func index(
    of name: String, at instruction: Int, _ indexes: inout [String: Int]
  ) throws(Rejection) -> Int {
    if let known = indexes[name] { return known }
    guard let definition = object.maps[name] else {
      throw Rejection(
        message: "fd 0 is not pointing to valid bpf_map", errno: 9, instruction: instruction,
        cause: .missingReference(name))
    }
    let index = maps.count
    indexes[name] = index
    maps.append(MapFacts(definition))
    if let inner = definition.innerMap {
      maps[index].inner = maps.count
      var facts = MapFacts(inner.value)
      facts.isInner = true
      maps.append(facts)
    }
    return index
  }
}

/// What an instruction refers to.
enum ResolvedReference {
  case map(Int)
  case mapValue(Int, offset: Int)
  case function(Int)
  case kernelFunction(String, isWeak: Bool)
  case kernelSymbol(String, isWeak: Bool)
}

/// A map as the verifier needs it.
struct MapFacts {
  let definition: MapDefinition
  let fields: SpecialFields
  /// The first bytes of the single value where it can never change, zeros after them: a read gives what is in it.
  let frozen: [UInt8]?
  /// The index of the map that its slots are like, for maps of maps.
  var inner: Int?
  /// Whether it is such a map.
  var isInner = false

  init(_ definition: MapDefinition) {
    self.definition = definition
    if let types = definition.types, definition.valueType != .void {
      fields = (try? SpecialFields.find(in: types, value: definition.valueType)) ?? SpecialFields(absence: .noFields)
    } else {
      fields = SpecialFields(absence: .noFields)
    }
    switch definition.origin {
    case .readOnlyData, .configuration: frozen = definition.initialContents
    case .maps, .data: frozen = nil
    }
  }

  var keySize: Int { Int(definition.keySize) }
  var valueSize: Int { Int(definition.valueSize) }
  var isReadOnly: Bool { definition.flags.contains(.readOnlyForPrograms) || frozen != nil }
  var isWriteOnly: Bool { definition.flags.contains(.writeOnlyForPrograms) }
  var hasTypes: Bool { definition.types != nil && definition.valueType != .void }
  /// Whether values hold a field of which each look-up of an inner map has its own.
  var hasAsynchronousField: Bool {
    fields.first(.timer) != nil || fields.first(.workQueue) != nil || fields.first(.taskWork) != nil
  }
}
