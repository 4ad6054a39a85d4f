extension Profile {
  /// Writes speedscope's JSON: for each thread its stacks one after the other with their weights.
  ///
  /// Values are the samples' weights one after the other, so that gaps in which a thread did not run take no room. Samples in a
  /// row with one stack become one. The format's other way, events that open and close functions, takes many times the room
  /// where stacks are deep and change.
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
    writer.write("\n{\"type\":\"sampled\",\"name\":")
    writer.write(json: "\(process.name)/\(process.pid) \(self[thread].name)/\(self[thread].tid)")
    writer.write(",\"unit\":\"\(hasWeights ? "nanoseconds" : "none")\",\"startValue\":0,\"endValue\":")
    writer.write(number: total)
    // Samples in a row with one stack: where it ends, and what it weighs.
    var runs: [(end: Int32, weight: UInt64)] = []
    for index in indices {
      let weight = speedscopeValue(of: samples[index])
      if let last = runs.last, last.end == ends[index] {
        runs[runs.count - 1].weight &+= weight
      } else {
        runs.append((ends[index], weight))
      }
    }
    writer.write(",\"samples\":[")
    writer.write(list: runs) { writer, run in
      writer.write("[")
      writer.write(list: tree.path(to: run.end)) { $0.write(number: UInt64($1)) }
      writer.write("]")
    }
    writer.write("],\"weights\":[")
    writer.write(list: runs) { $0.write(number: $1.weight) }
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
