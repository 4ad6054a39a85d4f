internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

/// What a function does with a lock.
struct LockOperation {
  var isLocking: Bool
  /// What is held meanwhile, which a matching function gives back.
  var kind: AcquiredReference.Kind

  var isResilient: Bool { kind != .spinLock }

  init(isLocking: Bool, kind: AcquiredReference.Kind) { (self.isLocking, self.kind) = (isLocking, kind) }

  /// The operation of a kernel function; nil for one that is not about locks.
  init?(_ role: KernelFunction.Role?) {
    switch role {
    case .resilientLock(let interrupts)?:
      self.init(isLocking: true, kind: interrupts ? .resilientSpinLockWithInterrupts : .resilientSpinLock)
    case .resilientUnlock(let interrupts)?:
      self.init(isLocking: false, kind: interrupts ? .resilientSpinLockWithInterrupts : .resilientSpinLock)
    default: return nil
    }
  }
}

extension Exploration {
  /// Takes a lock or gives it back. Several may be held, of which only the innermost can be given back.
  mutating func checkLock(
    _ operation: LockOperation, _ register: Register, _ state: RegisterState
  ) throws(Stop) {
    if !operation.isResilient, isInTreeCallback {
      throw reject("can't spin_{lock,unlock} in rbtree cb", .accessDenied, .region("bpf_spin_lock"))
    }
    try checkLockField(operation.isResilient ? .resilientSpinLock : .spinLock, register, state)
    let name = operation.isResilient ? "bpf_res_spin" : "bpf_spin"
    func refused(_ text: String) -> Stop { reject(text, .invalidArgument, .region("\(name)_lock")) }
    let owner = lockOwner(state)
    func isThis(_ held: AcquiredReference) -> Bool { held.id == state.id && held.owner == owner }
    if operation.isLocking {
      if operation.isResilient, references.contains(where: { $0.kind.isResilientLock && isThis($0) }) {
        throw refused("Acquiring the same lock again, AA deadlock detected")
      }
      references.append(
        AcquiredReference(kind: operation.kind, id: state.id, instruction: Int32(instruction), owner: owner))
    } else {
      guard regions.lockCount > 0 else { throw refused("\(name)_unlock without taking a lock") }
      guard let held = references.lastIndex(where: { $0.kind == operation.kind && isThis($0) }) else {
        throw refused("\(name)_unlock of different lock")
      }
      guard regions.activeLock == state.id, regions.activeLockOwner == owner else {
        throw refused("\(name)_unlock cannot be out of order")
      }
      references.remove(at: held)
      invalidateBorrowed()
    }
    let locks = references.filter(\.kind.isLock)
    regions.lockCount = UInt32(locks.count)
    regions.activeLock = locks.last?.id ?? 0
    regions.activeLockOwner = locks.last?.owner ?? 0
  }

  /// Whether the lock of what a pointer points into is held.
  func holdsLock(of state: RegisterState) -> Bool {
    let owner = lockOwner(state)
    return references.contains { $0.kind.isLock && $0.id == state.id && $0.owner == owner }
  }

  private mutating func checkLockField(
    _ kind: OwnObjectFields.Kind, _ register: Register, _ state: RegisterState
  ) throws(Stop) {
    let name = kind.rawValue
    guard let constant = state.number.constant else {
      throw reject(
        "R\(register.rawValue) doesn't have constant offset. \(name) has to be at the constant offset",
        .invalidArgument, .unboundedOffset(register))
    }
    var holder = "local 'kptr'"
    let place: Int?
    if state.kind == .mapValue {
      let map = program.maps[Int(state.object)]
      holder = "map '\(map.definition.name)'"
      guard map.hasTypes else {
        throw reject(
          "\(holder) has to have BTF in order to use \(name)", .invalidArgument,
          .missingField(map: map.definition.name, field: name))
      }
      place = map.fields.first(kind == .spinLock ? .spinLock : .resilientSpinLock)?.offset
    } else {
      place = ownFields(state.object)?.first(kind)?.offset
    }
    guard let place else {
      throw reject("\(holder) has no valid \(name)", .invalidArgument, .missingField(map: holder, field: name))
    }
    let offset = Int(Int64(bitPattern: constant)) &+ Int(state.offset)
    guard offset == place else {
      throw reject(
        "off \(offset) doesn't point to 'struct \(name)' that is at \(place)", .invalidArgument,
        .missingField(map: holder, field: name))
    }
  }

  /// The way on which a resilient lock was not got: R0 is an error, and nothing is held.
  mutating func pushFailedLock() throws(Stop) {
    let first = Self.place(frame, 0)
    let saved = (first..<first + 6).map { registers[$0] }
    clearCallerSaved()
    self[.r0] = RegisterState(kind: .scalar, number: .lockError)
    try push(instruction + 1, from: instruction)
    for (index, state) in saved.enumerated() { registers[first + index] = state }
  }
}

extension ScalarNumber {
  /// What a lock answers that was not got: -4095 to -1, as 32 bits with their sign.
  fileprivate static let lockError: ScalarNumber = {
    var number = ScalarNumber.unknown
    number.signed = Interval(-4095, -1)
    number.signed32 = Interval(-4095, -1)
    number.synchronize()
    return number
  }()
}
