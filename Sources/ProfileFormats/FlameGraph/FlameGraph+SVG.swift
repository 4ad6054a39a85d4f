extension FlameGraph {
  private static let rowHeight = 18
  private static let headerHeight = 76
  private static let footerHeight = 48

  private var height: Int { Self.headerHeight + (depth + 1) * Self.rowHeight + Self.footerHeight }

  /// The upper edge of a row; row 0 is the one for everything, drawn around the outermost frames.
  private func top(ofRow row: Int) -> Int {
    let place = options.direction == .icicle ? row : depth - row
    return Self.headerHeight + place * Self.rowHeight
  }

  /// Writes the picture with its style and its script.
  func write(to writer: inout ByteWriter) {
    writer.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    writer.write(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\" height=\"\(height)\" font-family=\"ui-monospace, 'DejaVu Sans Mono', "
        + "Menlo, Consolas, monospace\" font-size=\"12\">\n")
    writer.write("<title>")
    writer.write(xml: title)
    writer.write("</title>\n<style>")
    writer.write(Self.style)
    writer.write("</style>\n<rect id=\"paper\" width=\"100%\" height=\"100%\"/>\n")
    writeHeader(to: &writer)
    writer.write("<svg id=\"frames\" x=\"10\" y=\"0\" width=\"98%\" height=\"\(height)\">\n")
    writeFrame(
      to: &writer, name: "all", kind: .marker, detail: "", left: 0, width: 1, row: 0, total: whole,
      count: weighted.count, own: 0)
    let tree = weighted.tree
    for box in boxes {
      let node = Int(box.node)
      let index = Int(tree.nodes[node].label)
      let label = tree.labels.labels[index]
      writeFrame(
        to: &writer, name: Self.oneLine(label.name), kind: label.kind,
        detail: detail(of: label, tree.labels.functions[index]),
        left: box.left, width: box.width, row: box.depth + 1, total: totals[node], count: weighted.totalCounts[node],
        own: weighted.selfCounts[node])
    }
    writer.write("</svg>\n")
    writeFooter(to: &writer)
    writer.write("<script><![CDATA[")
    writer.write(Self.script)
    writer.write("]]></script>\n</svg>\n")
  }

  private var title: String {
    if !options.title.isEmpty { return options.title }
    let command = profile.metadata.commandLine.joined(separator: " ")
    return command.isEmpty ? "Flame graph" : command
  }

  private func writeHeader(to writer: inout ByteWriter) {
    writer.write("<text id=\"title\" x=\"12\" y=\"24\">")
    writer.write(xml: title.count > 120 ? "\(title.prefix(119))…" : title)
    writer.write("</text>\n<text class=\"small\" x=\"12\" y=\"44\">")
    writer.write(xml: subtitle)
    writer.write(
      "</text>\n<text class=\"button\" id=\"reset\" x=\"12\" y=\"64\" visibility=\"hidden\">reset (Esc)</text>\n")
    writer.write("<text class=\"button\" id=\"search\" x=\"110\" y=\"64\">search (/)</text>\n")
    writer.write("<text class=\"small\" id=\"matched\" x=\"200\" y=\"64\"> </text>\n")
  }

  private var subtitle: String {
    let summary = profile.captureSummary
    var parts = [profile.metadata.event]
    if profile.metadata.frequency > 0 { parts.append("\(profile.metadata.frequency) Hz") }
    if profile.metadata.duration > 0 { parts.append("\(Self.seconds(profile.metadata.duration)) s") }
    parts.append("\(summary.samples) samples")
    parts.append("\(Self.percent(summary.captureRate)) of the stacks whole")
    if summary.lost > 0 { parts.append("\(summary.lost) lost") }
    return parts.joined(separator: ", ")
  }

  private func writeFooter(to writer: inout ByteWriter) {
    let y = height - Self.footerHeight + 18
    writer.write("<text class=\"small\" id=\"told\" x=\"12\" y=\"\(y)\"> </text>\n")
    // The legend names the kinds that occur, with the colours that they have.
    let kinds = Set(boxes.map { weighted.tree.labels.labels[Int(weighted.tree.nodes[Int($0.node)].label)].kind })
    var x = 12
    for kind in Profile.FrameKind.allCases where kinds.contains(kind) {
      let name = Self.name(of: kind)
      writer.write("<rect class=\"\(Self.letter(of: kind))2\" x=\"\(x)\" y=\"\(y + 10)\" width=\"12\" height=\"12\"/>")
      writer.write("<text class=\"small\" x=\"\(x + 17)\" y=\"\(y + 20)\">\(name)</text>\n")
      x += 34 + name.count * 8
    }
    if droppedCount > 0 {
      writer.write("<text class=\"small\" id=\"dropped\" x=\"\(x + 10)\" y=\"\(y + 20)\">\(droppedCount) ")
      writer.write(
        droppedCount == 1 ? "frame narrower than " : "frames narrower than ")
      writer.write("\(Self.percent(options.minimumWidth)) of the width not drawn, nor what they call</text>\n")
    }
  }

  private func detail(of label: Profile.FrameLabels.Label, _ function: Profile.Function.ID?) -> String {
    var parts: [String] = []
    if let module = label.module { parts.append(profile[module].path) }
    if let function, !profile[function].file.isEmpty {
      let line = profile[function].line
      parts.append(line > 0 ? "\(profile[function].file):\(line)" : profile[function].file)
    }
    return parts.joined(separator: "\n")
  }

  private func writeFrame(
    to writer: inout ByteWriter, name: String, kind: Profile.FrameKind, detail: String, left: Double, width: Double,
    row: Int, total: UInt64, count: UInt64, own: UInt64
  ) {
    let y = top(ofRow: row)
    writer.write("<g class=\"f \(Self.letter(of: kind))\(Self.tint(of: name))\"><title>")
    writer.write(xml: name)
    if !detail.isEmpty {
      writer.write("\n")
      writer.write(xml: detail)
    }
    writer.write("\n")
    writer.write(number: count)
    writer.write(count == 1 ? " sample, " : " samples, ")
    writer.write(Self.percent(Double(total) / Double(max(whole, 1))))
    if own > 0 {
      writer.write(", itself ")
      writer.write(number: own)
    }
    writer.write("</title><rect x=\"")
    writer.write(Self.percentage(left))
    writer.write("\" y=\"")
    writer.write(number: y)
    writer.write("\" width=\"")
    writer.write(Self.percentage(width))
    writer.write("\" height=\"17\"/><text x=\"")
    writer.write(Self.percentage(left))
    writer.write("\" dx=\"3\" y=\"")
    writer.write(number: y + 13)
    writer.write("\">")
    // What fits in a window of usual width; the script fits it to the real one.
    let room = Int(width * 1160 / 7.3)
    if room >= 3 { writer.write(xml: name.count <= room ? name : "\(name.prefix(room - 1))…") }
    writer.write("</text></g>\n")
  }

  // MARK: Words and numbers

  /// A name without ends of lines: the first line of a tooltip is the name.
  private static func oneLine(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 < 0x20 }) else { return name }
    return String(decoding: name.utf8.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
  }

  private static func letter(of kind: Profile.FrameKind) -> String {
    switch kind {
    case .native: "n"
    case .inlined: "i"
    case .jit: "j"
    case .kernel: "k"
    case .unknown: "u"
    case .marker: "m"
    }
  }

  private static func name(of kind: Profile.FrameKind) -> String {
    switch kind {
    case .native: "native"
    case .inlined: "inlined"
    case .jit: "JIT"
    case .kernel: "kernel"
    case .unknown: "unknown"
    case .marker: "mark"
    }
  }

  /// One of five tints, the same for a name in every profile.
  private static func tint(of name: String) -> Int {
    let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    return Int(hash >> 8) % 5
  }

  /// A part as a percentage with four digits behind the point.
  static func percentage(_ part: Double) -> String {
    let number = Int((part * 1_000_000).rounded())
    return "\(number / 10000).\(padded(number % 10000, to: 4))%"
  }

  /// A part in percent, for people.
  private static func percent(_ part: Double) -> String {
    let number = Int((part * 10000).rounded())
    return "\(number / 100).\(padded(number % 100, to: 2)) %"
  }

  private static func seconds(_ nanoseconds: UInt64) -> String {
    let tenths = nanoseconds / 100_000_000
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func padded(_ number: Int, to count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
}
