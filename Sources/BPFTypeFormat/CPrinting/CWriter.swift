/// C text while it is written: what has been defined, and under which names.
struct CWriter {
  let btf: BTF
  private let limit: Int
  private var output = ""

  private enum State { case declared, defining, defined }
  /// Structures, unions, enumerations and typedefs with a name, by how far they have come.
  private var states: [BTFTypeID: State] = [:]
  /// Types without a name of which all that they need has been written, for use by value and for use by reference.
  private var satisfied: Set<Need> = []
  private struct Need: Hashable {
    var id: BTFTypeID
    var isComplete: Bool
  }

  private var names = CNames()
  private var assigned: [BTFTypeID: String] = [:]
  /// The tags of structures and unions that are declared and never defined.
  private var forwardNames: [BTFType: String] = [:]
  /// Anonymous enumerations whose enumerators have been written; C allows them once.
  var writtenEnumerations: Set<BTFTypeID> = []
  var alignments: [BTFTypeID: Int] = [:]
  /// How many padding members have been named.
  var paddingCount = 0

  /// How deep definitions may call for each other. The kernel's own types need less than 40.
  static let maximumDepth = 200

  init(_ btf: BTF, limit: Int) {
    self.btf = btf
    self.limit = limit
  }

  mutating func write(_ text: String) { output += text }

  func check(_ length: Int) throws(BTFError) {
    guard length <= limit else { throw BTFError(.query, .outputLimit(limit)) }
  }

  func text() throws(BTFError) -> String {
    try check(output.utf8.count)
    return output
  }

  // MARK: Names

  /// The C tag or typedef name of a type that has a name.
  mutating func name(of id: BTFTypeID, _ type: BTFType) throws(BTFError) -> String {
    if let name = assigned[id] { return name }
    let name: String
    switch type.kind {
    case .forward(let isUnion):
      if let definition = definition(ofForward: type.name, isUnion: isUnion) {
        name = try self.name(of: definition, btf.type(definition))
      } else if let known = forwardNames[type] {
        name = known
      } else {
        name = names.claimTag(type.name)
        forwardNames[type] = name
      }
    case .structure, .union, .enumeration:
      name = names.claimTag(type.name)
    default:
      name = names.claimOrdinary(type.name)
    }
    assigned[id] = name
    return name
  }

  func definition(ofForward name: String, isUnion: Bool) -> BTFTypeID? {
    btf.first(named: name, kind: isUnion ? .union : .structure)
  }

  /// Gives a function its own name before any other type can take it.
  mutating func reserveName(of id: BTFTypeID) throws(BTFError) {
    _ = try name(of: id, btf.type(id))
  }

  mutating func enumeratorName(_ name: String) -> String { names.claimOrdinary(name) }

  /// A parameter's name, changed when it would hide a type that a later parameter may need.
  func parameterName(_ name: String) -> String {
    guard !name.isEmpty else { return "" }
    let identifier = CNames.identifier(name)
    return names.isTaken(identifier) ? identifier + "_" : identifier
  }

  // MARK: Order

  /// Writes the definitions of all types that have a name, and of enumerations without one.
  mutating func defineAll() throws(BTFError) {
    var enumerations: [BTFTypeID] = []
    for id in BTFTypeIDs(range: 1..<btf.typeCount + 1) {
      switch try btf.kind(of: id) {
      case .structure, .union, .typedef, .forward:
        if try !btf.name(of: id).isEmpty { try define(id) }
      case .enumeration, .enumeration64:
        if try btf.name(of: id).isEmpty { enumerations.append(id) } else { try define(id) }
      default:
        break
      }
    }
    for id in enumerations where !writtenEnumerations.contains(id) { try define(id) }
  }

  /// Writes the definition of a type, after all that it needs.
  mutating func define(_ id: BTFTypeID) throws(BTFError) {
    let type = try btf.type(id)
    switch type.kind {
    case .function(let prototype, _):
      try require(prototype, isComplete: false, depth: 0)
      write("extern \(try declarator(prototype, try name(of: id, type)));\n\n")
    case .variable(let target, _):
      try require(target, isComplete: true, depth: 0)
      write("extern \(try declarator(target, try name(of: id, type)));\n\n")
    case .enumeration(let enumeration) where type.name.isEmpty:
      guard !writtenEnumerations.contains(id) else { return }
      let definition = try self.definition(of: id)
      let hasBooleans = enumeration.values.contains { $0.name == "true" || $0.name == "false" }
      write(hasBooleans ? Self.unlessBooleansExist("\(definition);") : "\(definition);\n\n")
    case .forward:
      try require(id, isComplete: false, depth: 0)
    default:
      try require(id, isComplete: true, depth: 0)
    }
    try check(output.utf8.count)
  }

  /// Lets `<stdbool.h>` come first, and C23, in which these are keywords.
  private static func unlessBooleansExist(_ text: String) -> String {
    """
    #if !defined(__bool_true_false_are_defined) && (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 202311L)
    \(text)
    #endif


    """
  }

