import Testing

@testable import BPFLinux

@Suite("Values of tracepoints of programs")
struct TracepointArgumentTests {
  #if arch(x86_64)
    @Test("operands are read as the assembler writes them, and what a program cannot be told is none")
    func operands() {
      typealias Argument = TracepointArgument
      let rows: [(Substring, Argument?)] = [
        ("-4@%edi", Argument(byteCount: 4, isSigned: true, place: .register(112))),
        ("8@%rsi", Argument(byteCount: 8, isSigned: false, place: .register(104))),
        ("1@%al", Argument(byteCount: 1, isSigned: false, place: .register(80))),
        ("1@%sil", Argument(byteCount: 1, isSigned: false, place: .register(104))),
        ("2@%r10w", Argument(byteCount: 2, isSigned: false, place: .register(56))),
        ("8@%r15", Argument(byteCount: 8, isSigned: false, place: .register(0))),
        ("8@%rbp", Argument(byteCount: 8, isSigned: false, place: .register(32))),
        ("8@%rsp", Argument(byteCount: 8, isSigned: false, place: .register(152))),
        ("-4@$-7", Argument(byteCount: 4, isSigned: true, place: .constant(-7))),
        ("8@$0x10", Argument(byteCount: 8, isSigned: false, place: .constant(16))),
        ("8@-16(%rbp)", Argument(byteCount: 8, isSigned: false, place: .memory(register: 32, distance: -16))),
        ("4@(%rdi)", Argument(byteCount: 4, isSigned: false, place: .memory(register: 112, distance: 0))),
        ("8f@%xmm0", nil), ("8@(%rdx,%rax,8)", nil), ("8@counter(%rip)", nil), ("8@0(%rip)", nil), ("8@counter", nil),
        ("3@%eax", nil), ("%eax", nil), ("", nil), ("@", nil), ("4@", nil), ("4@$", nil), ("4@%", nil), ("4@(", nil),
        ("4@()", nil), ("4@-(%rax)", nil), ("4@%rxx", nil),
      ]
      for (text, expected) in rows { #expect(TracepointArgument(text) == expected, "\(text)") }
    }

    @Test("a record has what programs read of it where they read it")
    func record() throws {
      let arguments = try TracepointArgument.all(of: "-2@-8(%rbp) 4@%edi 1@$5", for: "test")
      let bytes = TracepointRecord(arguments: arguments, cookie: 9).bytes
      #expect(bytes.count == TracepointRecord.byteCount)
      // The distance, in memory from rbp, with a sign, 48 bits unused.
      #expect(bytes[0..<16].elementsEqual([0xf8, 255, 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 32, 0, 1, 48]))
      #expect(bytes[16..<32].elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 112, 0, 0, 32]))
      #expect(bytes[32..<48].elementsEqual([5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 56]))
      #expect(bytes[48..<192].allSatisfy { $0 == 0 } && bytes[192] == 9 && bytes[200] == 3)
      let many = [String](repeating: "4@%edi", count: 13).joined(separator: " ")
      #expect(throws: BPFError.self) { try TracepointArgument.all(of: many, for: "test") }
    }
  #endif
}
