import BPFExecution
import BPFInstructions
import Testing

/// Local calls, helpers, kernel functions, callbacks, tail calls and nested runs.
@Suite struct CallTests {
  let machine: TestMachine

  init() throws { machine = try TestMachine() }

  // MARK: - Local calls

  @Test("a local call keeps r6 to r9 and r10 of the caller and passes r1 to r5")
  func savedRegisters() throws {
    let program: [Instruction] = [
      .move(.r6, 1), .move(.r7, 2), .move(.r8, 3), .move(.r9, 4), .move(.r4, 50), .move(.r5, 60),
      .store(.doubleWord, 70, to: .r10, offset: -8),
      .call(local: 7),
      .add(.r0, .r6), .add(.r0, .r7), .add(.r0, .r8), .add(.r0, .r9),
      .load(.doubleWord, .r1, from: .r10, offset: -8), .add(.r0, .r1), .exit,
      .move(.r0, .r4), .add(.r0, .r5),
      .move(.r6, 1000), .move(.r7, 1000), .move(.r8, 1000), .move(.r9, 1000),
      .store(.doubleWord, 1000, to: .r10, offset: -8), .exit,
    ]
    #expect(try machine.run(program) == 50 + 60 + 1 + 2 + 3 + 4 + 70)
  }

  @Test("a function begins with zeroed stack, whatever the last function left at the same depth")
  func zeroedFrames() throws {
    let program: [Instruction] = [
      .call(local: 3), .call(local: 2), .exit,
      .exit,
      .load(.doubleWord, .r0, from: .r10, offset: -512), .store(.doubleWord, -1, to: .r10, offset: -512), .exit,
    ]
    var calls = program
    calls[0] = .call(local: 3)
    calls[1] = .call(local: 2)
    #expect(try machine.run(calls) == 0)
    #expect(try machine.run([.load(.doubleWord, .r0, from: .r10, offset: -512), .exit]) == 0)
  }

  @Test("a callee may use its caller's frame, and a pointer into a frame that has been left faults")
  func framesEnd() throws {
    let caller: [Instruction] = [
      .move(.r1, .r10), .add(.r1, -8), .call(local: 2), .load(.doubleWord, .r0, from: .r10, offset: -8), .exit,
      .store(.doubleWord, 42, to: .r1), .exit,
    ]
    #expect(try machine.run(caller) == 42)
    let dangling: [Instruction] = [
      .call(local: 2), .load(.doubleWord, .r0, from: .r0), .exit,
      .move(.r0, .r10), .add(.r0, -8), .exit,
    ]
    let fault = try machine.fault(dangling)
    #expect(fault?.place?.instruction == 1)
    guard case .invalidRead(_, 8, "offset 504 of stack frame 1, which is not in use") = fault?.reason else {
      Issue.record("\(String(describing: fault))")
      return
    }
  }

  @Test("eight frames may be in use, the ninth is a fault at the call")
  func depth() throws {
    // r1 counts down the calls still to be made.
    let program: [Instruction] = [
      .call(local: 1), .exit,
      .jump(if: .r1, .equal, 0, offset: 2), .add(.r1, -1), .call(local: -3), .exit,
    ]
    #expect(try machine.run(program, r1: 6) == 0)
    let fault = try machine.fault(program, r1: 7)
    #expect(fault?.reason == .callStackExceeded)
    #expect(fault?.place?.instruction == 4)
    // All frames are closed afterwards.
    #expect(try machine.run(program, r1: 6) == 0)
  }

  @Test("a call through a register takes a function's address, and nothing else that is large")
  func callRegister() throws {
    let program: [Instruction] = [
      .loadWide(.r2, .function(offset: 4)), .loadWideUpper(.function(offset: 4)),
      .call(register: .r2), .add(.r0, 1), .exit,
      .move(.r0, 41), .exit,
    ]
    #expect(try machine.run(program) == 42)
    for value in [ProgramAddress.function(7), .function(1), .function(2) + 1, .region(1), 1 << 31] {
      let fault = try machine.fault(loadWide(.r2, value) + [.call(register: .r2), .exit])
      #expect(fault?.reason == .notAFunction(value))
      #expect(fault?.place?.instruction == 2)
    }
  }

  // MARK: - The environment

  @Test("a helper sees its arguments and place, sets r0, and leaves r1 to r5 recognisable")
  func helpers() throws {
    var seen: [UInt64] = []
    machine.helper(77) { invocation in
      seen = [invocation.r1, invocation.r2, invocation.r3, invocation.r4, invocation.r5]
      seen += [UInt64(invocation.instruction), UInt64(invocation.callDepth), invocation.remainingBudget]
      #expect(invocation.memory.store(9 as UInt64, at: invocation.framePointer - 8))
      return 100
    }
    let program: [Instruction] = [
      .move(.r3, 3), .move(.r4, 4), .move(.r5, 5), .call(helper: 77), .move(.r6, .r0),
      .load(.doubleWord, .r7, from: .r10, offset: -8), .add(.r6, .r7), .move(.r0, .r6), .exit,
    ]
    #expect(try machine.run(program, r1: 1, r2: 2, budget: 20) == 109)
    #expect(seen == [1, 2, 3, 4, 5, 3, 1, 17])
    for register in [Register.r1, .r2, .r3, .r4, .r5] {
      #expect(try machine.run([.call(helper: 77), .move(.r0, register), .exit]) == Interpreter.clobbered)
    }
  }

