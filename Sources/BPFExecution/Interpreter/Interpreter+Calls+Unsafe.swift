// What leaves the interpreter's loop: calls, returns, tail calls, faults.
//
// Unsafe because these take the activation and the record by pointer from the loop, which keeps both valid. None of
// them is inlined, so that the loop itself stays free of reference counting and of saved registers.

extension Interpreter {
  /// The record to go on at, `nil` when the activation has ended or `fault` has been set.
  typealias Continuation = UnsafePointer<Record>?

  // MARK: - Frames

  /// Opens the frame at the activation's depth, which is below the capacity.
  @inline(__always)
  func openFrame(
    _ activation: inout Activation, _ program: Unmanaged<PreparedProgram>, returnTo: UnsafePointer<Record>
  ) {
    let registers = activation.registers
    stack.frame(activation.depth).pointee = SavedFrame(
      returnTo: returnTo, r6: registers.6, r7: registers.7, r8: registers.8, r9: registers.9,
      loopsLeft: CallStack.maximumLoopCount, program: program)
    activation.registers.10 = stack.open(activation.depth)
  }

  /// Calls the function at a record of the running program.
  @inline(never)
  func callLocal(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, target: UnsafePointer<Record>
  ) -> Continuation {
    let depth = activation.pointee.depth + 1
    guard depth - activation.pointee.firstFrame < CallStack.maximumDepth else {
      return raise(.callStackExceeded, activation, record)
    }
    guard depth < CallStack.capacity else {
      return raise(.nestingExceeded(frames: CallStack.capacity), activation, record)
    }
    let remaining = activation.pointee.remaining(at: record + 1)
    guard remaining > 0 else { return exhaust(activation, record) }
    activation.pointee.setRemaining(remaining, at: target)
    activation.pointee.depth = depth
    openFrame(&activation.pointee, stack.frame(depth - 1).pointee.program, returnTo: record + 1)
    return target
  }

  /// Returns from the function in the innermost frame.
  @inline(never)
  func exit(_ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>) -> Continuation {
    let depth = activation.pointee.depth
    if depth == activation.pointee.baseDepth {
      activation.pointee.stopped = record
      return nil
    }
    stack.close(depth)
    activation.pointee.depth = depth - 1
    let frame = stack.frame(depth)
    activation.pointee.registers.6 = frame.pointee.r6
    activation.pointee.registers.7 = frame.pointee.r7
    activation.pointee.registers.8 = frame.pointee.r8
    activation.pointee.registers.9 = frame.pointee.r9
    activation.pointee.registers.10 = stack.end(depth - 1)
    activation.pointee.setRemaining(
      activation.pointee.remaining(at: record + 1), at: frame.pointee.returnTo)
    return frame.pointee.returnTo
  }

  // MARK: - Calls of the environment

  /// Tells the environment about the instruction that follows a record.
  @inline(never)
  func observe(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>,
    _ environment: any ProgramEnvironment
  ) {
    guard let environment = environment as? any ObservingEnvironment else { return }
    environment.observe(
      ExecutionStep(
        slot: Int(record.pointee.immediate), depth: activation.pointee.depth - activation.pointee.firstFrame,
        registers: (0...10).map { activation.registers[$0] }))
  }

  /// Calls the helper function that the record's immediate names.
  @inline(never)
  func callHelper(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, number: UInt64,
    _ environment: any ProgramEnvironment
  ) -> Continuation {
    innermostDepth = activation.pointee.depth
    var invocation = Invocation(self, environment, activation, at: record)
    do throws(ExecutionFault) {
      let result = try environment.callHelper(Int32(truncatingIfNeeded: number), &invocation)
      if let target = invocation.tailCallTarget { return tailCall(target, activation, record) }
      activation.pointee.registers.0 = result
      clobber(activation)
      return record + 1
    } catch {
      return raise(error, activation, record)
    }
  }

