extension Profile {
  /// Writes speedscope's JSON: for each thread the opening and closing of functions, from one sample to the next.
  ///
  /// Values are the samples' weights one after the other, so that gaps in which a thread did not run take no room. Functions
  /// that stay on the stack from one sample to the next are not closed and opened again, which keeps deep stacks short.
  func writeSpeedscope(to writer: inout ByteWriter) {
    var tree = CallTree(self)
    var ends: [Int32] = []
    ends.reserveCapacity(samples.count)
    let noStack = tree.labelIndex(.init(name: "[no stack]", kind: .marker, module: nil))
    for sample in samples {
      let node = tree.node(of: sample.stack)
      ends.append(node < 0 ? tree.child(of: -1, noStack) : node)
    }
    writer.write(
      "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"merops\",\"name\":")
    writer.write(json: metadata.commandLine.isEmpty ? metadata.event : metadata.commandLine.joined(separator: " "))
    writer.write(",\"activeProfileIndex\":0,\"shared\":{\"frames\":[")
    writer.write(list: tree.labels.labels.indices) { writer, index in
      let label = tree.labels.labels[index]
      writer.write("{\"name\":")
      writer.write(json: label.name)
      if let id = tree.labels.functions[index], !self[id].file.isEmpty {
        writer.write(",\"file\":")
        writer.write(json: self[id].file)
        if self[id].line > 0 {
          writer.write(",\"line\":")
          writer.write(number: UInt64(self[id].line))
        }
      } else if let module = label.module {
        writer.write(",\"file\":")
        writer.write(json: self[module].path)
      }
      writer.write("}")
    }
    writer.write("]},\"profiles\":[")
    writer.write(list: samplesByThread) { writer, group in
      writeSpeedscopeThread(group.thread, group.samples, ends, tree, to: &writer)
    }
    writer.write("]}\n")
  }

  private func writeSpeedscopeThread(
    _ thread: Thread.ID, _ indices: [Int], _ ends: [Int32], _ tree: CallTree, to writer: inout ByteWriter
  ) {
    let process = self[self[thread].process]
    let total = indices.reduce(UInt64(0)) { $0 &+ speedscopeValue(of: samples[$1]) }
    writer.write("\n{\"type\":\"evented\",\"name\":")
    writer.write(json: "\(process.name)/\(process.pid) \(self[thread].name)/\(self[thread].tid)")
    writer.write(",\"unit\":\"\(hasWeights ? "nanoseconds" : "none")\",\"startValue\":0,\"endValue\":")
    writer.write(number: total)
    writer.write(",\"events\":[")
    var isFirst = true
    func write(_ kind: String, _ label: UInt32, at value: UInt64, to writer: inout ByteWriter) {
      if !isFirst { writer.write(byte: UInt8(ascii: ",")) }
      isFirst = false
      writer.write("{\"type\":\"\(kind)\",\"frame\":")
      writer.write(number: UInt64(label))
      writer.write(",\"at\":")
      writer.write(number: value)
      writer.write("}")
    }
    var value: UInt64 = 0
    var present: Int32 = -1
    var opening: [UInt32] = []
    for index in indices {
      // Up from the present stack to what it has in common with the next, and down to that.
      var next = ends[index]
      let end = next
      opening.removeAll(keepingCapacity: true)
      while present != next {
        let presentDepth = present < 0 ? -1 : Int(tree.nodes[Int(present)].depth)
        let nextDepth = next < 0 ? -1 : Int(tree.nodes[Int(next)].depth)
        if presentDepth >= nextDepth {
          write("C", tree.nodes[Int(present)].label, at: value, to: &writer)
          present = tree.nodes[Int(present)].parent
        }
        if nextDepth >= presentDepth {
          opening.append(tree.nodes[Int(next)].label)
          next = tree.nodes[Int(next)].parent
        }
      }
      for label in opening.reversed() { write("O", label, at: value, to: &writer) }
      present = end
      value &+= speedscopeValue(of: samples[index])
    }
    while present >= 0 {
      write("C", tree.nodes[Int(present)].label, at: value, to: &writer)
      present = tree.nodes[Int(present)].parent
    }
    writer.write("]}")
  }

  private var hasWeights: Bool { samples.contains { $0.weight > 0 } }

  private func speedscopeValue(of sample: Sample) -> UInt64 { sample.weight > 0 ? sample.weight : UInt64(sample.count) }

  /// The samples of each thread that has any, in the order of their times; the busiest thread first.
  var samplesByThread: [(thread: Thread.ID, samples: [Int])] {
    var groups = Array(repeating: [Int](), count: threads.count)
    for (index, sample) in samples.enumerated() { groups[sample.thread.index].append(index) }
    return groups.enumerated().filter { !$0.element.isEmpty }.map {
      (thread: Thread.ID($0.offset), samples: $0.element)
    }
    .map { group in
      (group.thread, group.samples.sorted { (samples[$0].time, $0) < (samples[$1].time, $1) })
    }.sorted { ($1.samples.count, $0.thread) < ($0.samples.count, $1.thread) }
  }
}
