import BPFExecution
import BPFInstructions
import BPFObject
import BPFVerifier

/// Whether a program that was accepted behaves as the verifier believes: no access faults, and what registers hold lies in
/// one of the states that the verifier saw before the instruction.
struct SoundnessCheck {
  /// What a program gave.
  enum Outcome {
    case refused
    /// The number of runs, and whether each instruction was compared with the verifier's states.
    case sound(runs: Int, isCompared: Bool)
    case unsound(String)
  }

  private struct Place: Hashable {
    var slot: Int
    var depth: Int
  }

  /// Runs a program on a number of random inputs.
  static func check(_ program: GeneratedProgram, runs: Int, seed: UInt64) throws -> Outcome {
    let object = try program.object()
    guard let linked = object.programs["p"],
      let hook = ProgramGenerator.hooks.first(where: { $0.section == program.section })
    else { return .refused }
    guard Verifier().verify(linked, of: object).program != nil else { return .refused }
    let states = states(linked, of: object)
    let kernel = try RandomKernel(hook, seed: seed)
    let observed = try program.observed()
    var trouble: String?
    // The frame pointer of each function that is open.
    var frames = [UInt64](repeating: 0, count: 8)
    if let states {
      kernel.onStep = { step in
        guard trouble == nil else { return }
        frames[step.depth] = step.registers[10]
        let known = states[Place(slot: step.slot, depth: step.depth)] ?? []
        if !known.contains(where: { Self.covers($0, step, frames) }) {
          trouble = Self.explanation(known, step, frames)
        }
      }
    }
    for run in 0..<runs {
      do throws(ExecutionFault) { try Self.run(kernel, observed) } catch {
        let slot = error.place.map { observed.slot(ofPlace: $0.instruction) }
        return .unsound("run \(run) of seed \(seed): instruction \(slot.map(String.init) ?? "?"): \(error.reason)")
      }
      if let trouble { return .unsound("run \(run) of seed \(seed): \(trouble)") }
    }
    return .sound(runs: runs, isCompared: states != nil)
  }

  private static func run(_ kernel: RandomKernel, _ program: ObservedProgram) throws(ExecutionFault) {
    do { try kernel.run(program) } catch let error as ExecutionFault { throw error } catch {
      throw ExecutionFault(.environment("\(error)"))
    }
  }

  /// The states before each instruction on every path, none of them cut off; nil where there are too many.
  private static func states(_ program: Program, of object: ObjectFile) -> [Place: [[ObservedRegister]]]? {
    var options = VerifierOptions()
    options.prunes = false
    options.limits.processedInstructions = 4000
    var states: [Place: [[ObservedRegister]]] = [:]
    let verdict = Verifier(options: options).verify(program, of: object, kernelTypes: nil) { state in
      states[Place(slot: state.instruction, depth: state.depth), default: []].append(state.registers)
    }
    return verdict.program == nil ? nil : states
  }

  private static func covers(_ state: [ObservedRegister], _ step: ExecutionStep, _ frames: [UInt64]) -> Bool {
    state.allSatisfy { covers($0, step, frames) }
  }

  private static func covers(_ known: ObservedRegister, _ step: ExecutionStep, _ frames: [UInt64]) -> Bool {
    let value = step.registers[Int(known.register.rawValue)]
    if known.isNullable, value == 0 { return true }
    // What a pointer with this value has as the variable part of its offset, from where it begins.
    func variablePart(from start: UInt64) -> UInt64 { value &- start &- UInt64(bitPattern: Int64(known.offset)) }
    switch known.kind {
    case .scalar: return known.number.contains(value)
    case .stack(let frame): return known.number.contains(variablePart(from: frames[frame]))
    // Each value is a region, which begins at the offset 0; a pointer may be in front of it as long as it is not used.
    case .mapValue:
      let offset = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
      return value != 0 && known.number.contains(offset &- UInt64(bitPattern: Int64(known.offset)))
    case .packet: return known.number.contains(variablePart(from: UInt64(RandomKernel.packetAddress)))
    case .context: return value != 0
    case .other: return true
    }
  }

  private static func explanation(
    _ states: [[ObservedRegister]], _ step: ExecutionStep, _ frames: [UInt64]
  ) -> String {
    let place = "before instruction \(step.slot) at depth \(step.depth)"
    guard let state = states.first else { return "\(place), where the verifier has never been" }
    let wrong = state.filter { !covers($0, step, frames) }.map {
      "r\($0.register.rawValue) = \(step.registers[Int($0.register.rawValue)]) is not \($0.kind), "
        + "offset \($0.offset), \($0.number)"
    }
    return "\(place), \(states.count) states, of the first: \(wrong.joined(separator: "; "))"
  }
}
