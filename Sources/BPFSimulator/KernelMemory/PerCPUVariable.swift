import BPFExecution
import BPFObject
import BPFTypeFormat

/// A variable of the simulated kernel of which each CPU has its own.
///
/// What a program refers to as `__ksym` is an address that cannot be read; helpers turn it into that of one CPU's copy.
final class PerCPUVariable {
  let name: String
  fileprivate let byteCount: Int
  fileprivate var copies: [Int: ProgramAddress] = [:]

  fileprivate init(name: String, byteCount: Int) {
    self.name = name
    self.byteCount = byteCount
  }
}

extension Machine {
  /// Makes the variables of the section `.data..percpu` of the kernel's types known to the loader.
  func makePerCPUVariables() throws(MachineError) {
    do {
      guard let id = types.first(named: ".data..percpu", kind: .dataSection),
        case .dataSection(let section) = try types.type(id).kind
      else { return }
      for entry in section.variables {
        let name = try types.type(entry.type).name
        let base = try memory.allocate(byteCount: 0, name: "the variable '\(name)' of no CPU")
        kernelVariables[name] = base
        perCPUVariables[base] = PerCPUVariable(name: name, byteCount: Int(entry.byteCount))
      }
    } catch {
      throw MachineError("the per-CPU variables of the simulated kernel: \(error)")
    }
  }

  /// The address of a CPU's copy, brought up to date; 0 when there is no memory for it.
  func address(of variable: PerCPUVariable, on cpu: CPU) -> ProgramAddress {
    let address: ProgramAddress
    if let known = variable.copies[cpu.number] {
      address = known
    } else {
      let name = "the variable '\(variable.name)' of CPU \(cpu.number)"
      guard let made = try? memory.allocate(byteCount: variable.byteCount, writable: 0, name: name) else { return 0 }
      variable.copies[cpu.number] = made
      address = made
    }
    switch variable.name {
    case "runqueues": writeRunQueue(of: cpu, at: address)
    case "bpf_prog_active":
      memory.storeAsKernel(withUnsafeBytes(of: cpu.activeProgramCount.littleEndian, Array.init), at: address)
    default: break
    }
    return address
  }

  /// Writes what the machine knows of a CPU's queue into its `struct rq`.
  private func writeRunQueue(of cpu: CPU, at address: ProgramAddress) {
    guard let layout = try? kernelObjects.layout("rq") else { return }
    let runnable = tasks.values.count { task in
      switch task.state {
      case .running(let number): number == cpu.number
      case .runnable: task.lastCPU == cpu.number
      default: false
      }
    }
    let members: [(String, UInt64)] = [
      ("nr_running", UInt64(runnable)), ("nr_switches", cpu.switchCount), ("curr", cpu.current.object.address),
      ("idle", cpu.idleTask.object.address), ("clock", now), ("clock_task", now), ("cpu", UInt64(cpu.number)),
    ]
    for (name, value) in members {
      guard let field = try? layout.field(name) else { continue }
      let bytes = withUnsafeBytes(of: value.littleEndian) { Array($0.prefix(field.byteCount)) }
      memory.storeAsKernel(bytes, at: address + UInt64(field.offset))
    }
  }
}
