/// What was proven of the memory that an instruction accesses, on every path.
package enum ProvenAccess: UInt8, Sendable {
  /// Nothing: each access is checked.
  case nothing
  /// It lies within a region that is mapped while the program runs.
  case withinRegion
  /// It is a read of a kernel structure, through a pointer that may be null or stale. Linux reads zero there.
  case kernelStructure
}

extension Record {
  /// Makes an access of the stack frame at a fixed place, which can not lie outside of it, one that is not checked.
  ///
  /// That r10 is the frame's end is certain: decoding refuses what would write to it.
  mutating func useFrame() {
    let base = operation.isLoad ? source : destination
    guard base == 10, let form = operation.frameForm, offset >= -Int32(CallStack.frameByteCount),
      offset + Int32(operation.accessByteCount) <= 0
    else { return }
    operation = form
  }

  /// Leaves out what a proof makes needless.
  mutating func use(_ proof: ProvenAccess) {
    switch proof {
    case .nothing: break
    case .withinRegion: if let form = operation.provenForm { operation = form }
    case .kernelStructure: if let form = operation.probeForm { operation = form }
    }
  }
}

extension Operation {
  fileprivate var isLoad: Bool {
    switch self {
    case .load8, .load16, .load32, .load64, .loadSigned8, .loadSigned16, .loadSigned32: true
    default: false
    }
  }

  /// The number of bytes that a load or a store accesses.
  fileprivate var accessByteCount: Int {
    switch self {
    case .load8, .loadSigned8, .store8Immediate, .store8Register: 1
    case .load16, .loadSigned16, .store16Immediate, .store16Register: 2
    case .load32, .loadSigned32, .store32Immediate, .store32Register: 4
    default: 8
    }
  }

  /// The form of a load or a store of the stack frame that is not checked.
  fileprivate var frameForm: Operation? {
    switch self {
    case .load8: .loadFrame8
    case .load16: .loadFrame16
    case .load32: .loadFrame32
    case .load64: .loadFrame64
    case .loadSigned8: .loadFrameSigned8
    case .loadSigned16: .loadFrameSigned16
    case .loadSigned32: .loadFrameSigned32
    case .store8Immediate: .storeFrame8Immediate
    case .store16Immediate: .storeFrame16Immediate
    case .store32Immediate: .storeFrame32Immediate
    case .store64Immediate: .storeFrame64Immediate
    case .store8Register: .storeFrame8Register
    case .store16Register: .storeFrame16Register
    case .store32Register: .storeFrame32Register
    case .store64Register: .storeFrame64Register
    default: nil
    }
  }

  /// The form of a load or a store that translates an address and does not check it.
  fileprivate var provenForm: Operation? {
    switch self {
    case .load8: .loadProven8
    case .load16: .loadProven16
    case .load32: .loadProven32
    case .load64: .loadProven64
    case .loadSigned8: .loadProvenSigned8
    case .loadSigned16: .loadProvenSigned16
    case .loadSigned32: .loadProvenSigned32
    case .store8Immediate: .storeProven8Immediate
    case .store16Immediate: .storeProven16Immediate
    case .store32Immediate: .storeProven32Immediate
    case .store64Immediate: .storeProven64Immediate
    case .store8Register: .storeProven8Register
    case .store16Register: .storeProven16Register
    case .store32Register: .storeProven32Register
    case .store64Register: .storeProven64Register
    default: nil
    }
  }

  /// The form of a load that gives zero where there is nothing to read.
  fileprivate var probeForm: Operation? {
    switch self {
    case .load8: .probe8
    case .load16: .probe16
    case .load32: .probe32
    case .load64: .probe64
    case .loadSigned8: .probeSigned8
    case .loadSigned16: .probeSigned16
    case .loadSigned32: .probeSigned32
    default: nil
    }
  }
}
