// The interpreter's loop.
//
// Unsafe because registers, records and regions are reached by pointer, without a check of their indices: decoding has
// checked that registers are below 11 and that no record leads out of the program. Host memory is touched in
// `MemoryAccess+Unsafe.swift`.
//
// The loop must stay free of allocation, reference counting and exclusivity checks. All that needs them is in methods
// that are not inlined. It is one function, and long, since a switch over a dense enumeration is the dispatch.

extension Interpreter {
  /// Runs from a record to the exit of the activation's first frame.
  ///
  /// - Returns: `false` when `fault` has been set instead.
  @inline(never)
  func execute(
    _ activation: UnsafeMutablePointer<Activation>, from first: UnsafePointer<Record>,
    _ environment: any ProgramEnvironment
  ) -> Bool {
    let registers = activation.registers
    let regions = memory.table
    var limit = activation.pointee.limit
    // The end of the frame in use.
    var frame = stack.hostEnd(activation.pointee.depth)
    var next = first
    var record = first
    run: while true {
      record = next
      next += 1
      switch record.pointee.operation {
      // MARK: Arithmetic
      case .add64Immediate: registers[record.destination] &+= record.immediate
      case .add64Register: registers[record.destination] &+= registers[record.source]
      case .add32Immediate: registers.set32(record.destination, registers.low(record.destination) &+ record.low)
      case .add32Register:
        registers.set32(record.destination, registers.low(record.destination) &+ registers.low(record.source))
      case .subtract64Immediate: registers[record.destination] &-= record.immediate
      case .subtract64Register: registers[record.destination] &-= registers[record.source]
      case .subtract32Immediate: registers.set32(record.destination, registers.low(record.destination) &- record.low)
      case .subtract32Register:
        registers.set32(record.destination, registers.low(record.destination) &- registers.low(record.source))
      case .multiply64Immediate: registers[record.destination] &*= record.immediate
      case .multiply64Register: registers[record.destination] &*= registers[record.source]
      case .multiply32Immediate: registers.set32(record.destination, registers.low(record.destination) &* record.low)
      case .multiply32Register:
        registers.set32(record.destination, registers.low(record.destination) &* registers.low(record.source))
      case .or64Immediate: registers[record.destination] |= record.immediate
      case .or64Register: registers[record.destination] |= registers[record.source]
      case .or32Immediate: registers.set32(record.destination, registers.low(record.destination) | record.low)
      case .or32Register:
        registers.set32(record.destination, registers.low(record.destination) | registers.low(record.source))
      case .and64Immediate: registers[record.destination] &= record.immediate
      case .and64Register: registers[record.destination] &= registers[record.source]
      case .and32Immediate: registers.set32(record.destination, registers.low(record.destination) & record.low)
      case .and32Register:
        registers.set32(record.destination, registers.low(record.destination) & registers.low(record.source))
      case .xor64Immediate: registers[record.destination] ^= record.immediate
      case .xor64Register: registers[record.destination] ^= registers[record.source]
      case .xor32Immediate: registers.set32(record.destination, registers.low(record.destination) ^ record.low)
      case .xor32Register:
        registers.set32(record.destination, registers.low(record.destination) ^ registers.low(record.source))
      case .shiftLeft64Immediate: registers[record.destination] &<<= record.immediate
      case .shiftLeft64Register: registers[record.destination] &<<= registers[record.source]
      case .shiftLeft32Immediate: registers.set32(record.destination, registers.low(record.destination) &<< record.low)
      case .shiftLeft32Register:
        registers.set32(record.destination, registers.low(record.destination) &<< registers.low(record.source))
      case .shiftRight64Immediate: registers[record.destination] &>>= record.immediate
      case .shiftRight64Register: registers[record.destination] &>>= registers[record.source]
      case .shiftRight32Immediate:
        registers.set32(record.destination, registers.low(record.destination) &>> record.low)
      case .shiftRight32Register:
        registers.set32(record.destination, registers.low(record.destination) &>> registers.low(record.source))
      case .arithmeticShiftRight64Immediate:
        registers[record.destination] = arithmeticShiftRight(registers[record.destination], record.immediate)
      case .arithmeticShiftRight64Register:
        registers[record.destination] = arithmeticShiftRight(registers[record.destination], registers[record.source])
      case .arithmeticShiftRight32Immediate:
        registers.set32(record.destination, arithmeticShiftRight(registers.low(record.destination), record.low))
      case .arithmeticShiftRight32Register:
        registers.set32(
          record.destination, arithmeticShiftRight(registers.low(record.destination), registers.low(record.source)))
      case .divide64Immediate: registers[record.destination] = divide(registers[record.destination], record.immediate)
      case .divide64Register:
        registers[record.destination] = divide(registers[record.destination], registers[record.source])
      case .divide32Immediate:
        registers.set32(record.destination, divide(registers.low(record.destination), record.low))
      case .divide32Register:
        registers.set32(record.destination, divide(registers.low(record.destination), registers.low(record.source)))
      case .modulo64Immediate: registers[record.destination] = modulo(registers[record.destination], record.immediate)
      case .modulo64Register:
        registers[record.destination] = modulo(registers[record.destination], registers[record.source])
      case .modulo32Immediate:
        registers.set32(record.destination, modulo(registers.low(record.destination), record.low))
      case .modulo32Register:
        registers.set32(record.destination, modulo(registers.low(record.destination), registers.low(record.source)))
      case .signedDivide64Immediate:
        registers[record.destination] = signedDivide(registers[record.destination], record.immediate)
      case .signedDivide64Register:
        registers[record.destination] = signedDivide(registers[record.destination], registers[record.source])
      case .signedDivide32Immediate:
        registers.set32(record.destination, signedDivide(registers.low(record.destination), record.low))
      case .signedDivide32Register:
        registers.set32(
          record.destination, signedDivide(registers.low(record.destination), registers.low(record.source)))
      case .signedModulo64Immediate:
        registers[record.destination] = signedModulo(registers[record.destination], record.immediate)
      case .signedModulo64Register:
        registers[record.destination] = signedModulo(registers[record.destination], registers[record.source])
      case .signedModulo32Immediate:
        registers.set32(record.destination, signedModulo(registers.low(record.destination), record.low))
      case .signedModulo32Register:
        registers.set32(
          record.destination, signedModulo(registers.low(record.destination), registers.low(record.source)))
      case .negate64: registers[record.destination] = 0 &- registers[record.destination]
      case .negate32: registers.set32(record.destination, 0 &- registers.low(record.destination))

      // MARK: Moves and byte swaps
      case .move64Immediate: registers[record.destination] = record.immediate
      case .move64Register: registers[record.destination] = registers[record.source]
      case .move32Register: registers.set32(record.destination, registers.low(record.source))
      case .moveSigned8To64: registers[record.destination] = signExtend(registers[record.source], Int8.self)
      case .moveSigned16To64: registers[record.destination] = signExtend(registers[record.source], Int16.self)
      case .moveSigned32To64: registers[record.destination] = signExtend(registers[record.source], Int32.self)
      case .moveSigned8To32:
        registers[record.destination] = signExtend(registers[record.source], Int8.self) & 0xffff_ffff
      case .moveSigned16To32:
        registers[record.destination] = signExtend(registers[record.source], Int16.self) & 0xffff_ffff
      case .swap16:
        registers[record.destination] = UInt64(UInt16(truncatingIfNeeded: registers[record.destination]).byteSwapped)
      case .swap32: registers.set32(record.destination, registers.low(record.destination).byteSwapped)
      case .swap64: registers[record.destination] = registers[record.destination].byteSwapped
      case .truncate16: registers[record.destination] &= 0xffff
      case .truncate32: registers[record.destination] &= 0xffff_ffff
      case .keep64: break
      case .loadWide:
        registers[record.destination] = record.immediate
        next += 1

      // MARK: Memory
      case .load8:
        guard regions.load(UInt8.self, registers, record) else { return raiseInvalidRead(activation, record, 1) }
      case .load16:
        guard regions.load(UInt16.self, registers, record) else { return raiseInvalidRead(activation, record, 2) }
      case .load32:
        guard regions.load(UInt32.self, registers, record) else { return raiseInvalidRead(activation, record, 4) }
      case .load64:
        guard regions.load(UInt64.self, registers, record) else { return raiseInvalidRead(activation, record, 8) }
      case .loadSigned8:
        guard regions.load(Int8.self, registers, record) else { return raiseInvalidRead(activation, record, 1) }
      case .loadSigned16:
        guard regions.load(Int16.self, registers, record) else { return raiseInvalidRead(activation, record, 2) }
      case .loadSigned32:
        guard regions.load(Int32.self, registers, record) else { return raiseInvalidRead(activation, record, 4) }
      case .store8Immediate:
        guard regions.store(UInt8.self, record.immediate, registers, record) else {
          return raiseInvalidWrite(activation, record, 1)
        }
      case .store16Immediate:
        guard regions.store(UInt16.self, record.immediate, registers, record) else {
          return raiseInvalidWrite(activation, record, 2)
        }
      case .store32Immediate:
        guard regions.store(UInt32.self, record.immediate, registers, record) else {
          return raiseInvalidWrite(activation, record, 4)
        }
      case .store64Immediate:
        guard regions.store(UInt64.self, record.immediate, registers, record) else {
          return raiseInvalidWrite(activation, record, 8)
        }
      case .store8Register:
        guard regions.store(UInt8.self, registers[record.source], registers, record) else {
          return raiseInvalidWrite(activation, record, 1)
        }
      case .store16Register:
        guard regions.store(UInt16.self, registers[record.source], registers, record) else {
          return raiseInvalidWrite(activation, record, 2)
        }
      case .store32Register:
        guard regions.store(UInt32.self, registers[record.source], registers, record) else {
          return raiseInvalidWrite(activation, record, 4)
        }
      case .store64Register:
        guard regions.store(UInt64.self, registers[record.source], registers, record) else {
          return raiseInvalidWrite(activation, record, 8)
        }
      case .atomic32: guard modifyAtomically(activation, record, byteCount: 4) else { return false }
      case .atomic64: guard modifyAtomically(activation, record, byteCount: 8) else { return false }
      case .loadAcquire: guard loadAcquire(activation, record) else { return false }
      case .storeRelease: guard storeRelease(activation, record) else { return false }

      // MARK: Memory that was proven
      case .loadFrame8: loadFrame(UInt8.self, registers, record, frame)
      case .loadProven8: regions.loadProven(UInt8.self, registers, record)
      case .probe8: regions.probe(UInt8.self, registers, record)
      case .loadFrame16: loadFrame(UInt16.self, registers, record, frame)
      case .loadProven16: regions.loadProven(UInt16.self, registers, record)
      case .probe16: regions.probe(UInt16.self, registers, record)
      case .loadFrame32: loadFrame(UInt32.self, registers, record, frame)
      case .loadProven32: regions.loadProven(UInt32.self, registers, record)
      case .probe32: regions.probe(UInt32.self, registers, record)
      case .loadFrame64: loadFrame(UInt64.self, registers, record, frame)
      case .loadProven64: regions.loadProven(UInt64.self, registers, record)
      case .probe64: regions.probe(UInt64.self, registers, record)
      case .loadFrameSigned8: loadFrame(Int8.self, registers, record, frame)
      case .loadProvenSigned8: regions.loadProven(Int8.self, registers, record)
      case .probeSigned8: regions.probe(Int8.self, registers, record)
      case .loadFrameSigned16: loadFrame(Int16.self, registers, record, frame)
      case .loadProvenSigned16: regions.loadProven(Int16.self, registers, record)
      case .probeSigned16: regions.probe(Int16.self, registers, record)
      case .loadFrameSigned32: loadFrame(Int32.self, registers, record, frame)
      case .loadProvenSigned32: regions.loadProven(Int32.self, registers, record)
      case .probeSigned32: regions.probe(Int32.self, registers, record)
      case .storeFrame8Immediate: storeFrame(UInt8.self, record.immediate, record, frame)
      case .storeProven8Immediate: regions.storeProven(UInt8.self, record.immediate, registers, record)
      case .storeFrame16Immediate: storeFrame(UInt16.self, record.immediate, record, frame)
      case .storeProven16Immediate: regions.storeProven(UInt16.self, record.immediate, registers, record)
      case .storeFrame32Immediate: storeFrame(UInt32.self, record.immediate, record, frame)
      case .storeProven32Immediate: regions.storeProven(UInt32.self, record.immediate, registers, record)
      case .storeFrame64Immediate: storeFrame(UInt64.self, record.immediate, record, frame)
      case .storeProven64Immediate: regions.storeProven(UInt64.self, record.immediate, registers, record)
      case .storeFrame8Register: storeFrame(UInt8.self, registers[record.source], record, frame)
      case .storeProven8Register: regions.storeProven(UInt8.self, registers[record.source], registers, record)
      case .storeFrame16Register: storeFrame(UInt16.self, registers[record.source], record, frame)
      case .storeProven16Register: regions.storeProven(UInt16.self, registers[record.source], registers, record)
      case .storeFrame32Register: storeFrame(UInt32.self, registers[record.source], record, frame)
      case .storeProven32Register: regions.storeProven(UInt32.self, registers[record.source], registers, record)
      case .storeFrame64Register: storeFrame(UInt64.self, registers[record.source], record, frame)
      case .storeProven64Register: regions.storeProven(UInt64.self, registers[record.source], registers, record)

      // MARK: Jumps
      case .jump: guard branch(true, record, &next, &limit) else { break run }
      case .jumpEqual64Immediate:
        guard branch(registers[record.destination] == record.immediate, record, &next, &limit) else { break run }
      case .jumpEqual64Register:
        guard branch(registers[record.destination] == registers[record.source], record, &next, &limit) else {
          break run
        }
      case .jumpEqual32Immediate:
        guard branch(registers.low(record.destination) == record.low, record, &next, &limit) else { break run }
      case .jumpEqual32Register:
        guard branch(registers.low(record.destination) == registers.low(record.source), record, &next, &limit) else {
          break run
        }
      case .jumpNotEqual64Immediate:
        guard branch(registers[record.destination] != record.immediate, record, &next, &limit) else { break run }
      case .jumpNotEqual64Register:
        guard branch(registers[record.destination] != registers[record.source], record, &next, &limit) else {
          break run
        }
      case .jumpNotEqual32Immediate:
        guard branch(registers.low(record.destination) != record.low, record, &next, &limit) else { break run }
      case .jumpNotEqual32Register:
        guard branch(registers.low(record.destination) != registers.low(record.source), record, &next, &limit) else {
          break run
        }
      case .jumpGreater64Immediate:
        guard branch(registers[record.destination] > record.immediate, record, &next, &limit) else { break run }
      case .jumpGreater64Register:
        guard branch(registers[record.destination] > registers[record.source], record, &next, &limit) else { break run }
      case .jumpGreater32Immediate:
        guard branch(registers.low(record.destination) > record.low, record, &next, &limit) else { break run }
      case .jumpGreater32Register:
        guard branch(registers.low(record.destination) > registers.low(record.source), record, &next, &limit) else {
          break run
        }
      case .jumpGreaterOrEqual64Immediate:
        guard branch(registers[record.destination] >= record.immediate, record, &next, &limit) else { break run }
      case .jumpGreaterOrEqual64Register:
        guard branch(registers[record.destination] >= registers[record.source], record, &next, &limit) else {
          break run
        }
      case .jumpGreaterOrEqual32Immediate:
        guard branch(registers.low(record.destination) >= record.low, record, &next, &limit) else { break run }
      case .jumpGreaterOrEqual32Register:
        guard branch(registers.low(record.destination) >= registers.low(record.source), record, &next, &limit) else {
          break run
        }
      case .jumpLess64Immediate:
        guard branch(registers[record.destination] < record.immediate, record, &next, &limit) else { break run }
      case .jumpLess64Register:
        guard branch(registers[record.destination] < registers[record.source], record, &next, &limit) else { break run }
      case .jumpLess32Immediate:
        guard branch(registers.low(record.destination) < record.low, record, &next, &limit) else { break run }
      case .jumpLess32Register:
        guard branch(registers.low(record.destination) < registers.low(record.source), record, &next, &limit) else {
          break run
        }
      case .jumpLessOrEqual64Immediate:
        guard branch(registers[record.destination] <= record.immediate, record, &next, &limit) else { break run }
      case .jumpLessOrEqual64Register:
        guard branch(registers[record.destination] <= registers[record.source], record, &next, &limit) else {
          break run
        }
      case .jumpLessOrEqual32Immediate:
        guard branch(registers.low(record.destination) <= record.low, record, &next, &limit) else { break run }
      case .jumpLessOrEqual32Register:
        guard branch(registers.low(record.destination) <= registers.low(record.source), record, &next, &limit) else {
          break run
        }
      case .jumpSet64Immediate:
        guard branch(registers[record.destination] & record.immediate != 0, record, &next, &limit) else { break run }
      case .jumpSet64Register:
        guard branch(registers[record.destination] & registers[record.source] != 0, record, &next, &limit) else {
          break run
        }
      case .jumpSet32Immediate:
        guard branch(registers.low(record.destination) & record.low != 0, record, &next, &limit) else { break run }
      case .jumpSet32Register:
        guard branch(registers.low(record.destination) & registers.low(record.source) != 0, record, &next, &limit)
        else { break run }
      case .jumpSignedGreater64Immediate:
        guard branch(registers.signed(record.destination) > Int64(bitPattern: record.immediate), record, &next, &limit)
        else { break run }
      case .jumpSignedGreater64Register:
        guard branch(registers.signed(record.destination) > registers.signed(record.source), record, &next, &limit)
        else { break run }
      case .jumpSignedGreater32Immediate:
        guard branch(registers.signedLow(record.destination) > Int32(bitPattern: record.low), record, &next, &limit)
        else { break run }
      case .jumpSignedGreater32Register:
        guard
          branch(registers.signedLow(record.destination) > registers.signedLow(record.source), record, &next, &limit)
        else { break run }
      case .jumpSignedGreaterOrEqual64Immediate:
        guard branch(registers.signed(record.destination) >= Int64(bitPattern: record.immediate), record, &next, &limit)
        else { break run }
      case .jumpSignedGreaterOrEqual64Register:
        guard branch(registers.signed(record.destination) >= registers.signed(record.source), record, &next, &limit)
        else { break run }
      case .jumpSignedGreaterOrEqual32Immediate:
        guard branch(registers.signedLow(record.destination) >= Int32(bitPattern: record.low), record, &next, &limit)
        else { break run }
      case .jumpSignedGreaterOrEqual32Register:
        guard
          branch(registers.signedLow(record.destination) >= registers.signedLow(record.source), record, &next, &limit)
        else { break run }
      case .jumpSignedLess64Immediate:
        guard branch(registers.signed(record.destination) < Int64(bitPattern: record.immediate), record, &next, &limit)
        else { break run }
      case .jumpSignedLess64Register:
        guard branch(registers.signed(record.destination) < registers.signed(record.source), record, &next, &limit)
        else { break run }
      case .jumpSignedLess32Immediate:
        guard branch(registers.signedLow(record.destination) < Int32(bitPattern: record.low), record, &next, &limit)
        else { break run }
      case .jumpSignedLess32Register:
        guard
          branch(registers.signedLow(record.destination) < registers.signedLow(record.source), record, &next, &limit)
        else { break run }
      case .jumpSignedLessOrEqual64Immediate:
        guard branch(registers.signed(record.destination) <= Int64(bitPattern: record.immediate), record, &next, &limit)
        else { break run }
      case .jumpSignedLessOrEqual64Register:
        guard branch(registers.signed(record.destination) <= registers.signed(record.source), record, &next, &limit)
        else { break run }
      case .jumpSignedLessOrEqual32Immediate:
        guard branch(registers.signedLow(record.destination) <= Int32(bitPattern: record.low), record, &next, &limit)
        else { break run }
      case .jumpSignedLessOrEqual32Register:
        guard
          branch(registers.signedLow(record.destination) <= registers.signedLow(record.source), record, &next, &limit)
        else { break run }
      case .mayGoto:
        let saved = stack.frame(activation.pointee.depth)
        let isUsedUp = saved.pointee.loopsLeft == 0
        if !isUsedUp { saved.pointee.loopsLeft &-= 1 }
        guard branch(isUsedUp, record, &next, &limit) else { break run }

      // MARK: Calls
      case .callHelper:
        activation.pointee.limit = limit
        guard let continuation = callHelper(activation, record, number: record.immediate, environment) else {
          return !activation.pointee.hasFaulted
        }
        limit = activation.pointee.limit
        next = continuation
      case .callKernelFunction:
        activation.pointee.limit = limit
        guard let continuation = callKernelFunction(activation, record, environment) else {
          return !activation.pointee.hasFaulted
        }
        limit = activation.pointee.limit
        next = continuation
      case .callLocal:
        activation.pointee.limit = limit
        guard let continuation = callLocal(activation, record, target: record.target) else {
          return !activation.pointee.hasFaulted
        }
        limit = activation.pointee.limit
        next = continuation
        frame = stack.hostEnd(activation.pointee.depth)
      case .callRegister:
        activation.pointee.limit = limit
        guard
          let continuation = callRegister(
            activation, record, value: registers[record.destination], environment)
        else {
          return !activation.pointee.hasFaulted
        }
        limit = activation.pointee.limit
        next = continuation
        frame = stack.hostEnd(activation.pointee.depth)
      case .exit:
        activation.pointee.limit = limit
        guard let continuation = exit(activation, record) else {
          return !activation.pointee.hasFaulted
        }
        limit = activation.pointee.limit
        next = continuation
        frame = stack.hostEnd(activation.pointee.depth)
      case .loadPacketAbsolute:
        activation.pointee.limit = limit
        guard let continuation = loadPacket(activation, record, offset: record.immediate, environment) else {
          return !activation.pointee.hasFaulted
        }
        limit = activation.pointee.limit
        next = continuation
        frame = stack.hostEnd(activation.pointee.depth)
      case .loadPacketIndirect:
        activation.pointee.limit = limit
        guard
          let continuation = loadPacket(
            activation, record, offset: registers[record.source] &+ record.immediate, environment)
        else {
          return !activation.pointee.hasFaulted
        }
        limit = activation.pointee.limit
        next = continuation
        frame = stack.hostEnd(activation.pointee.depth)
      case .observe:
        observe(activation, record, environment)
      case .castAddressSpace:
        return raise(.unsupported("addr_space_cast (a pointer into an arena)"), activation, record) != nil
      case .secondHalf:
        return raise(.unsupported("the second half of a 64-bit immediate load"), activation, record) != nil
      }
    }
    // The jump is not taken after all: so the limit is again that of the record.
    activation.pointee.limit = limit - Int(record.pointee.offset)
    return exhaust(activation, record) != nil
  }
}

/// Goes to a jump's target if the condition holds.
///
/// - Returns: `false` when the budget is used up at the target.
@inline(__always)
private func branch(
  _ condition: Bool, _ record: UnsafePointer<Record>, _ next: inout UnsafePointer<Record>, _ limit: inout Int
) -> Bool {
  guard condition else { return true }
  limit &+= Int(record.pointee.offset)
  next = record.target
  return limit > Int(bitPattern: next)
}