  /// Calls the kernel function that the record's immediate names.
  @inline(never)
  func callKernelFunction(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>,
    _ environment: any ProgramEnvironment
  ) -> Continuation {
    innermostDepth = activation.pointee.depth
    var invocation = Invocation(self, environment, activation, at: record)
    do throws(ExecutionFault) {
      let number = Int32(truncatingIfNeeded: record.pointee.immediate)
      activation.pointee.registers.0 = try environment.callKernelFunction(number, &invocation)
      clobber(activation)
      return record + 1
    } catch {
      return raise(error, activation, record)
    }
  }

  /// Calls what a register holds: the address of a function of the program, or the number of a helper.
  @inline(never)
  func callRegister(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, value: UInt64,
    _ environment: any ProgramEnvironment
  ) -> Continuation {
    let program = stack.program(at: activation.pointee.depth)
    if let slot = value.functionSlot, program.isFunctionStart(slot) {
      return callLocal(activation, record, target: program.code.base + slot)
    }
    guard value <= UInt64(Int32.max) else { return raise(.notAFunction(value), activation, record) }
    return callHelper(activation, record, number: value, environment)
  }

  /// Reads from the packet (`LD_ABS`, `LD_IND`).
  @inline(never)
  func loadPacket(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, offset: UInt64,
    _ environment: any ProgramEnvironment
  ) -> Continuation {
    innermostDepth = activation.pointee.depth
    var invocation = Invocation(self, environment, activation, at: record)
    do throws(ExecutionFault) {
      let value = try environment.loadPacket(
        context: activation.pointee.registers.6, offset: Int32(truncatingIfNeeded: offset),
        byteCount: Int(record.pointee.offset), &invocation)
      activation.pointee.registers.0 = value ?? 0
      clobber(activation)
      return value == nil ? exit(activation, record) : record + 1
    } catch {
      return raise(error, activation, record)
    }
  }

  private func tailCall(
    _ program: PreparedProgram, _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>
  ) -> Continuation {
    let remaining = activation.pointee.remaining(at: record + 1)
    guard remaining > 0 else { return exhaust(activation, record) }
    tailCalled.append(program)
    activation.pointee.tailCallCount += 1
    let target = program.code.base
    activation.pointee.setRemaining(remaining, at: target)
    let frame = stack.frame(activation.pointee.depth)
    frame.pointee.program = .passUnretained(program)
    frame.pointee.loopsLeft = CallStack.maximumLoopCount
    _ = stack.open(activation.pointee.depth)
    let context = activation.pointee.registers.1
    clobber(activation)
    activation.pointee.registers.1 = context
    return target
  }

  private func clobber(_ activation: UnsafeMutablePointer<Activation>) {
    activation.pointee.registers.1 = Self.clobbered
    activation.pointee.registers.2 = Self.clobbered
    activation.pointee.registers.3 = Self.clobbered
    activation.pointee.registers.4 = Self.clobbered
    activation.pointee.registers.5 = Self.clobbered
  }

  // MARK: - Faults

  @inline(never)
  func raise(
    _ reason: ExecutionFault.Reason, _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>
  ) -> Continuation {
    raise(ExecutionFault(reason), activation, record)
  }

  /// Stops the activation with a fault; one without a place gets that of the record.
  @inline(never)
  func raise(
    _ fault: ExecutionFault, _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>
  ) -> Continuation {
    activation.pointee.stopped = record
    activation.pointee.hasFaulted = true
    let program = stack.program(at: activation.pointee.depth)
    self.fault = fault.located(in: program, at: record - program.code.base)
    return nil
  }

  @inline(never)
  func exhaust(_ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>) -> Continuation {
    raise(.budgetExhausted(budget: activation.pointee.budget), activation, record)
  }

  /// A load that the table of regions has refused.
  func raiseInvalidRead(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, _ byteCount: Int
  ) -> Bool {
    raiseInvalidRead(activation, record, activation.registers[record.source] &+ record.displacement, byteCount)
  }

