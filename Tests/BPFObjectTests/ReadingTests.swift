import BPFInstructions
import BPFObject
import Testing

@Suite(.enabled(if: Clang.isPresent)) struct ReadingTests {
  @Test("every fixture reads for every processor and both byte orders, to instructions that decode")
  func everything() throws {
    for (name, source) in Sources.all {
      for target in Clang.Target.all {
        let object = try ObjectFile(parsing: Clang.compile(source, target))
        #expect(!object.programs.isEmpty && object.types != nil && object.license == "GPL")
        #expect(object.byteOrder == (target.architecture == "bpfel" ? .little : .big))
        for program in object.programs.values {
          let decoded = try program.instructions.decoded()
          // Whatever refers to something begins an instruction, and so do functions, lines and relocations.
          let starts = Set(decoded.map(\.index))
          let places =
            Array(program.references.keys) + program.functions.map(\.start) + program.lines.map(\.instruction)
            + program.typeRelocations.map(\.instruction)
          #expect(places.allSatisfy(starts.contains), "\(name) \(target) \(program.name)")
        }
      }
    }
  }

  @Test("a tool with a bit of everything reads whole, the same for every processor")
  func tool() throws {
    for target in Clang.Target.all {
      let object = try ObjectFile(parsing: Clang.compile(Sources.tool, target), name: "tool")
      #expect(Set(object.programs.keys) == ["on_wakeup", "on_wakeup_again", "on_sample", "on_tail", "on_sleep"])
      #expect(object.programs.values.filter { !$0.loadsByDefault }.map(\.name) == ["on_sleep"])
      let sample = try #require(object.programs["on_sample"])
      #expect(
        sample.functions.map(\.name) == ["on_sample", "handle", "is_wanted", "on_work", "count_slot", "slot_of"],
        "\(target)")
      #expect(sample.functions.map(\.isStatic) == [false, true, true, true, true, false])
      let callbacks = sample.references.values.compactMap { reference -> String? in
        guard case .function(let start) = reference else { return nil }
        return sample.functions.first { $0.start == start }?.name
      }
      #expect(Set(callbacks) == ["on_work", "count_slot"])
      #expect(object.maps["tasks"]?.initialSlots == [0: "first_task", 1: "second_task"])
      #expect(object.maps["tails"]?.initialSlots == [1: "on_tail"])
      #expect(object.maps[".data.statistics"]?.flags == [])
      #expect(object.maps[".rodata.settings"]?.flags == [.readOnlyForPrograms, .memoryMappable])
      #expect(object.maps[".rodata.str1.1"]?.initialContents == Array("state %d on %d\0".utf8))
      #expect(
        object.externs["schedule_work"]?.isWeak == true && object.externs["LINUX_KERNEL_VERSION"]?.isWeak == false)
      #expect(Array(object.maps.keys).suffix(1) == [".kconfig"])
    }
  }
}
