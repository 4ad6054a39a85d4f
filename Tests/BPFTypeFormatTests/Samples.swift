import BPFTypeFormat

/// Types that have each of the twenty kinds, with the identifiers that tests need.
struct Sample {
  var builder = BTFBuilder()
  let int: BTFTypeID
  let unsigned64: BTFTypeID
  let character: BTFTypeID
  let pointer: BTFTypeID
  let array: BTFTypeID
  let point: BTFTypeID
  let flags: BTFTypeID
  let typedef: BTFTypeID
  let qualified: BTFTypeID
  let function: BTFTypeID
  let variable: BTFTypeID
  let node: BTFTypeID

  init() {
    int = builder.add(
      BTFType(name: "int", kind: .integer(.init(byteCount: 4, bitCount: 32, isSigned: true))))
    unsigned64 = builder.add(
      BTFType(name: "unsigned long long", kind: .integer(.init(byteCount: 8, bitCount: 64))))
    character = builder.add(
      BTFType(name: "char", kind: .integer(.init(byteCount: 1, bitCount: 8, isSigned: true))))
    _ = builder.add(
      BTFType(name: "_Bool", kind: .integer(.init(byteCount: 1, bitCount: 8, isBoolean: true))))
    pointer = builder.add(BTFType(kind: .pointer(character)))
    array = builder.add(BTFType(kind: .array(.init(element: character, index: int, count: 16))))
    point = builder.add(
      BTFType(
        name: "point",
        kind: .structure(
          .init(
            byteCount: 24,
            members: [
              .init(name: "x", type: int, bitOffset: 0), .init(name: "y", type: int, bitOffset: 32),
              .init(name: "name", type: array, bitOffset: 64),
            ]))))
    flags = builder.add(
      BTFType(
        name: "flags",
        kind: .structure(
          .init(
            byteCount: 8,
            members: [
              .init(name: "low", type: int, bitOffset: 0, bitFieldWidth: 3),
              .init(name: "high", type: int, bitOffset: 3, bitFieldWidth: 29),
              .init(name: "rest", type: int, bitOffset: 32),
            ]))))
    _ = builder.add(
      BTFType(
        name: "either",
        kind: .union(
          .init(
            byteCount: 4,
            members: [.init(name: "a", type: int, bitOffset: 0), .init(name: "b", type: int, bitOffset: 0)]))))
    _ = builder.add(
      BTFType(
        name: "colour",
        kind: .enumeration(
          .init(
            byteCount: 4, isSigned: true, is64Bit: false,
            values: [.init(name: "RED", value: 0), .init(name: "NONE", value: UInt64.max)]))))
    _ = builder.add(
      BTFType(
        name: "wide",
        kind: .enumeration(
          .init(
            byteCount: 8, isSigned: false, is64Bit: true, values: [.init(name: "HUGE", value: 0x1234_5678_9abc_def0)]
          ))))
    _ = builder.add(BTFType(name: "later", kind: .forward(isUnion: true)))
    typedef = builder.add(BTFType(name: "point_t", kind: .typedef(point)))
    let volatile = builder.add(BTFType(kind: .volatile(typedef)))
    qualified = builder.add(BTFType(kind: .const(volatile)))
    _ = builder.add(BTFType(kind: .restrict(pointer)))
    let prototype = builder.add(
      BTFType(
        kind: .functionPrototype(
          .init(result: int, parameters: [.init(name: "p", type: pointer), .init(name: "", type: .void)]))))
    function = builder.add(
      BTFType(name: "print", kind: .function(prototype: prototype, linkage: .global)))
    variable = builder.add(BTFType(name: "origin", kind: .variable(type: point, linkage: .static)))
    _ = builder.add(
      BTFType(
        name: ".bss",
        kind: .dataSection(.init(byteCount: 24, variables: [.init(type: variable, offset: 0, byteCount: 24)]))))
    _ = builder.add(BTFType(name: "double", kind: .float(byteCount: 8)))
    _ = builder.add(BTFType(name: "on the whole", kind: .declarationTag(target: point, component: -1)))
    _ = builder.add(BTFType(name: "on y", kind: .declarationTag(target: point, component: 1)))
    _ = builder.add(BTFType(name: "also on y", kind: .declarationTag(target: point, component: 1)))
    _ = builder.add(BTFType(name: "user", kind: .typeTag(int)))
    _ = builder.add(BTFType(name: "address_space(1)", kind: .typeTag(int), isAttribute: true))
    node = BTFTypeID(UInt32(builder.typeCount + 2))
    let next = builder.add(BTFType(kind: .pointer(node)))
    _ = builder.add(
      BTFType(
        name: "node",
        kind: .structure(.init(byteCount: 8, members: [.init(name: "next", type: next, bitOffset: 0)]))))
  }
}

/// Numbers that look random and are the same in each run (the generator SplitMix64 of Steele, Lea and Flood).
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
