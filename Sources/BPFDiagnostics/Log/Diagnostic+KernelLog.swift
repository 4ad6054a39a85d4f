public import BPFObject

extension Diagnostic {
  /// What the kernel's log says about a refused program.
  ///
  /// - Parameters:
  ///   - log: the log as the kernel wrote it, of level 1 or 2; also the end of one, or its messages alone.
  ///   - program: the program as it was given to the kernel, for columns and for the text of lines.
  ///   - kernelVersion: the kernel's version, such as `6.18`.
  public init(kernelLog log: String, of program: Program? = nil, kernelVersion: String? = nil) {
    let parsed = KernelLog(log)
    let message = parsed.messages.joined(separator: "\n")
    let phrase = MessagePhrase(for: message)
    self.init(
      phrase?.headline ?? Self.headline(ofUnknown: parsed.messages), category: phrase?.category ?? .structure,
      program: program?.name ?? "", kernelMessage: message, kernelVersion: kernelVersion, log: log)
    suggestion = phrase?.suggestion
    let reader = HistoryReader(path: parsed.path, program: program, validatedFunction: parsed.validatedFunction)
    if let named = Self.namedInstruction(message), parsed.path.last?.instruction != named {
      instruction = named
      place = program?.place(of: named)
    } else if let last = parsed.path.last {
      instruction = last.instruction
      instructionText = String(last.text)
      place = reader.place(at: parsed.path.count - 1)
      reader.describe(&self)
    }
    reader.tellOfStack(&self)
    if parsed.path.isEmpty { reader.nameOnlyMap(&self) }
    function = parsed.validatedFunction ?? instruction.flatMap { program?.functionName(at: $0) }
    if function == program?.name { function = nil }
    if phrase?.suggestion == nil, suggestion == nil, message.isEmpty { suggestion = Self.adviceWithoutLog }
    labels = Self.labels(for: self)
  }

  /// A message that has no words of its own is its own headline.
  private static func headline(ofUnknown messages: [String]) -> String {
    guard let first = messages.first(where: { !$0.isEmpty }) else {
      return "the kernel refuses the program and says nothing about it"
    }
    return first
  }

  private static let adviceWithoutLog =
    "the refusal came before the program was looked at: its type, its attach point, its flags or the rights of the process"

  /// The instruction that a message names where there is no path to it: in checks that come before the walk.
  private static func namedInstruction(_ message: String) -> Int? {
    let line = message.split(separator: "\n").first ?? ""
    for pattern in [
      "unreachable insn {}", "jump out of range from insn {} to {}", "back-edge from insn {} to {}",
      "jump into the middle of ldimm64 insn {}", "infinite loop detected at insn {}",
    ] {
      if let gap = MessagePattern(pattern).match(line)?.first { return Int(gap) }
    }
    return nil
  }

  /// What to underline: the arguments at fault of a call, otherwise the expression at the column, with what the register at
  /// fault holds.
  package static func labels(for diagnostic: Diagnostic) -> [Label] {
    guard let place = diagnostic.place, place.column > 0 else { return [] }
    // The excerpt is shown without its indentation, which columns count.
    let text = Array(place.text)
    guard place.column <= text.count else { return [] }
    let start = beginning(of: text, at: place.column - 1)
    let arguments = argumentLabels(of: diagnostic, text, from: start)
    if !arguments.isEmpty { return arguments }
    let label = diagnostic.holdings.first.map { "\($0.subject) is \($0.contents)" } ?? ""
    return [Label(start + 1..<max(min(end(of: text, from: start), text.count), start + 1) + 1, label)]
  }

  /// Where the expression ends that begins somewhere.
  private static func end(of text: [Character], from start: Int) -> Int {
    var end = start
    var depth = 0
    while end < text.count {
      let character = text[end]
      switch character {
      case "(" where end > start, "[": depth += 1
      case ")", "]":
        if depth == 0 { return end }
        depth -= 1
        if depth == 0, character == ")" { return end + 1 }
      case _ where depth > 0: break
      case _ where character.isLetter || character.isNumber || character == "_" || character == ".": break
      case "-" where end + 1 < text.count && text[end + 1] == ">": end += 1
      case "*", "&":
        guard end == start else { return end }
      default: return end
      }
      end += 1
    }
    return end
  }

  /// The arguments of a call that the registers R1 to R5 hold, where the line has the call as the program makes it.
  private static func argumentLabels(of diagnostic: Diagnostic, _ text: [Character], from start: Int) -> [Label] {
    guard let call = diagnostic.instructionText, call.hasPrefix("call ") else { return [] }
    let name = Array(call.dropFirst(5).prefix { $0 != "#" })
    guard !name.isEmpty, text[start...].starts(with: name), start + name.count < text.count,
      text[start + name.count] == "("
    else { return [] }
    var arguments: [Range<Int>] = []
    var first = start + name.count + 1
    var depth = 0
    var index = first
    while index < text.count {
      let character = text[index]
      if depth == 0, character == "," || character == ")" {
        while first < index, text[first] == " " { first += 1 }
        if first < index { arguments.append(first..<index) }
        first = index + 1
        if character == ")" { break }
      } else if character == "(" || character == "[" {
        depth += 1
      } else if character == ")" || character == "]" {
        depth -= 1
      }
      index += 1
    }
    return diagnostic.holdings.compactMap { holding in
      guard holding.subject.first == "R", let number = Int(holding.subject.dropFirst()), number >= 1,
        arguments.indices.contains(number - 1)
      else { return nil }
      let argument = arguments[number - 1]
      return Label(argument.lowerBound + 1..<argument.upperBound + 1, "\(holding.subject) is \(holding.contents)")
    }
  }
}

extension Diagnostic {
  /// Where the expression begins that a column is in: clang's column is that of a member or of an operator.
  private static func beginning(of text: [Character], at column: Int) -> Int {
    func isName(_ character: Character) -> Bool { character.isLetter || character.isNumber || character == "_" }
    var start = column
    if !isName(text[start]), start > 0, isName(text[start - 1]) || text[start - 1] == " " {
      // An operator: what stands in front of it.
      var operand = start - 1
      while operand > 0, text[operand] == " " { operand -= 1 }
      guard isName(text[operand]) else { return start }
      start = operand
      while start > 0, isName(text[start - 1]) { start -= 1 }
    }
    while start > 1 {
      var previous = start
      if text[start - 1] == "." { previous = start - 1 }
      if text[start - 1] == ">", text[start - 2] == "-" { previous = start - 2 }
      guard previous < start, previous > 0 else { break }
      var name = previous
      while name > 0, isName(text[name - 1]) { name -= 1 }
      guard name < previous else { break }
      start = name
    }
    return start
  }
}

extension Program {
  /// Where an instruction comes from, from the program's line records.
  package func place(of instruction: Int) -> SourcePlace? {
    let end = lines.partitioningIndex { $0.instruction > instruction }
    guard end > 0 else { return nil }
    let line = lines[end - 1]
    return SourcePlace(file: line.file, line: line.line, column: line.column, text: line.text)
  }

  /// The name of the function that an instruction is in.
  package func functionName(at instruction: Int) -> String? {
    functions.last { $0.start <= instruction }?.name
  }
}

extension Array {
  /// The first index whose element fulfils a condition that all elements after it fulfil as well.
  fileprivate func partitioningIndex(where belongsAfter: (Element) -> Bool) -> Int {
    var low = 0, high = count
    while low < high {
      let middle = low + (high - low) / 2
      if belongsAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
