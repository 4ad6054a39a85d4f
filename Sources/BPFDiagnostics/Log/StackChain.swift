internal import BPFInstructions
internal import BPFObject

/// A chain of calls with what each function takes of the stack, as far as the instructions say it without a walk.
struct StackChain {
  /// A function of the chain.
  struct Link {
    /// Its name.
    var name: String
    /// The bytes that its frame counts for.
    var bytes: Int
    /// The instruction that calls the next one.
    var call: Int?
  }

  private(set) var links: [Link] = []

  private static let maximumSteps = 10_000

  /// The first chain of calls with so many functions and bytes, in the order in which the kernel looks for it; `nil` where
  /// there is none, as in a program whose functions have stacks of their own.
  init?(in program: Program, functions: Int, bytes: Int) {
    guard let instructions = try? program.instructions.decoded() else { return nil }
    let frames = program.functions.map { function in
      Frame(
        of: instructions.filter { (function.start..<function.start + function.count).contains($0.index) }, in: program)
    }
    guard !frames.isEmpty else { return nil }
    var visits = [(function: 0, call: 0)]
    for _ in 0..<Self.maximumSteps {
      guard let last = visits.last else { return nil }
      if visits.count == functions, visits.reduce(0, { $0 + frames[$1.function].bytes }) == bytes {
        links = visits.indices.map { place in
          let frame = visits[place].function
          let call = place + 1 < visits.count ? frames[frame].calls[visits[place].call - 1].instruction : nil
          return Link(name: program.functions[frame].name, bytes: frames[frame].bytes, call: call)
        }
        return
      }
      guard last.call < frames[last.function].calls.count, visits.count < 8 else {
        visits.removeLast()
        continue
      }
      visits[visits.count - 1].call += 1
      visits.append((frames[last.function].calls[last.call].callee, 0))
    }
    return nil
  }

  /// What is of interest in a function.
  private struct Frame {
    /// The bytes down to the lowest place that is named, in whole sixteens.
    var bytes: Int
    /// The functions that are called or given to be called back, by their place among the program's.
    var calls: [(instruction: Int, callee: Int)] = []

    init(of instructions: [(index: Int, instruction: DecodedInstruction)], in program: Program) {
      /// For each register that points to the stack, how far from the frame pointer.
      var pointers: [Register: Int] = [.r10: 0]
      var lowest = -1
      for (index, instruction) in instructions {
        var target: Int?
        switch instruction {
        case .arithmetic(.move, .bits64, let register, .register(let source)): pointers[register] = pointers[source]
        case .arithmetic(.add, .bits64, let register, .immediate(let number)):
          guard let place = pointers[register] else { continue }
          pointers[register] = place + Int(number)
          lowest = min(lowest, place + Int(number))
        case .arithmetic(_, _, let register, _), .loadWide(let register, .constant): pointers[register] = nil
        case .load(_, _, let register, let base, let offset):
          if let place = pointers[base] { lowest = min(lowest, place + Int(offset)) }
          pointers[register] = nil
        case .store(_, let base, let offset, _):
          if let place = pointers[base] { lowest = min(lowest, place + Int(offset)) }
        case .call(.local(let offset)): target = index + 1 + Int(offset)
        case .loadWide(_, .function(let offset)): target = index + 1 + Int(offset)
        default: continue
        }
        if let target, let callee = program.functions.firstIndex(where: { $0.start == target }) {
          calls.append((index, callee))
        }
      }
      bytes = (min(-lowest, 4096) + 15) / 16 * 16
    }
  }
}
