import BPFExecution
import BPFMaps

/// What helpers and kernel functions do with their arguments: every pointer is checked, and what does not hold ends the
/// run with the helper's name, the argument and what was wrong.
extension ProgramRun {
  /// The map that an argument points to.
  func map(_ address: UInt64, _ function: String, argument: Int = 1) throws(ExecutionFault) -> LoadedMap {
    guard let map = machine.map(at: address) else {
      throw invalidArgument(function, argument, address, "a map")
    }
    if let problem = MapCompatibility.problem(of: function, with: map.map) {
      throw ExecutionFault(
        .environment("\(function): map '\(map.name)' is of type \(map.map.type): \(problem)"))
    }
    return map
  }

  /// The task that an argument points to.
  func task(_ address: UInt64, _ function: String, argument: Int = 1) throws(ExecutionFault) -> SimulatedTask {
    guard let task = machine.tasksByAddress[address] else {
      throw invalidArgument(function, argument, address, "a task")
    }
    return task
  }

  /// Ends the run when an argument is not the context of the program, as the kernel passed it in.
  func requireContext(_ address: UInt64, _ function: String, argument: Int = 1) throws(ExecutionFault) {
    guard let context else {
      throw ExecutionFault(.environment("\(function): a callback has no context to give as argument \(argument)"))
    }
    guard address == context else { throw invalidArgument(function, argument, address, "the program's context") }
  }

  /// The bytes that an argument points to.
  func bytes(
    _ address: UInt64, count: Int, _ function: String, argument: Int
  ) throws(ExecutionFault) -> [UInt8] {
    guard let bytes = machine.memory.read(address, byteCount: count) else {
      throw invalidArgument(function, argument, address, "\(count) readable bytes")
    }
    return bytes
  }

  /// Writes bytes to where an argument points.
  func write(
    _ bytes: [UInt8], to address: UInt64, _ function: String, argument: Int
  ) throws(ExecutionFault) {
    guard machine.memory.write(bytes, at: address) else {
      throw invalidArgument(function, argument, address, "\(bytes.count) writable bytes")
    }
  }

  /// Ends the run when an argument does not point to so many writable bytes.
  func requireWritable(
    _ address: UInt64, count: Int, _ function: String, argument: Int
  ) throws(ExecutionFault) {
    guard count == 0 || machine.memory.translate(address, byteCount: count, for: .write) != nil else {
      throw invalidArgument(function, argument, address, "\(count) writable bytes")
    }
  }

  /// A size that a program passes in a register: the verifier proves that it is not negative.
  func size(_ value: UInt64, _ function: String, argument: Int) throws(ExecutionFault) -> Int {
    guard value <= UInt64(AddressSpace.maximumByteCount) else {
      throw ExecutionFault(
        .environment("\(function): argument \(argument) is \(Int64(bitPattern: value)), which is no size"))
    }
    return Int(value)
  }

  /// The slot of the function that an argument points to.
  func function(
    _ address: UInt64, _ function: String, argument: Int, _ invocation: borrowing Invocation
  ) throws(ExecutionFault) -> Int {
    guard let slot = address.functionSlot, invocation.program.isFunctionStart(slot) else {
      throw invalidArgument(function, argument, address, "a function of the program")
    }
    return slot
  }

  /// A fault that says which argument is not what it should be.
  func invalidArgument(_ function: String, _ argument: Int, _ address: UInt64, _ expected: String) -> ExecutionFault {
    let found = machine.memory.description(of: address)
    return ExecutionFault(
      .environment("\(function): argument \(argument) is \(hexadecimal(address)), \(found), and not \(expected)"))
  }
}

/// The register value of a helper that returns 0 or a negated error number.
func status(_ body: () throws(LinuxErrno) -> Void) -> UInt64 {
  do {
    try body()
    return 0
  } catch {
    return error.register
  }
}
