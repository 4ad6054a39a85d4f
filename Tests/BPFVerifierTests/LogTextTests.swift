import BPFObject
import BPFVerifier
import Testing

/// The log of small programs, word for word: what ``LogTests`` finds equal to the kernel's stands here for machines without
/// one.
@Suite("The text of the log")
struct LogTextTests {
  private struct Row {
    var sentence: String
    var code: String
    var log: VerifierOptions.LogLevel
    /// The source line of each instruction that begins one.
    var lines: [Int: Int] = [:]
    var expected: String
  }

  @Test("is the kernel's, word for word")
  func text() throws {
    // Numbers up to the limit, and those above it.
    let below = "smin=smin32=0,smax=umax=smax32=umax32=0x11170,var_off=(0x0; 0x1ffff)"
    let above = "smin=umin=umin32=0x11171,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff)"
    for row in Self.rows {
      let text = "## \(row.sentence)\nsection: socket\n\(row.code)\n| ok\n"
      let file = try CorpusFile(topic: "log", text: text)
      var object = try CorpusAssembler.object(#require(file.cases.first))
      var program = try #require(object.programs["p"])
      program.lines = row.lines.sorted { $0.key < $1.key }.map { instruction, line in
        .init(instruction: instruction, file: "/src/log.bpf.c", text: "\t line \(line);", line: line, column: 2)
      }
      object.programs["p"] = program
      var options = OwnAnswer.options
      options.log = row.log
      let log = Verifier(options: options).verify(program, of: object).log
      let expected = row.expected.replacing("NUM", with: below).replacing("BIG", with: above)
      #expect(log == expected + "\n", "\(row.sentence):\n\(log)")
    }
  }

  private static let call = """
        r6 = r1
        r0 = *(u32 *)(r1 + 0)
        if r0 > 70000 goto out
        *(u64 *)(r10 - 8) = r0
        r1 = r10
        r1 += -8
        call sub
        exit
    out:
        r0 = 0
        exit
    static int sub(int *value):
        r2 = *(u64 *)(r1 + 0)
        *(u64 *)(r10 - 16) = 5
        r0 = 1
        exit
    """

  private static let rows: [Row] = [
    Row(
      sentence: "with both ways of a branch, a call, its caller's stack, and each source line once", code: call,
      log: .allPaths, lines: [0: 3, 1: 4, 2: 4, 3: 5, 4: 5, 8: 9],
      expected: """
        0: R1=ctx() R10=fp0
        ; line 3; @ log.bpf.c:3
        0: (bf) r6 = r1                       ; R1=ctx() R6=ctx()
        ; line 4; @ log.bpf.c:4
        1: (61) r0 = *(u32 *)(r1 +0)          ; R0=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff)) R1=ctx()
        2: (25) if r0 > 0x11170 goto pc+5     ; R0=scalar(NUM)
        ; line 5; @ log.bpf.c:5
        3: (7b) *(u64 *)(r10 -8) = r0         ; R0=scalar(id=1,NUM) R10=fp0 fp-8=scalar(id=1,NUM)
        4: (bf) r1 = r10                      ; R1=fp0 R10=fp0
        5: (07) r1 += -8                      ; R1=fp-8
        6: (85) call pc+3
        caller:
         R6=ctx() R10=fp0 fp-8=scalar(id=1,NUM)
        callee:
         frame1: R1=fp[0]-8 R10=fp0
        10: frame1: R1=fp[0]-8 R10=fp0
        10: (79) r2 = *(u64 *)(r1 +0)         ; frame1: R1=fp[0]-8 R2=scalar(id=1,NUM)
        11: (7a) *(u64 *)(r10 -16) = 5        ; frame1: R10=fp0 fp-16=5
        12: (b7) r0 = 1                       ; frame1: R0=1
        13: (95) exit
        returning from callee:
         frame1: R0=1 R1=fp[0]-8 R2=scalar(id=1,NUM) R10=fp0 fp-16=5
        to caller at 7:
         R0=1 R6=ctx() R10=fp0 fp-8=scalar(id=1,NUM)

        from 13 to 7: R0=1 R6=ctx() R10=fp0 fp-8=scalar(id=1,NUM)
        7: (95) exit

        from 2 to 8: R0=scalar(BIG) R1=ctx() R6=ctx() R10=fp0
        8: R0=scalar(BIG) R1=ctx() R6=ctx() R10=fp0
        ; line 9; @ log.bpf.c:9
        8: (b7) r0 = 0                        ; R0=0
        9: (95) exit
        processed 14 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
        """),
    Row(
      sentence: "without the ways that came to a good end",
      code: call.replacing("r0 = 0", with: "r0 = *(u8 *)(r0 + 0)"), log: .path,
      expected: """
        0: R1=ctx() R10=fp0
        0: (bf) r6 = r1                       ; R1=ctx() R6=ctx()
        1: (61) r0 = *(u32 *)(r1 +0)          ; R0=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff)) R1=ctx()
        2: (25) if r0 > 0x11170 goto pc+5 8: R0=scalar(BIG) R1=ctx() R6=ctx() R10=fp0
        8: (71) r0 = *(u8 *)(r0 +0)
        R0 invalid mem access 'scalar'
        processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
        """),
    Row(
      sentence: "with references and what a helper has written",
      code: """
            r1 = map(ring) ll
            r2 = 8
            r3 = 0
            call bpf_ringbuf_reserve
            if r0 == 0 goto out
            r7 = r0
            r1 = r10
            r1 += -16
            r2 = 16
            r3 = 8
            call bpf_get_current_comm
            r1 = r7
            r2 = 0
            call bpf_ringbuf_submit
        out:
            r0 = 0
            exit
        """, log: .allPaths,
      expected: """
        0: R1=ctx() R10=fp0
        0: (18) r1 = 0xffff888000000000       ; R1=map_ptr(map=ring,ks=0,vs=0)
        2: (b7) r2 = 8                        ; R2=8
        3: (b7) r3 = 0                        ; R3=0
        4: (85) call bpf_ringbuf_reserve#131          ; R0=ringbuf_mem_or_null(id=2,ref_obj_id=2,sz=8) refs=2
        5: (15) if r0 == 0x0 goto pc+9        ; R0=ringbuf_mem(ref_obj_id=2,sz=8) refs=2
        6: (bf) r7 = r0                       ; R0=ringbuf_mem(ref_obj_id=2,sz=8) R7=ringbuf_mem(ref_obj_id=2,sz=8) refs=2
        7: (bf) r1 = r10                      ; R1=fp0 R10=fp0 refs=2
        8: (07) r1 += -16                     ; R1=fp-16 refs=2
        9: (b7) r2 = 16                       ; R2=16 refs=2
        10: (b7) r3 = 8                       ; R3=8 refs=2
        11: (85) call bpf_get_current_comm#16         ; R0=scalar() fp-8=mmmmmmmm fp-16=mmmmmmmm refs=2
        12: (bf) r1 = r7                      ; R1=ringbuf_mem(ref_obj_id=2,sz=8) R7=ringbuf_mem(ref_obj_id=2,sz=8) refs=2
        13: (b7) r2 = 0                       ; R2=0 refs=2
        14: (85) call bpf_ringbuf_submit#132          ;
        15: (b7) r0 = 0                       ; R0=0
        16: (95) exit

        from 5 to 15: R0=0 R10=fp0
        15: R0=0 R10=fp0
        15: (b7) r0 = 0                       ; R0=0
        16: (95) exit
        processed 18 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
        """),
  ]
}
