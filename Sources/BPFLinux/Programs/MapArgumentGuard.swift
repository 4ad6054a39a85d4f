import BPFInstructions
import BPFObject
import BPFTypeFormat

/// Refuses programs that would crash a kernel.
///
/// When a call takes a special field and the map it belongs to, the verifiers of Linux up to at least 6.18.44 read the
/// map's record of special fields without testing that there is one: loading a program that passes a map without a
/// record is a null dereference in the kernel (specification of task work, 11.1; work queues share the code). So the
/// kernel only gets programs where each such map is known to have the record.
struct MapArgumentGuard {
  /// A kernel function that takes a field and its map.
  private struct Rule {
    var register: Register
    var field: SpecialFields.Kind
  }

  private static let rules: [String: Rule] = {
    var rules: [String: Rule] = ["bpf_wq_init": Rule(register: .r2, field: .workQueue)]
    for mode in ["resume", "signal"] {
      for suffix in ["", "_impl"] {
        rules["bpf_task_work_schedule_\(mode)\(suffix)"] = Rule(register: .r3, field: .taskWork)
      }
    }
    return rules
  }()

  let object: ObjectFile

  /// Refuses a program that could pass a map without the record.
  ///
  /// - Throws: ``BPFError`` that names the instruction and, where it is known, the map.
  func check(_ program: Program) throws(BPFError) {
    let subject = "program '\(program.name)'"
    guard try callsRuledFunction(program, subject) else { return }
    let calls: [MapArgumentAnalysis.Call]
    do throws(MapArgumentAnalysis.Failure) {
      calls = try MapArgumentAnalysis(program, registers: Self.rules.mapValues(\.register)).calls()
    } catch {
      throw .refusal(subject, Self.text(error))
    }
    for call in calls {
      guard let rule = Self.rules[essentialName(call.function)] else { continue }
      try check(call, rule, in: program, subject)
    }
  }

  /// Whether there is anything to look for. A kernel function without a name could be any.
  private func callsRuledFunction(_ program: Program, _ subject: String) throws(BPFError) -> Bool {
    for (index, slot) in program.instructions.enumerated() where slot.opcode == 0x85 && slot.source == 2 {
      guard case .kernelFunction? = program.references[index] else {
        throw .refusal(subject, Self.text(.unnamedKernelFunction(at: index)))
      }
    }
    return program.references.values.contains { reference in
      if case .kernelFunction(let name, _) = reference { Self.rules[essentialName(name)] != nil } else { false }
    }
  }

  private func check(
    _ call: MapArgumentAnalysis.Call, _ rule: Rule, in program: Program, _ subject: String
  ) throws(BPFError) {
    let place = "instruction \(call.instruction): \(call.function)"
    switch call.argument {
    case .number: return
    case .maps(let names):
      for name in names.sorted() { try check(object.maps[name], name, rule, place, subject) }
    case .lookupResult, .callbackArgument:
      // It is one of the program's maps, or an inner map of one.
      for (name, map) in maps(of: program) { try check(map, name, rule, place, subject) }
    case .frame, .anything:
      throw .refusal(
        subject, "\(place): nothing proves that R\(rule.register.rawValue) is a map with a \(rule.field)",
        advice: "pass the map by its name, in the same function; a wrong map here would crash the kernel")
    }
  }

  private func check(
    _ map: MapDefinition?, _ name: String, _ rule: Rule, _ place: String, _ subject: String
  ) throws(BPFError) {
    if let map, map.kernelRecord?.first(rule.field) != nil { return }
    let lacksTypes = map.map { !$0.takesTypes } ?? false
    throw .refusal(
      subject,
      lacksTypes
        ? "\(place): map '\(name)' has to have BTF in order to use \(rule.field)"
        : "\(place): map '\(name)' has no valid \(rule.field)",
      advice: "the map must be the one that holds the field; another one here would crash the kernel")
  }

  /// The maps that a pointer in the program can be of: those that it names, with the shapes of inner maps.
  private func maps(of program: Program) -> [(String, MapDefinition?)] {
    var found: [(String, MapDefinition?)] = []
    var seen: Set<String> = []
    for reference in program.references.values {
      guard case .map(let name) = reference, seen.insert(name).inserted else { continue }
      let map = object.maps[name]
      if let inner = map?.innerMap?.value {
        // The outer map itself comes by its name only.
        found.append(("\(name) (inner)", inner))
      } else {
        found.append((name, map))
      }
    }
    return found.sorted { $0.0 < $1.0 }
  }

  private static func text(_ failure: MapArgumentAnalysis.Failure) -> String {
    switch failure {
    case .instruction(let error): "\(error)"
    case .jump(let index): "instruction \(index) leads out of the program"
    case .tooComplex: "it is too complex to find out which maps it gives to kernel functions"
    case .unnamedKernelFunction(let index):
      "instruction \(index) calls a kernel function by a number; only names can be checked"
    }
  }
}
