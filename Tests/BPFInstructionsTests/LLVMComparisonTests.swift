import BPFInstructions
import Testing

@Suite("Against LLVM", .enabled(if: LLVMTools.found != nil, "needs clang and llvm-objdump with BPF v4"))
struct LLVMComparisonTests {
  @Test("objects that clang makes of C print as llvm-objdump prints them, for each processor and byte order")
  func compiledObjects() throws {
    let tools = try #require(LLVMTools.found)
    var opcodes: Set<UInt8> = []
    for (target, order) in [("bpfel", ByteOrder.little), ("bpfeb", .big)] {
      for processor in ["v1", "v2", "v3", "v4"] {
        // Without -mcpu llvm-objdump names registers as for v4 whatever the object was made for.
        let isOld = processor == "v1" || processor == "v2"
        let text = try tools.disassembly(
          of: LLVMSources.c, language: "c", target: target,
          options: ["-O2", "-mcpu=\(processor)"] + (isOld ? [] : ["-DALU32"]) + (processor == "v4" ? ["-DV4"] : []),
          objdumpOptions: isOld ? ["--mcpu=v1", "--no-print-imm-hex"] : ["--print-imm-hex"])
        let printer = Disassembler(
          radix: isOld ? .decimal : .hexadecimal, memoryRegisters: isOld ? .full : .narrow, style: .llvm)
        let listing = try ObjdumpListing(text, byteOrder: order)
        #expect(listing.slots.count > 250, "\(target) \(processor)")
        compare(listing, printer, "\(target) \(processor)")
        try checkRoundTrip(listing.slots)
        opcodes.formUnion(try listing.slots.decoded().map { listing.slots[$0.index].opcode })
      }
    }
    #expect(opcodes.count > 85)
  }

  @Test("every instruction that LLVM's assembler takes has the same slots and prints the same, in both byte orders")
  func assembledInstructions() throws {
    let tools = try #require(LLVMTools.found)
    let printer = Disassembler(style: .llvm)
    let instructions = InstructionSamples.all.filter(LLVMSources.isExpressible)
    // A jump's label would be needed for each; an offset is as good, and LLVM takes it.
    let source = instructions.map { printer.text(of: $0) }.joined(separator: "\n") + "\n"
    for (target, order) in [("bpfel", ByteOrder.little), ("bpfeb", .big)] {
      for (option, radix) in [("--print-imm-hex", Disassembler.Radix.hexadecimal), ("--no-print-imm-hex", .decimal)] {
        let text = try tools.disassembly(
          of: source, language: "assembler", target: target, options: ["-mcpu=v4"], objdumpOptions: [option])
        let listing = try ObjdumpListing(text, byteOrder: order)
        let expected = instructions.flatMap(\.slots)
        #expect(listing.slots.count == expected.count)
        if let pair = zip(listing.slots, expected).first(where: { $0 != $1 }) {
          Issue.record("LLVM has \(pair.0), we have \(pair.1)")
        }
        compare(listing, Disassembler(radix: radix, style: .llvm), target)
      }
    }
    let opcodes = Set(instructions.map { $0.slots[0].opcode })
    #expect(opcodes.count == OpcodeTable.rows.count)
  }

  @Test("the definitions of helper functions compile as C")
  func helperDefinitions() throws {
    let tools = try #require(LLVMTools.found)
    var source = """
      typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned __u32; typedef unsigned long long __u64;
      typedef int __s32; typedef long long __s64; typedef __u16 __be16; typedef __u32 __be32; typedef __u32 __wsum;
      #define __bpf_fastcall __attribute__((bpf_fastcall))

      """
    for name in HelperFunction.structures { source += "struct \(name);\n" }
    for function in HelperFunction.all { source += function.definition + "\n" }
    source += "__u64 program(void *map) { bpf_map_lookup_elem(map, map); return bpf_ktime_get_ns(); }\n"
    try tools.check(source, options: ["-Wall", "-Wextra", "-Werror", "-Wno-unused-const-variable"])
  }

  private func compare(_ listing: ObjdumpListing, _ printer: Disassembler, _ name: String) {
    let lines = printer.lines(of: listing.slots, label: listing.label)
    #expect(lines.count == listing.lines.count, "\(name)")
    for (line, theirs) in zip(lines, listing.lines) where line.index != theirs.index || line.text != theirs.text {
      Issue.record("\(name), slot \(theirs.index): '\(line.text)' should be '\(theirs.text)'")
    }
  }

  private func checkRoundTrip(_ slots: [Instruction]) throws {
    #expect(try [Instruction](assembling: Disassembler().source(of: slots)) == slots)
  }
}

/// What `llvm-objdump -d` printed, taken apart.
struct ObjdumpListing {
  var slots: [Instruction] = []
  var lines: [(index: Int, text: String)] = []
  /// Names by the index of the slot where they stand, in the order of indices.
  var symbols: [(index: Int, name: String)] = []

  init(_ text: String, byteOrder: ByteOrder) throws {
    for line in text.split(separator: "\n") {
      let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
      if columns.count == 3, let index = Int(columns[0].dropLast().drop { $0 == " " }) {
        let bytes = columns[1].split(separator: " ").compactMap { UInt8($0, radix: 16) }
        slots += try [Instruction](decoding: bytes, byteOrder: byteOrder)
        lines.append((index, String(columns[2])))
      } else if line.hasSuffix(">:"), let start = line.firstIndex(of: "<"),
        let address = Int(line[..<start].dropLast(), radix: 16)
      {
        symbols.append((address / Instruction.byteCount, String(line[line.index(after: start)...].dropLast(2))))
      }
    }
  }

  /// The nearest symbol at or before a slot, or else the first, with the distance in bytes as llvm-objdump prints it.
  func label(_ index: Int) -> String? {
    guard let symbol = symbols.last(where: { $0.index <= index }) ?? symbols.first else { return nil }
    let distance = (index - symbol.index) * Instruction.byteCount
    return distance == 0 ? symbol.name : "\(symbol.name)+0x\(String(UInt64(bitPattern: Int64(distance)), radix: 16))"
  }
}