  @Test("kernel functions are called apart from helpers, by the number that the loader chose")
  func kernelFunctions() throws {
    machine.kernelFunction(77) { invocation in invocation.r1 * 2 }
    #expect(try machine.run([.call(kernelFunction: 77), .exit], r1: 21) == 42)
    #expect(try machine.fault([.call(helper: 77), .exit])?.reason == .unknownHelper(77))
    #expect(try machine.fault([.call(kernelFunction: 78), .exit])?.reason == .unknownKernelFunction(78))
    for register in [Register.r1, .r2, .r3, .r4, .r5] {
      #expect(try machine.run([.call(kernelFunction: 77), .move(.r0, register), .exit]) == Interpreter.clobbered)
    }
  }

  @Test("a call that the budget does not pay for is not made")
  func callBudget() throws {
    let program: [Instruction] = [.call(local: 1), .exit, .move(.r0, 1), .exit]
    #expect(try machine.fault(program, budget: 1)?.reason == .budgetExhausted(budget: 1))
    #expect(try machine.run(program, budget: 4) == 1)
  }

  @Test("what a helper throws ends the run and names the call, its function and the program")
  func helperFaults() throws {
    machine.helper(1) { _ throws(ExecutionFault) in
      throw ExecutionFault(.environment("a sleeping helper was called in an NMI"))
    }
    let program = try PreparedProgram(
      name: "sample", [.call(local: 1), .exit, .move(.r0, 0), .call(helper: 1), .exit],
      functions: [.init(name: "sample", start: 0), .init(name: "inner", start: 2)])
    let fault = #expect(throws: ExecutionFault.self) { try machine.run(program) }
    #expect(fault?.place == ExecutionFault.Place(program: "sample", function: "inner", instruction: 3))
    #expect(fault?.description == "sample: in inner, instruction 3: a sleeping helper was called in an NMI")
  }

  // MARK: - Callbacks

  /// Helper 1 calls the function in r1 with r2 and a counter, r3 times, and returns the sum; a callback's result other
  /// than 0 ends it, and is added as well.
  private func addLoopHelper() {
    machine.helper(1) { invocation throws(ExecutionFault) in
      var sum: UInt64 = 0
      for index in 0..<invocation.r3 {
        let result = try invocation.call(function: invocation.r1, index, invocation.r2)
        sum += result
      }
      return sum
    }
  }

  private func loop(count: Int32, callback: [Instruction]) -> [Instruction] {
    let function = WideValue.function(offset: 7)
    return [
      .loadWide(.r1, function), .loadWideUpper(function),
      .move(.r2, .r10), .move(.r3, count), .move(.r6, 6), .call(helper: 1), .add(.r0, .r6), .exit,
    ] + callback
  }

  @Test("a helper calls a function of the program with arguments, in a frame of its own")
  func callbacks() throws {
    addLoopHelper()
    // The callback adds its index to the caller's stack, and returns it.
    let program = loop(
      count: 5,
      callback: [
        .move(.r6, 99), .load(.doubleWord, .r3, from: .r2, offset: -8), .add(.r3, .r1),
        .store(.doubleWord, .r3, to: .r2, offset: -8), .load(.doubleWord, .r4, from: .r10, offset: -8),
        .store(.doubleWord, 1, to: .r10, offset: -8), .move(.r0, .r3), .add(.r0, .r4), .exit,
      ])
    #expect(try machine.run(program) == 0 + 1 + 3 + 6 + 10 + 6)
  }

  @Test("callbacks nest, count towards the eight frames, and their faults name their own place")
  func nestedCallbacks() throws {
    // The callback calls the helper with itself, r2 levels deep.
    machine.helper(1) { invocation throws(ExecutionFault) in
      invocation.r2 == 0 ? 1 : try invocation.call(function: invocation.r1, invocation.r1, invocation.r2 - 1) + 1
    }
    let function = WideValue.function(offset: 3)
    let program: [Instruction] = [
      .loadWide(.r1, function), .loadWideUpper(function), .call(helper: 1), .exit,
      .call(helper: 1), .exit,
    ]
    #expect(try machine.run(program, r2: 7) == 8)
    let fault = try machine.fault(program, r2: 8)
    #expect(fault?.reason == .callStackExceeded)
    #expect(fault?.place?.instruction == 4)
    // The interpreter is as before.
    #expect(try machine.run(program, r2: 7) == 8)
  }

  @Test("a callback that is no function faults at the helper's call")
  func badCallback() throws {
    addLoopHelper()
    let fault = try machine.fault([.move(.r1, 5), .move(.r3, 1), .call(helper: 1), .exit])
    #expect(fault?.reason == .notAFunction(5))
    #expect(fault?.place?.instruction == 2)
  }

