extension Profile {
  /// Writes a line for each distinct stack of a process, in the order of their texts: the process and the functions from
  /// the outermost inwards with semicolons between, and the number of samples.
  ///
  /// Kernel, JIT and inlined functions end in `_[k]`, `_[j]` and `_[i]`, as Brendan Gregg's scripts know them.
  func writeFolded(to writer: inout ByteWriter) {
    let weighted = WeightedCallTree(self, byProcess: true)
    let names = weighted.tree.labels.labels.map { Self.foldedName($0) }
    // Stacks are compared by the places of their functions in the order of names.
    let order = names.indices.sorted { (names[$0], $0) < (names[$1], $1) }
    var places = Array(repeating: UInt32(0), count: names.count)
    for (place, label) in order.enumerated() { places[label] = UInt32(place) }
    let lines = weighted.tree.nodes.indices.filter { weighted.selfCounts[$0] > 0 }.map { index in
      (path: weighted.tree.path(to: Int32(index)).map { places[Int($0)] }, count: weighted.selfCounts[index])
    }
    let sorted = lines.sorted { $0.path.lexicographicallyPrecedes($1.path) }
    for line in sorted {
      for (index, place) in line.path.enumerated() {
        if index > 0 { writer.write(byte: UInt8(ascii: ";")) }
        writer.write(names[order[Int(place)]])
      }
      writer.write(byte: UInt8(ascii: " "))
      writer.write(number: line.count)
      writer.write(byte: UInt8(ascii: "\n"))
    }
  }

  private static func foldedName(_ label: FrameLabels.Label) -> String {
    let suffix =
      switch label.kind {
      case .kernel: "_[k]"
      case .jit: "_[j]"
      case .inlined: "_[i]"
      case .native, .unknown, .marker: ""
      }
    // Semicolons and ends of lines are the format's own.
    let bytes = label.name.utf8.map { byte -> UInt8 in
      switch byte {
      case UInt8(ascii: ";"): UInt8(ascii: ":")
      case 0x00..<0x20: UInt8(ascii: " ")
      default: byte
      }
    }
    return String(decoding: bytes, as: UTF8.self) + suffix
  }
}
