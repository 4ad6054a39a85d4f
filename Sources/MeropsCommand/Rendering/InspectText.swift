import Merops

/// An ``InspectReport`` for people.
package struct InspectText {
  private let report: InspectReport
  private let style: Style

  package init(_ report: InspectReport, style: Style = .plain) {
    self.report = report
    self.style = style
  }

  /// The whole text.
  package var text: String {
    let license = report.license.isEmpty ? "no license" : "license \(report.license.printable)"
    let summary = "\(report.byteOrder)-endian, \(license), \(count(report.typeCount, "type"))"
    var sections = [["\(style.applied(.heading, to: report.object.printable)): \(summary)"]]
    sections.append(titled("programs", programs))
    sections.append(titled("maps", maps))
    sections.append(titled("variables", globals))
    sections.append(titled("externs", externs))
    for program in report.programs {
      if let disassembly = program.disassembly { sections.append(lines(of: disassembly, program.name)) }
    }
    return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
  }

  private func titled(_ title: String, _ columns: Columns?) -> [String] {
    guard let columns else { return [] }
    return [style.applied(.heading, to: title)] + columns.lines(style, indentation: 2)
  }

  private var programs: Columns? {
    guard !report.programs.isEmpty else { return nil }
    var columns = Columns([.left, .left, .left, .right, .left])
    columns.add("name", "section", "type", "instructions", "functions", role: .faint)
    for program in report.programs {
      var type = program.type
      if program.isSleepable { type += ", sleepable" }
      if !program.loadsByDefault { type += ", not loaded by default" }
      columns.add(
        program.name, program.section, type, "\(program.instructionCount)", program.functions.joined(separator: ", "))
    }
    return columns
  }

  private var maps: Columns? {
    guard !report.maps.isEmpty else { return nil }
    var columns = Columns([.left, .left, .left, .left, .right, .left])
    columns.add("name", "type", "key", "value", "entries", "flags", role: .faint)
    for map in report.maps {
      let flags = map.flags + (map.isPinned ? ["pinned"] : []) + (map.innerMap.map { ["inner map \($0)"] } ?? [])
      columns.add(
        map.name, map.type, cell(map.keyType, map.keySize), cell(map.valueType, map.valueSize), "\(map.maxEntries)",
        flags.joined(separator: " "))
    }
    return columns
  }

  private func cell(_ type: String?, _ size: UInt32) -> String {
    guard size > 0 else { return "-" }
    return type.map { "\($0) (\(size))" } ?? count(Int(size), "byte")
  }

  private var globals: Columns? {
    guard !report.globals.isEmpty else { return nil }
    var columns = Columns([.left, .left, .right, .right])
    columns.add("declaration", "map", "offset", "bytes", role: .faint)
    for global in report.globals {
      columns.add(global.declaration ?? global.name, global.map, "\(global.offset)", "\(global.size)")
    }
    return columns
  }

  private var externs: Columns? {
    guard !report.externs.isEmpty else { return nil }
    var columns = Columns([.left, .left])
    columns.add("declaration", "kind", role: .faint)
    for extern in report.externs {
      columns.add(extern.declaration ?? extern.name, extern.isWeak ? "weak \(extern.kind)" : extern.kind)
    }
    return columns
  }

  private func lines(of disassembly: DisassemblyReport, _ program: String) -> [String] {
    var lines: [String] = [
      "\(style.applied(.heading, to: "disassembly")) of \(style.applied(.name, to: program.printable))"
    ]
    for function in disassembly.functions {
      lines.append("\(style.applied(.name, to: function.name.printable)):")
      let width = function.instructions.map { $0.reference == nil ? 0 : $0.text.count }.max() ?? 0
      var place = ""
      for instruction in function.instructions {
        if let source = instruction.source, !source.text.isEmpty {
          let text = source.text.drop { $0.isWhitespace }
          let file = source.file.split(separator: "/").last ?? ""
          // The compiler records each expression of a line; the line is shown when another one was shown before it.
          if place != "\(source.file):\(source.line)" {
            lines.append(
              style.applied(
                .faint, to: "       ; \(String(text).printable)  (\(String(file).printable):\(source.line))"))
          }
          place = "\(source.file):\(source.line)"
        }
        let index = String(instruction.index)
        var line = String(repeating: " ", count: max(0, 5 - index.count)) + index + ": " + instruction.text.printable
        if let reference = instruction.reference {
          line += String(repeating: " ", count: max(0, width - instruction.text.count)) + "  // \(reference.printable)"
        }
        lines.append(line)
      }
    }
    return lines
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
