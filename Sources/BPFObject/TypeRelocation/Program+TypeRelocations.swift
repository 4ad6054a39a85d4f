public import BPFTypeFormat

extension Program {
  /// Fits the program to the types that it is to run with: computes each CO-RE relocation and changes its instruction.
  ///
  /// Where the target has no such type, field or enumerator, the instruction becomes the call of a helper that does not
  /// exist (195896080, as with libbpf) and is noted in ``poisonedInstructions``. The relocations are then done with:
  /// ``typeRelocations`` is empty.
  ///
  /// - Parameters:
  ///   - local: the object's own types.
  ///   - target: the types of the engine, such as the running kernel's.
  /// - Throws: ``TypeRelocationError``, and then the program is as it was.
  public mutating func applyTypeRelocations(local: BTF, target: BTF) throws(TypeRelocationError) {
    var answers = TypeRelocationAnswers(local: local, target: target)
    try applyTypeRelocations(&answers)
  }

  fileprivate mutating func applyTypeRelocations(
    _ answers: inout TypeRelocationAnswers
  ) throws(TypeRelocationError) {
    guard !typeRelocations.isEmpty else { return }
    var (changed, poisoned) = (instructions, poisonedInstructions)
    for relocation in typeRelocations {
      do throws(TypeRelocationError.Problem) {
        // Of two relocations for one instruction the second finds the poison of the first.
        guard poisoned[relocation.instruction] == nil else { continue }
        if try !changed.apply(try answers.answer(relocation), at: relocation.instruction) {
          poisoned[relocation.instruction] = relocation
        }
      } catch {
        throw TypeRelocationError(
          program: name, relocation: relocation, typeName: answers.typeName(relocation.type), problem: error)
      }
    }
    (instructions, poisonedInstructions, typeRelocations) = (changed, poisoned, [])
  }
}

extension ObjectFile {
  /// Fits all programs to the types that they are to run with, as ``Program/applyTypeRelocations(local:target:)`` does.
  ///
  /// - Throws: ``TypeRelocationError`` for the first program that does not fit, and then the object is as it was.
  public mutating func applyTypeRelocations(target: BTF) throws(TypeRelocationError) {
    guard let types else { return }
    var answers = TypeRelocationAnswers(local: types, target: target)
    var changed = programs
    for index in changed.values.indices {
      try changed.values[index].applyTypeRelocations(&answers)
    }
    programs = changed
  }
}

/// The answers to relocations, each computed once, since the copies of a subprogram have the same.
private struct TypeRelocationAnswers {
  private struct Question: Hashable {
    var type: BTFTypeID
    var access: String
    var kind: CORERelocationKind
  }

  private let relocator: CORERelocator
  private var known: [Question: CORERelocationResult] = [:]

  init(local: BTF, target: BTF) { relocator = CORERelocator(local: local, target: target) }

  mutating func answer(
    _ relocation: Program.TypeRelocation
  ) throws(TypeRelocationError.Problem) -> CORERelocationResult {
    let question = Question(type: relocation.type, access: relocation.access, kind: relocation.kind)
    if let answer = known[question] { return answer }
    do throws(CORERelocationError) {
      let answer = try relocator.relocate(type: question.type, access: question.access, kind: question.kind)
      known[question] = answer
      return answer
    } catch {
      throw .unanswered(error)
    }
  }

  func typeName(_ id: BTFTypeID) -> String { (try? relocator.local.name(of: id)) ?? "" }
}
