// The interpreter's loop.
//
// Unsafe because registers, records and regions are reached by pointer, without a check of their indices: decoding has
// checked that registers are below 11 and that no record leads out of the program. Host memory is only touched where
// the table of regions has translated an address for that number of bytes.
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
      case .add64Immediate:
        registers[record.destination] &+= record.immediate
      case .add64Register:
        registers[record.destination] &+= registers[record.source]
      case .add32Immediate:
        registers.set32(
          record.destination, registers.low(record.destination) &+ UInt32(truncatingIfNeeded: record.immediate))
      case .add32Register:
        registers.set32(
          record.destination, registers.low(record.destination) &+ UInt32(truncatingIfNeeded: registers[record.source]))
      case .subtract64Immediate:
        registers[record.destination] &-= record.immediate
      case .subtract64Register:
        registers[record.destination] &-= registers[record.source]
      case .subtract32Immediate:
        registers.set32(
          record.destination, registers.low(record.destination) &- UInt32(truncatingIfNeeded: record.immediate))
      case .subtract32Register:
        registers.set32(
          record.destination, registers.low(record.destination) &- UInt32(truncatingIfNeeded: registers[record.source]))
      case .multiply64Immediate:
        registers[record.destination] &*= record.immediate
      case .multiply64Register:
        registers[record.destination] &*= registers[record.source]
      case .multiply32Immediate:
        registers.set32(
          record.destination, registers.low(record.destination) &* UInt32(truncatingIfNeeded: record.immediate))
      case .multiply32Register:
        registers.set32(
          record.destination, registers.low(record.destination) &* UInt32(truncatingIfNeeded: registers[record.source]))
      case .or64Immediate:
        registers[record.destination] |= record.immediate
      case .or64Register:
        registers[record.destination] |= registers[record.source]
      case .or32Immediate:
        registers.set32(
          record.destination, registers.low(record.destination) | UInt32(truncatingIfNeeded: record.immediate))
      case .or32Register:
        registers.set32(
          record.destination, registers.low(record.destination) | UInt32(truncatingIfNeeded: registers[record.source]))
      case .and64Immediate:
        registers[record.destination] &= record.immediate
      case .and64Register:
        registers[record.destination] &= registers[record.source]
      case .and32Immediate:
        registers.set32(
          record.destination, registers.low(record.destination) & UInt32(truncatingIfNeeded: record.immediate))
      case .and32Register:
        registers.set32(
          record.destination, registers.low(record.destination) & UInt32(truncatingIfNeeded: registers[record.source]))
      case .xor64Immediate:
        registers[record.destination] ^= record.immediate
      case .xor64Register:
        registers[record.destination] ^= registers[record.source]
      case .xor32Immediate:
        registers.set32(
          record.destination, registers.low(record.destination) ^ UInt32(truncatingIfNeeded: record.immediate))
      case .xor32Register:
        registers.set32(
          record.destination, registers.low(record.destination) ^ UInt32(truncatingIfNeeded: registers[record.source]))
      case .shiftLeft64Immediate:
        registers[record.destination] &<<= record.immediate
      case .shiftLeft64Register:
        registers[record.destination] &<<= registers[record.source]
      case .shiftLeft32Immediate:
        registers.set32(
          record.destination, registers.low(record.destination) &<< UInt32(truncatingIfNeeded: record.immediate))
      case .shiftLeft32Register:
        registers.set32(
          record.destination, registers.low(record.destination) &<< UInt32(truncatingIfNeeded: registers[record.source])
        )
      case .shiftRight64Immediate:
        registers[record.destination] &>>= record.immediate
      case .shiftRight64Register:
        registers[record.destination] &>>= registers[record.source]
      case .shiftRight32Immediate:
        registers.set32(
          record.destination, registers.low(record.destination) &>> UInt32(truncatingIfNeeded: record.immediate))
      case .shiftRight32Register:
        registers.set32(
          record.destination, registers.low(record.destination) &>> UInt32(truncatingIfNeeded: registers[record.source])
        )
      case .arithmeticShiftRight64Immediate:
        registers[record.destination] = arithmeticShiftRight(registers[record.destination], record.immediate)
      case .arithmeticShiftRight64Register:
        registers[record.destination] = arithmeticShiftRight(registers[record.destination], registers[record.source])
      case .arithmeticShiftRight32Immediate:
        registers.set32(
          record.destination,
          arithmeticShiftRight(registers.low(record.destination), UInt32(truncatingIfNeeded: record.immediate)))
      case .arithmeticShiftRight32Register:
        registers.set32(
          record.destination,
          arithmeticShiftRight(registers.low(record.destination), UInt32(truncatingIfNeeded: registers[record.source])))
      case .divide64Immediate:
        registers[record.destination] = divide(registers[record.destination], record.immediate)
      case .divide64Register:
        registers[record.destination] = divide(registers[record.destination], registers[record.source])
      case .divide32Immediate:
        registers.set32(
          record.destination, divide(registers.low(record.destination), UInt32(truncatingIfNeeded: record.immediate)))
      case .divide32Register:
        registers.set32(
          record.destination,
          divide(registers.low(record.destination), UInt32(truncatingIfNeeded: registers[record.source])))
      case .modulo64Immediate:
        registers[record.destination] = modulo(registers[record.destination], record.immediate)
      case .modulo64Register:
        registers[record.destination] = modulo(registers[record.destination], registers[record.source])
      case .modulo32Immediate:
        registers.set32(
          record.destination, modulo(registers.low(record.destination), UInt32(truncatingIfNeeded: record.immediate)))
      case .modulo32Register:
        registers.set32(
          record.destination,
          modulo(registers.low(record.destination), UInt32(truncatingIfNeeded: registers[record.source])))
      case .signedDivide64Immediate:
        registers[record.destination] = signedDivide(registers[record.destination], record.immediate)
      case .signedDivide64Register:
        registers[record.destination] = signedDivide(registers[record.destination], registers[record.source])
      case .signedDivide32Immediate:
        registers.set32(
          record.destination,
          signedDivide(registers.low(record.destination), UInt32(truncatingIfNeeded: record.immediate)))
      case .signedDivide32Register:
        registers.set32(
          record.destination,
          signedDivide(registers.low(record.destination), UInt32(truncatingIfNeeded: registers[record.source])))
      case .signedModulo64Immediate:
        registers[record.destination] = signedModulo(registers[record.destination], record.immediate)
      case .signedModulo64Register:
        registers[record.destination] = signedModulo(registers[record.destination], registers[record.source])
      case .signedModulo32Immediate:
        registers.set32(
          record.destination,
          signedModulo(registers.low(record.destination), UInt32(truncatingIfNeeded: record.immediate)))
      case .signedModulo32Register:
        registers.set32(
          record.destination,
          signedModulo(registers.low(record.destination), UInt32(truncatingIfNeeded: registers[record.source])))
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
        registers[record.destination] = UInt64(
          UInt16(truncatingIfNeeded: registers[record.destination]).byteSwapped)
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
        let address = registers[record.source] &+ record.displacement
        guard let host = regions.readableAddress(address, 1) else {
          return raiseInvalidRead(activation, record, address, 1)
        }
        registers[record.destination] = UInt64(pointer(host).loadUnaligned(as: UInt8.self))
      case .load16:
        let address = registers[record.source] &+ record.displacement
        guard let host = regions.readableAddress(address, 2) else {
          return raiseInvalidRead(activation, record, address, 2)
        }
        registers[record.destination] = UInt64(pointer(host).loadUnaligned(as: UInt16.self))
      case .load32:
        let address = registers[record.source] &+ record.displacement
        guard let host = regions.readableAddress(address, 4) else {
          return raiseInvalidRead(activation, record, address, 4)
        }
        registers[record.destination] = UInt64(pointer(host).loadUnaligned(as: UInt32.self))
      case .load64:
        let address = registers[record.source] &+ record.displacement
        guard let host = regions.readableAddress(address, 8) else {
          return raiseInvalidRead(activation, record, address, 8)
        }
        registers[record.destination] = UInt64(pointer(host).loadUnaligned(as: UInt64.self))
      case .loadSigned8:
        let address = registers[record.source] &+ record.displacement
        guard let host = regions.readableAddress(address, 1) else {
          return raiseInvalidRead(activation, record, address, 1)
        }
        registers[record.destination] = UInt64(bitPattern: Int64(pointer(host).loadUnaligned(as: Int8.self)))
      case .loadSigned16:
        let address = registers[record.source] &+ record.displacement
        guard let host = regions.readableAddress(address, 2) else {
          return raiseInvalidRead(activation, record, address, 2)
        }
        registers[record.destination] = UInt64(bitPattern: Int64(pointer(host).loadUnaligned(as: Int16.self)))
      case .loadSigned32:
        let address = registers[record.source] &+ record.displacement
        guard let host = regions.readableAddress(address, 4) else {
          return raiseInvalidRead(activation, record, address, 4)
        }
        registers[record.destination] = UInt64(bitPattern: Int64(pointer(host).loadUnaligned(as: Int32.self)))
      case .store8Immediate:
        let address = registers[record.destination] &+ record.displacement
        guard let host = regions.writableAddress(address, 1) else {
          return raiseInvalidWrite(activation, record, address, 1)
        }
        pointer(host).storeBytes(of: UInt8(truncatingIfNeeded: record.immediate), as: UInt8.self)
      case .store16Immediate:
        let address = registers[record.destination] &+ record.displacement
        guard let host = regions.writableAddress(address, 2) else {
          return raiseInvalidWrite(activation, record, address, 2)
        }
        pointer(host).storeBytes(of: UInt16(truncatingIfNeeded: record.immediate), as: UInt16.self)
      case .store32Immediate:
        let address = registers[record.destination] &+ record.displacement
        guard let host = regions.writableAddress(address, 4) else {
          return raiseInvalidWrite(activation, record, address, 4)
        }
        pointer(host).storeBytes(of: UInt32(truncatingIfNeeded: record.immediate), as: UInt32.self)
      case .store64Immediate:
        let address = registers[record.destination] &+ record.displacement
        guard let host = regions.writableAddress(address, 8) else {
          return raiseInvalidWrite(activation, record, address, 8)
        }
        pointer(host).storeBytes(of: UInt64(truncatingIfNeeded: record.immediate), as: UInt64.self)
      case .store8Register:
        let address = registers[record.destination] &+ record.displacement
        guard let host = regions.writableAddress(address, 1) else {
          return raiseInvalidWrite(activation, record, address, 1)
        }
        pointer(host).storeBytes(of: UInt8(truncatingIfNeeded: registers[record.source]), as: UInt8.self)
      case .store16Register:
        let address = registers[record.destination] &+ record.displacement
        guard let host = regions.writableAddress(address, 2) else {
          return raiseInvalidWrite(activation, record, address, 2)
        }
        pointer(host).storeBytes(of: UInt16(truncatingIfNeeded: registers[record.source]), as: UInt16.self)
      case .store32Register:
        let address = registers[record.destination] &+ record.displacement
        guard let host = regions.writableAddress(address, 4) else {
          return raiseInvalidWrite(activation, record, address, 4)
        }
        pointer(host).storeBytes(of: UInt32(truncatingIfNeeded: registers[record.source]), as: UInt32.self)
      case .store64Register:
        let address = registers[record.destination] &+ record.displacement
        guard let host = regions.writableAddress(address, 8) else {
          return raiseInvalidWrite(activation, record, address, 8)
        }
        pointer(host).storeBytes(of: UInt64(truncatingIfNeeded: registers[record.source]), as: UInt64.self)
      case .atomic32: guard modifyAtomically(activation, record, byteCount: 4) else { return false }
      case .atomic64: guard modifyAtomically(activation, record, byteCount: 8) else { return false }
      case .loadAcquire: guard loadAcquire(activation, record) else { return false }
      case .storeRelease: guard storeRelease(activation, record) else { return false }

      // MARK: Memory that was proven
      case .loadFrame8:
        registers[record.destination] = UInt64(pointer(frame &+ record.frameOffset).loadUnaligned(as: UInt8.self))
      case .loadProven8:
        let host = regions.provenAddress(registers[record.source] &+ record.displacement)
        registers[record.destination] = UInt64(pointer(host).loadUnaligned(as: UInt8.self))
      case .probe8:
        let address = registers[record.source] &+ record.displacement
        registers[record.destination] =
          regions.readableAddress(address, 1).map { UInt64(pointer($0).loadUnaligned(as: UInt8.self)) } ?? 0
      case .loadFrame16:
        registers[record.destination] = UInt64(pointer(frame &+ record.frameOffset).loadUnaligned(as: UInt16.self))
      case .loadProven16:
        let host = regions.provenAddress(registers[record.source] &+ record.displacement)
        registers[record.destination] = UInt64(pointer(host).loadUnaligned(as: UInt16.self))
      case .probe16:
        let address = registers[record.source] &+ record.displacement
        registers[record.destination] =
          regions.readableAddress(address, 2).map { UInt64(pointer($0).loadUnaligned(as: UInt16.self)) } ?? 0
      case .loadFrame32:
        registers[record.destination] = UInt64(pointer(frame &+ record.frameOffset).loadUnaligned(as: UInt32.self))
      case .loadProven32:
        let host = regions.provenAddress(registers[record.source] &+ record.displacement)
        registers[record.destination] = UInt64(pointer(host).loadUnaligned(as: UInt32.self))
      case .probe32:
        let address = registers[record.source] &+ record.displacement
        registers[record.destination] =
          regions.readableAddress(address, 4).map { UInt64(pointer($0).loadUnaligned(as: UInt32.self)) } ?? 0
      case .loadFrame64:
        registers[record.destination] = pointer(frame &+ record.frameOffset).loadUnaligned(as: UInt64.self)
      case .loadProven64:
        let host = regions.provenAddress(registers[record.source] &+ record.displacement)
        registers[record.destination] = pointer(host).loadUnaligned(as: UInt64.self)
      case .probe64:
        let address = registers[record.source] &+ record.displacement
        registers[record.destination] =
          regions.readableAddress(address, 8).map { pointer($0).loadUnaligned(as: UInt64.self) } ?? 0
      case .loadFrameSigned8:
        registers[record.destination] = UInt64(
          bitPattern: Int64(pointer(frame &+ record.frameOffset).loadUnaligned(as: Int8.self)))
      case .loadProvenSigned8:
        let host = regions.provenAddress(registers[record.source] &+ record.displacement)
        registers[record.destination] = UInt64(bitPattern: Int64(pointer(host).loadUnaligned(as: Int8.self)))
      case .probeSigned8:
        let address = registers[record.source] &+ record.displacement
        registers[record.destination] =
          regions.readableAddress(address, 1).map {
            UInt64(bitPattern: Int64(pointer($0).loadUnaligned(as: Int8.self)))
          } ?? 0
      case .loadFrameSigned16:
        registers[record.destination] = UInt64(
          bitPattern: Int64(pointer(frame &+ record.frameOffset).loadUnaligned(as: Int16.self)))
      case .loadProvenSigned16:
        let host = regions.provenAddress(registers[record.source] &+ record.displacement)
        registers[record.destination] = UInt64(bitPattern: Int64(pointer(host).loadUnaligned(as: Int16.self)))
      case .probeSigned16:
        let address = registers[record.source] &+ record.displacement
        registers[record.destination] =
          regions.readableAddress(address, 2).map {
            UInt64(bitPattern: Int64(pointer($0).loadUnaligned(as: Int16.self)))
          } ?? 0
      case .loadFrameSigned32:
        registers[record.destination] = UInt64(
          bitPattern: Int64(pointer(frame &+ record.frameOffset).loadUnaligned(as: Int32.self)))
      case .loadProvenSigned32:
        let host = regions.provenAddress(registers[record.source] &+ record.displacement)
        registers[record.destination] = UInt64(bitPattern: Int64(pointer(host).loadUnaligned(as: Int32.self)))
      case .probeSigned32:
        let address = registers[record.source] &+ record.displacement
        registers[record.destination] =
          regions.readableAddress(address, 4).map {
            UInt64(bitPattern: Int64(pointer($0).loadUnaligned(as: Int32.self)))
          } ?? 0
      case .storeFrame8Immediate:
        pointer(frame &+ record.frameOffset).storeBytes(of: UInt8(truncatingIfNeeded: record.immediate), as: UInt8.self)
      case .storeProven8Immediate:
        let host = regions.provenAddress(registers[record.destination] &+ record.displacement)
        pointer(host).storeBytes(of: UInt8(truncatingIfNeeded: record.immediate), as: UInt8.self)
      case .storeFrame16Immediate:
        pointer(frame &+ record.frameOffset).storeBytes(
          of: UInt16(truncatingIfNeeded: record.immediate), as: UInt16.self)
      case .storeProven16Immediate:
        let host = regions.provenAddress(registers[record.destination] &+ record.displacement)
        pointer(host).storeBytes(of: UInt16(truncatingIfNeeded: record.immediate), as: UInt16.self)
      case .storeFrame32Immediate:
        pointer(frame &+ record.frameOffset).storeBytes(
          of: UInt32(truncatingIfNeeded: record.immediate), as: UInt32.self)
      case .storeProven32Immediate:
        let host = regions.provenAddress(registers[record.destination] &+ record.displacement)
        pointer(host).storeBytes(of: UInt32(truncatingIfNeeded: record.immediate), as: UInt32.self)
      case .storeFrame64Immediate:
        pointer(frame &+ record.frameOffset).storeBytes(of: record.immediate, as: UInt64.self)
      case .storeProven64Immediate:
        let host = regions.provenAddress(registers[record.destination] &+ record.displacement)
        pointer(host).storeBytes(of: record.immediate, as: UInt64.self)
      case .storeFrame8Register:
        pointer(frame &+ record.frameOffset).storeBytes(
          of: UInt8(truncatingIfNeeded: registers[record.source]), as: UInt8.self)
      case .storeProven8Register:
        let host = regions.provenAddress(registers[record.destination] &+ record.displacement)
        pointer(host).storeBytes(of: UInt8(truncatingIfNeeded: registers[record.source]), as: UInt8.self)
      case .storeFrame16Register:
        pointer(frame &+ record.frameOffset).storeBytes(
          of: UInt16(truncatingIfNeeded: registers[record.source]), as: UInt16.self)
      case .storeProven16Register:
        let host = regions.provenAddress(registers[record.destination] &+ record.displacement)
        pointer(host).storeBytes(of: UInt16(truncatingIfNeeded: registers[record.source]), as: UInt16.self)
      case .storeFrame32Register:
        pointer(frame &+ record.frameOffset).storeBytes(
          of: UInt32(truncatingIfNeeded: registers[record.source]), as: UInt32.self)
      case .storeProven32Register:
        let host = regions.provenAddress(registers[record.destination] &+ record.displacement)
        pointer(host).storeBytes(of: UInt32(truncatingIfNeeded: registers[record.source]), as: UInt32.self)
      case .storeFrame64Register:
        pointer(frame &+ record.frameOffset).storeBytes(of: registers[record.source], as: UInt64.self)
      case .storeProven64Register:
        let host = regions.provenAddress(registers[record.destination] &+ record.displacement)
        pointer(host).storeBytes(of: registers[record.source], as: UInt64.self)

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

/// Bounded: the table of regions has given the address, for the number of bytes that are accessed.
@inline(__always)
private func pointer(_ host: UInt) -> UnsafeMutableRawPointer {
  UnsafeMutableRawPointer(bitPattern: host).unsafelyUnwrapped
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