  /// A store that the table of regions has refused.
  func raiseInvalidWrite(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, _ byteCount: Int
  ) -> Bool {
    raiseInvalidWrite(activation, record, activation.registers[record.destination] &+ record.displacement, byteCount)
  }

  @inline(never)
  func raiseInvalidRead(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, _ address: ProgramAddress,
    _ byteCount: Int
  ) -> Bool {
    let target = memory.description(of: address, byteCount: byteCount)
    _ = raise(.invalidRead(address: address, byteCount: byteCount, target: target), activation, record)
    return false
  }

  @inline(never)
  func raiseInvalidWrite(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, _ address: ProgramAddress,
    _ byteCount: Int
  ) -> Bool {
    let target = memory.description(of: address, byteCount: byteCount)
    let isReadOnly = memory.translate(address, byteCount: byteCount, for: .read) != nil
    _ = raise(
      .invalidWrite(address: address, byteCount: byteCount, target: target, isReadOnly: isReadOnly), activation,
      record)
    return false
  }

  // MARK: - Atomic operations

  /// Carries out a read-modify-write of four or eight bytes; `false` when `fault` has been set.
  @inline(never)
  func modifyAtomically(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, byteCount: Int
  ) -> Bool {
    let registers = activation.registers
    let address = registers[record.destination] &+ record.displacement
    guard let modification = AtomicModification(rawValue: UInt8(truncatingIfNeeded: record.pointee.immediate)) else {
      _ = raise(.unsupported("atomic operation \(record.pointee.immediate)"), activation, record)
      return false
    }
    guard let host = memory.table.writable(address, UInt64(byteCount)) else {
      return raiseInvalidWrite(activation, record, address, byteCount)
    }
    guard isAligned(activation, record, address, byteCount) else { return false }
    let operand = registers[record.source]
    let old =
      byteCount == 8
      ? modification.perform(host, operand: operand, expected: registers[0])
      : UInt64(
        modification.perform(
          host, operand: UInt32(truncatingIfNeeded: operand), expected: UInt32(truncatingIfNeeded: registers[0])))
    if modification == .compareAndExchange {
      registers[0] = old
    } else if modification.fetches {
      registers[record.source] = old
    }
    return true
  }

  /// Carries out a load-acquire; `false` when `fault` has been set.
  @inline(never)
  func loadAcquire(_ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>) -> Bool {
    let address = activation.registers[record.source] &+ record.displacement
    let byteCount = record.pointee.immediate
    guard let host = memory.table.readable(address, byteCount) else {
      return raiseInvalidRead(activation, record, address, Int(byteCount))
    }
    guard isAligned(activation, record, address, Int(byteCount)) else { return false }
    activation.registers[record.destination] = loadAcquiring(host, byteCount: byteCount)
    return true
  }

  /// Carries out a store-release; `false` when `fault` has been set.
  @inline(never)
  func storeRelease(_ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>) -> Bool {
    let address = activation.registers[record.destination] &+ record.displacement
    let byteCount = record.pointee.immediate
    guard let host = memory.table.writable(address, byteCount) else {
      return raiseInvalidWrite(activation, record, address, Int(byteCount))
    }
    guard isAligned(activation, record, address, Int(byteCount)) else { return false }
    storeReleasing(host, activation.registers[record.source], byteCount: byteCount)
    return true
  }

  private func isAligned(
    _ activation: UnsafeMutablePointer<Activation>, _ record: UnsafePointer<Record>, _ address: ProgramAddress,
    _ byteCount: Int
  ) -> Bool {
    if address % UInt64(byteCount) == 0 { return true }
    let target = memory.description(of: address, byteCount: byteCount)
    _ = raise(.misalignedAtomic(address: address, byteCount: byteCount, target: target), activation, record)
    return false
  }
}
