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
    if let states {
      kernel.onStep = { step in
        guard trouble == nil else { return }
        let known = states[Place(slot: step.slot, depth: step.depth)] ?? []
        if !known.contains(where: { Self.covers($0, step) }) {
          trouble = Self.explanation(known, step)
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
  private static func states(_ program: Program, of object: ObjectFile) -> [Place: [[RegisterSnapshot]]]? {
    var options = VerifierOptions()
    options.prunes = false
    options.limits.processedInstructions = 4000
    var states: [Place: [[RegisterSnapshot]]] = [:]
    let verdict = Verifier(options: options).verify(program, of: object, kernelTypes: nil) { state in
      states[Place(slot: state.instruction, depth: state.depth), default: []].append(state.registers)
    }
    return verdict.program == nil ? nil : states
  }

  private static func covers(_ state: [RegisterSnapshot], _ step: ExecutionStep) -> Bool {
    state.allSatisfy { covers($0, step) }
  }

  private static func covers(_ known: RegisterSnapshot, _ step: ExecutionStep) -> Bool {
    let value = step.registers[Int(known.register.rawValue)]
    switch known.kind {
    case "scalar": return known.number.contains(value)
    case "fp" where step.depth == 0:
      return known.number.contains(value &- step.registers[10] &- UInt64(bitPattern: Int64(known.offset)))
    case "map_value":
      // Each value is a region, which begins at the offset 0.
      return value != 0
        && known.number.contains(
          UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value))) &- UInt64(bitPattern: Int64(known.offset)))
    case "ctx": return value != 0
    default: return true
    }
  }

  private static func explanation(_ states: [[RegisterSnapshot]], _ step: ExecutionStep) -> String {
    let place = "before instruction \(step.slot) at depth \(step.depth)"
    guard let state = states.first else { return "\(place), where the verifier has never been" }
    let wrong = state.filter { !covers($0, step) }.map {
      "\($0.text) but r\($0.register.rawValue) = \(step.registers[Int($0.register.rawValue)])"
    }
    return "\(place), \(states.count) states, the first has \(wrong.joined(separator: "; "))"
  }
}
