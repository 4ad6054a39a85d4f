internal import GZip
internal import SwiftProtobuf

extension Profile {
  /// Writes pprof's `profile.proto`, compressed.
  ///
  /// Samples of one thread with one stack and one status become one, with the number of samples and their time.
  func writePprof(to writer: inout ByteWriter) {
    let bytes: [UInt8]
    do { bytes = try pprofMessage.serializedBytes() } catch {
      // Only messages with required fields, which proto3 has not, or of over 2 GiB fail.
      bytes = []
    }
    writer.write(GZip.compress(bytes))
  }

  private var pprofMessage: Perftools_Profiles_Profile {
    var strings = PprofStrings()
    var message = Perftools_Profiles_Profile()
    message.sampleType = [
      .with {
        $0.type = strings.index(of: "samples")
        $0.unit = strings.index(of: "count")
      },
      .with {
        $0.type = strings.index(of: "cpu")
        $0.unit = strings.index(of: "nanoseconds")
      },
    ]
    message.defaultSampleType = strings.index(of: "cpu")
    message.timeNanos = Int64(clamping: metadata.startTime)
    message.durationNanos = Int64(clamping: metadata.duration)
    message.periodType = message.sampleType[1]
    message.period = metadata.frequency > 0 ? 1_000_000_000 / Int64(metadata.frequency) : 0
    // The first mapping is taken for that of the program.
    let program = mainProgram
    let order = (program.map { [$0.index] } ?? []) + modules.indices.filter { $0 != program?.index }
    message.mapping = order.map { mapping(Module.ID($0), &strings) }
    message.function = functions.enumerated().map { index, function in
      .with {
        $0.id = UInt64(index + 1)
        $0.name = strings.index(of: function.name)
        $0.systemName = strings.index(of: function.linkageName.isEmpty ? function.name : function.linkageName)
        $0.filename = strings.index(of: function.file)
        $0.startLine = Int64(function.line)
      }
    }
    message.location = locations.enumerated().map { index, location in
      .with {
        $0.id = UInt64(index + 1)
        $0.mappingID = location.module.map { UInt64($0.index + 1) } ?? 0
        $0.address = pprofAddress(of: location)
        $0.line = location.frames.map { frame in
          .with {
            $0.functionID = UInt64(frame.function.index + 1)
            $0.line = Int64(frame.line)
            $0.column = Int64(frame.column)
          }
        }
      }
    }
    // A mark that a stack is not whole is a function, so that it has a name.
    if let marker = locations.firstIndex(where: { $0.kind == .truncationMarker && $0.frames.isEmpty }) {
      let id = UInt64(functions.count + 1)
      message.function.append(
        .with {
          $0.id = id
          $0.name = strings.index(of: nameWithoutFunction(of: locations[marker]))
          $0.systemName = $0.name
        })
      for index in locations.indices where locations[index].kind == .truncationMarker && locations[index].frames.isEmpty
      {
        message.location[index].line = [.with { $0.functionID = id }]
      }
    }
    message.sample = pprofSamples(&strings)
    let summary = captureSummary
    let comments = ["event: \(metadata.event)", "samples: \(summary.samples), lost: \(summary.lost)"] + metadata.notes
    message.comment = comments.map { strings.index(of: $0) }
    message.stringTable = strings.table
    return message
  }

  /// Of the programs that processes have executed, the one with the most samples; the first of equals.
  private var mainProgram: Module.ID? {
    var counts = Array(repeating: UInt64(0), count: modules.count)
    var programs: [Stack: Module.ID?] = [:]
    for sample in samples {
      let program: Module.ID?
      if let known = programs[sample.stack] {
        program = known
      } else {
        program = stacks.leafFirst(sample.stack).lazy.compactMap { self[$0].module }.last { self[$0].isProgram }
        programs[sample.stack] = .some(program)
      }
      if let program { counts[program.index] += UInt64(sample.count) }
    }
    guard let most = counts.max(), most > 0 else { return nil }
    return counts.firstIndex(of: most).map { Module.ID($0) }
  }

  private struct SampleKey: Hashable {
    var stack: Stack
    var thread: Thread.ID
    var status: Sample.Status
  }

  private func pprofSamples(_ strings: inout PprofStrings) -> [Perftools_Profiles_Sample] {
    var indices: [SampleKey: Int] = [:]
    var result: [Perftools_Profiles_Sample] = []
    for sample in samples {
      let key = SampleKey(stack: sample.stack, thread: sample.thread, status: sample.status)
      if let known = indices[key] {
        result[known].value[0] += Int64(sample.count)
        result[known].value[1] &+= Int64(clamping: sample.weight)
        continue
      }
      indices[key] = result.count
      result.append(
        .with {
          $0.locationID = stacks.leafFirst(sample.stack).map { UInt64($0.index + 1) }
          $0.value = [Int64(sample.count), Int64(clamping: sample.weight)]
          $0.label = labels(of: sample, &strings)
        })
    }
    return result
  }

  private func labels(of sample: Sample, _ strings: inout PprofStrings) -> [Perftools_Profiles_Label] {
    let thread = self[sample.thread]
    let process = self[thread.process]
    var labels: [Perftools_Profiles_Label] = []
    for (key, text) in [("process", process.name), ("thread", thread.name)] {
      labels.append(
        .with {
          $0.key = strings.index(of: key)
          $0.str = strings.index(of: text)
        })
    }
    for (key, number) in [("pid", process.pid), ("tid", thread.tid)] {
      labels.append(
        .with {
          $0.key = strings.index(of: key)
          $0.num = Int64(number)
        })
    }
    if sample.status != .complete {
      labels.append(
        .with {
          $0.key = strings.index(of: "stack")
          $0.str = strings.index(of: description(of: sample.status))
        })
    }
    return labels
  }

  private func mapping(_ id: Module.ID, _ strings: inout PprofStrings) -> Perftools_Profiles_Mapping {
    let module = self[id]
    return .with {
      $0.id = UInt64(id.index + 1)
      $0.memoryStart = module.start
      $0.memoryLimit = module.limit
      $0.fileOffset = module.fileOffset
      $0.filename = strings.index(of: module.path)
      $0.buildID = strings.index(of: module.buildID.map { Self.hexadecimal($0) }.joined())
      // What could be looked up was: a reader that tries again would look into today's files.
      $0.hasFunctions_p = true
      $0.hasFilenames_p = true
      $0.hasLineNumbers_p = true
      $0.hasInlineFrames_p = true
    }
  }

  /// The address in memory of a place in a file, in the process that was seen first.
  private func pprofAddress(of location: Location) -> UInt64 {
    guard let id = location.module else { return location.address }
    let module = self[id]
    switch module.kind {
    case .file, .vdso: return location.address &- module.fileOffset &+ module.start
    case .kernel, .anonymous: return location.address
    }
  }
}

/// The table of strings, which begins with the empty one.
private struct PprofStrings {
  private(set) var table = [""]
  private var indices = ["": Int64(0)]

  mutating func index(of text: String) -> Int64 {
    if let known = indices[text] { return known }
    let index = Int64(table.count)
    table.append(text)
    indices[text] = index
    return index
  }
}
