internal import BPFTypeFormat

/// What the arguments of a call have told so far.
struct CallArguments {
  /// The number of a helper function, 0 for a kernel function.
  var helper: Int32 = 0
  /// The name of a kernel function.
  var kernelFunction = ""
  /// The index of the map that was passed, and which look-up gave it.
  var map: Int?
  var mapInstance: Int32 = 0
  /// The constant key that was passed, where it is on the stack.
  var constantKey: UInt64?
  /// The reference that an argument belongs to.
  var reference: UInt32 = 0
  /// The register whose reference is given back.
  var released: UInt8?
  /// The memory that the function writes: the register that points to it and the bytes.
  var written: (register: UInt8, count: Int)?
  /// Whether the argument that is being looked at is memory that the function writes whole.
  var isUninitialized = false
  /// The constant size of what the result points to.
  var resultSize: UInt64?
  /// The largest size that was passed.
  var maximumSize: UInt64 = 0
  /// The first instruction of the function that is called back.
  var callback: Int?
  /// The initialised dynptr that was passed last.
  var dynptr: PassedDynptr?
  /// Whether what is given back is a dynptr.
  var releasesDynptr = false
  /// The constant that was passed (`__k`).
  var constant: UInt64?
  /// What was passed of objects of the program.
  var own = OwnObjectArguments()
  /// The field for pointers that was passed.
  var pointerField: SpecialFields.Field?
  /// The types that it is told in.
  var fieldTypes: BTF?
  /// The variable, or the object of the program, of which each CPU has its own.
  var perCPUVariable: RegisterState?

  init(helper: Int32) { self.helper = helper }
  init(kernelFunction: String) { self.kernelFunction = kernelFunction }

  /// The name of the function, with its number for a helper: `bpf_map_lookup_elem#1`.
  var function: String { helper != 0 ? Exploration.helperName(helper) : kernelFunction }
}