  /// Makes sure that what a type needs has been written: its definition when it is used by value, else its name.
  private mutating func require(_ id: BTFTypeID, isComplete: Bool, depth: Int) throws(BTFError) {
    guard id != .void else { return }
    guard depth <= Self.maximumDepth else { throw BTFError(.query, .tooDeep(id)) }
    let type = try btf.type(id)
    switch type.kind {
    case .structure(let composite) where !type.name.isEmpty, .union(let composite) where !type.name.isEmpty:
      try requireComposite(id, type, composite, isComplete: isComplete, depth: depth)
    case .enumeration where !type.name.isEmpty:
      guard states[id] == nil else { return }
      states[id] = .defined
      write("\(try definition(of: id));\n\n")
    case .typedef(let target):
      try requireTypedef(id, type, target, isComplete: isComplete, depth: depth)
    case .forward(let isUnion):
      try requireForward(id, type, isUnion: isUnion, isComplete: isComplete, depth: depth)
    default:
      guard satisfied.insert(Need(id: id, isComplete: isComplete)).inserted else { return }
      switch type.kind {
      case .structure(let composite), .union(let composite):
        try requireMembers(of: composite, isUnion: type.kind.code == .union, depth: depth)
      case .pointer(let target):
        try require(target, isComplete: false, depth: depth + 1)
      case .array(let array):
        // C wants to know the size of an array's element even where the array itself is not used by value.
        try require(array.element, isComplete: true, depth: depth + 1)
      case .const(let target), .volatile(let target), .restrict(let target), .typeTag(let target):
        try require(target, isComplete: isComplete, depth: depth + 1)
      case .functionPrototype(let prototype):
        try require(prototype.result, isComplete: false, depth: depth + 1)
        for parameter in prototype.parameters {
          try require(parameter.type, isComplete: false, depth: depth + 1)
        }
      default:
        break
      }
    }
  }

  private mutating func requireComposite(
    _ id: BTFTypeID, _ type: BTFType, _ composite: BTFType.Composite, isComplete: Bool, depth: Int
  ) throws(BTFError) {
    if isComplete {
      if states[id] == .defined { return }
      guard states[id] != .defining else { throw BTFError(.query, .tooDeep(id)) }
      states[id] = .defining
      try requireMembers(of: composite, isUnion: type.kind.code == .union, depth: depth)
      let forward = try "\(type.kind.code.description) \(name(of: id, type));\n\n"
      // Its own members may have asked for its name; directly in front of the definition that says nothing.
      if output.hasSuffix("\n\(forward)") { output.removeLast(forward.count) }
      write("\(try definition(of: id));\n\n")
      states[id] = .defined
      try check(output.utf8.count)
    } else {
      switch states[id] {
      case .declared, .defined: return
      case .defining:
        // Its members are being written before it; one of them needs the name.
        guard satisfied.insert(Need(id: id, isComplete: false)).inserted else { return }
      case nil: states[id] = .declared
      }
      write("\(type.kind.code.description) \(try name(of: id, type));\n\n")
    }
  }

  private mutating func requireMembers(
    of composite: BTFType.Composite, isUnion: Bool, depth: Int
  ) throws(BTFError) {
    guard try layout(of: composite, isUnion: isUnion) != .opaque else { return }
    for member in composite.members {
      try require(member.type, isComplete: true, depth: depth + 1)
    }
  }

  private mutating func requireTypedef(
    _ id: BTFTypeID, _ type: BTFType, _ target: BTFTypeID, isComplete: Bool, depth: Int
  ) throws(BTFError) {
    if states[id] == nil {
      states[id] = .defining
      try require(target, isComplete: false, depth: depth + 1)
      let text = "typedef \(try declarator(target, try name(of: id, type)));"
      write(type.name == "bool" ? Self.unlessBooleansExist(text) : "\(text)\n\n")
      states[id] = .defined
    } else if states[id] == .defining {
      throw BTFError(.query, .tooDeep(id))
    }
    if isComplete { try require(target, isComplete: true, depth: depth + 1) }
  }

  private mutating func requireForward(
    _ id: BTFTypeID, _ type: BTFType, isUnion: Bool, isComplete: Bool, depth: Int
  ) throws(BTFError) {
    if let definition = definition(ofForward: type.name, isUnion: isUnion) {
      return try require(definition, isComplete: isComplete, depth: depth + 1)
    }
    let name = try name(of: id, type)
    let keyword = isUnion ? "union" : "struct"
    if isComplete, states[id] != .defined {
      // Nothing is known but the name; an empty definition lets the rest compile.
      write("\(keyword) \(name) {};\n\n")
      states[id] = .defined
    } else if states[id] == nil {
      write("\(keyword) \(name);\n\n")
      states[id] = .declared
    }
  }

  // MARK: Kernel functions

  /// Declares kernel functions as weak externs, as programs that call them would.
  mutating func writeKernelFunctions(_ functions: [BTFTypeID]) throws(BTFError) {
    var prototypes: [String] = []
    for id in functions {
      let type = try btf.type(id)
      guard case .function(let prototype, _) = type.kind else { continue }
      try require(prototype, isComplete: false, depth: 0)
      prototypes.append("extern \(try declarator(prototype, try name(of: id, type))) __weak __ksym;")
    }
    write(
      """
      #ifndef BPF_NO_KFUNC_PROTOTYPES
      #ifndef __ksym
      #define __ksym __attribute__((section(".ksyms")))
      #endif
      #ifndef __weak
      #define __weak __attribute__((weak))
      #endif
      \(prototypes.joined(separator: "\n"))
      #endif


      """)
  }
}
