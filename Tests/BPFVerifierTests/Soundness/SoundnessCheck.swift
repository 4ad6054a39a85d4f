import BPFExecution
import BPFInstructions
import BPFObject
import BPFVerifier

/// Whether a program that was accepted behaves as the verifier believes: no access faults, and before each instruction
/// registers, stacks, what is linked, and packets are as in one of the states that the verifier saw there.
struct SoundnessCheck {
  /// What a program gave.
  enum Outcome {
    case refused
    /// The number of runs, whether each instruction was compared with the verifier's states, and what was compared.
    case sound(runs: Int, isCompared: Bool, BeliefTally)
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
    var tally = BeliefTally()
    // The frame pointer of each function that is open.
    var frames = [UInt64](repeating: 0, count: 8)
    if let states {
      kernel.onStep = { step in
        guard trouble == nil else { return }
        frames[step.depth] = step.registers[10]
        let moment = ConcreteMoment(step: step, frames: frames, kernel: kernel)
        let known = states[Place(slot: step.slot, depth: step.depth)] ?? []
        if let state = known.first(where: { moment.problem(with: $0) == nil }) {
          tally.add(state)
        } else {
          let place = "before instruction \(step.slot) at depth \(step.depth)"
          trouble =
            known.first.map { "\(place), \(known.count) states, of the first: \(moment.problem(with: $0) ?? "")" }
            ?? "\(place), where the verifier has never been"
        }
      }
    }
    // The kernel keeps what it tells, which refers to the kernel.
    defer { kernel.onStep = nil }
    for run in 0..<runs {
      do throws(ExecutionFault) { try Self.run(kernel, observed) } catch {
        let slot = error.place.map { observed.slot(ofPlace: $0.instruction) }
        return .unsound("run \(run) of seed \(seed): instruction \(slot.map(String.init) ?? "?"): \(error.reason)")
      }
      if let trouble { return .unsound("run \(run) of seed \(seed): \(trouble)") }
    }
    return .sound(runs: runs, isCompared: states != nil, tally)
  }

  private static func run(_ kernel: RandomKernel, _ program: ObservedProgram) throws(ExecutionFault) {
    do { try kernel.run(program) } catch let error as ExecutionFault { throw error } catch {
      throw ExecutionFault(.environment("\(error)"))
    }
  }

  /// The states before each instruction on every path, none of them cut off; nil where there are too many.
  private static func states(_ program: Program, of object: ObjectFile) -> [Place: [ObservedState]]? {
    var options = VerifierOptions()
    options.prunes = false
    options.limits.processedInstructions = 4000
    var states: [Place: [ObservedState]] = [:]
    let verdict = Verifier(options: options).verify(program, of: object, kernelTypes: nil) { state in
      states[Place(slot: state.instruction, depth: state.depth), default: []].append(state)
    }
    return verdict.program == nil ? nil : states
  }
}

/// How many beliefs of each kind were held against a run.
struct BeliefTally {
  var registers = 0
  var spills = 0
  var zeroSlots = 0
  var links = 0
  var packetRanges = 0

  mutating func add(_ state: ObservedState) {
    registers += state.registers.count
    var linked: [UInt32: Int] = [:]
    for value in state.registers + state.slots.filter({ $0.spillSize == 8 }).map(\.spilled) {
      if value.kind == .scalar, value.link != 0 { linked[value.link, default: 0] += 1 }
      if value.packetRange > 0 { packetRanges += 1 }
    }
    for slot in state.slots {
      spills += slot.spillSize > 0 ? 1 : 0
      zeroSlots += slot.zeroBytes != 0 ? 1 : 0
    }
    links += linked.values.reduce(0) { $0 + $1 - 1 }
  }

  mutating func add(_ other: BeliefTally) {
    registers += other.registers
    spills += other.spills
    zeroSlots += other.zeroSlots
    links += other.links
    packetRanges += other.packetRanges
  }
}