  @Test("callbacks share the budget of the run, even when they have no jump")
  func callbackBudget() throws {
    addLoopHelper()
    let program = loop(count: 1000, callback: [.move(.r0, 0), .exit])
    #expect(try machine.run(program, budget: 3000) == 6)
    #expect(machine.interpreter.executedInstructionCount == 8 + 2000)
    let fault = try machine.fault(program, budget: 1000)
    #expect(fault?.reason == .budgetExhausted(budget: 1000))
    #expect(machine.interpreter.executedInstructionCount <= 1002)
  }

  @Test("an asynchronous callback is a run that enters at its function")
  func asynchronousCallback() throws {
    let program = try PreparedProgram([.move(.r0, 1), .exit, .move(.r0, .r2), .exit])
    #expect(try machine.run(program, entry: 2, r2: 5) == 5)
    for entry in [-1, 4, Int.max] {
      #expect(throws: ExecutionFault.self) { try machine.run(program, entry: entry) }
    }
  }

  // MARK: - Nested runs and tail calls

  @Test("a run within a helper has frames and a limit of its own, and its fault does not disturb the outer run")
  func nestedRuns() throws {
    let inner = try PreparedProgram([
      .store(.doubleWord, 7, to: .r10, offset: -8), .call(local: 1), .exit, .load(.byte, .r0, from: .r1), .exit,
    ])
    machine.helper(1) { [unowned machine] invocation throws(ExecutionFault) in
      let good = try machine.run(inner, r1: invocation.r1)
      do throws(ExecutionFault) {
        _ = try machine.run(inner, r1: 0)
        return 0
      } catch {
        guard case .invalidRead(0, 1, _) = error.reason else { return 0 }
        return good
      }
    }
    let outer: [Instruction] = [
      .move(.r6, 3), .store(.doubleWord, 5, to: .r10, offset: -8), .move(.r1, .r10), .add(.r1, -8),
      .call(helper: 1), .add(.r0, .r6), .load(.doubleWord, .r1, from: .r10, offset: -8), .add(.r0, .r1), .exit,
    ]
    #expect(try machine.run(outer) == 5 + 3 + 5)
  }

  @Test("runs that nest without end are stopped when the frames are used up")
  func endlessNesting() throws {
    let program = try PreparedProgram(name: "again", [.call(helper: 1), .exit])
    machine.helper(1) { [unowned machine] _ throws(ExecutionFault) in try machine.run(program) + 1 }
    let fault = #expect(throws: ExecutionFault.self) { try machine.run(program) }
    #expect(fault?.reason == .nestingExceeded(frames: 128))
    #expect(try machine.run([.move(.r0, 3), .exit]) == 3)
  }

  @Test("a tail call goes on in the other program with the same context and a fresh frame, and does not return")
  func tailCall() throws {
    let target = try PreparedProgram(
      name: "target",
      [
        .load(.doubleWord, .r0, from: .r10, offset: -8), .add(.r0, .r1), .jump(if: .r2, .equal, .r3, offset: 1), .exit,
        .exit,
      ])
    machine.helper(12) { invocation in
      invocation.requestTailCall(to: target)
      return 0
    }
    let program: [Instruction] = [
      .store(.doubleWord, 5, to: .r10, offset: -8), .call(helper: 12), .move(.r0, 1), .exit,
    ]
    #expect(try machine.run(program, r1: 40) == 40)
    #expect(machine.interpreter.executedInstructionCount == 2 + 4)
  }

  @Test("a tail call in a function returns to that function's caller, in the first program")
  func tailCallInFunction() throws {
    var counts: [Int] = []
    let target = try PreparedProgram(name: "target", [.add(.r1, 1), .move(.r0, .r1), .exit])
    machine.helper(12) { invocation in
      counts.append(invocation.tailCallCount)
      invocation.requestTailCall(to: target)
      return 0
    }
    let program: [Instruction] = [
      .move(.r6, 100), .call(local: 4), .add(.r6, .r0), .call(local: 2), .add(.r0, .r6), .exit,
      .move(.r1, 7), .call(helper: 12), .exit,
    ]
    #expect(try machine.run(program) == 100 + 8 + 8)
    #expect(counts == [0, 1])
    #expect(machine.interpreter.executedInstructionCount == 6 + 2 * (2 + 3))
  }

  @Test("a fault after a tail call names the called program, and endless tail calls use up the budget")
  func tailCallFaults() throws {
    let broken = try PreparedProgram(name: "broken", [.move(.r1, 0), .load(.byte, .r0, from: .r1), .exit])
    machine.helper(12) { invocation in
      invocation.requestTailCall(to: broken)
      return 0
    }
    let fault = try machine.fault([.call(helper: 12), .exit])
    #expect(fault?.place == ExecutionFault.Place(program: "broken", function: nil, instruction: 1))

    let again = try PreparedProgram(name: "again", [.call(helper: 13), .exit])
    machine.helper(13) { invocation in
      invocation.requestTailCall(to: again)
      return 0
    }
    let endless = #expect(throws: ExecutionFault.self) { try machine.run(again, budget: 100) }
    #expect(endless?.reason == .budgetExhausted(budget: 100))
  }
}
