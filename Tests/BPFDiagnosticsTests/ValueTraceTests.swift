import BPFDiagnostics
import Testing

/// Where a value comes from is found through calls, callbacks and the stack, and never in another function's registers.
@Suite("Where a value comes from")
struct ValueTraceTests {
  private struct Row {
    var sentence: String
    var log: String
    /// The instruction that made what the first register at fault holds.
    var origin: Int?
    /// The instructions that had to do with it.
    var history: [Int]
    /// The decisions that did.
    var path: [Int] = []
  }

  @Test("is followed through every kind of call")
  func calls() {
    for row in Self.rows {
      let diagnostic = Diagnostic(kernelLog: row.log)
      #expect(diagnostic.holdings.first?.instruction == row.origin, "\(row.sentence)")
      #expect(diagnostic.history.map(\.instruction) == row.history, "\(row.sentence)")
      #expect(diagnostic.path.map(\.instruction) == row.path, "\(row.sentence)")
    }
  }

  private static let value = "map_value_or_null(id=1,map=n,ks=4,vs=8)"
  /// R0 is the result of a look-up at 2, and R6 a copy of it from 3.
  private static let lookup = """
    0: R1=ctx() R10=fp0
    0: (bf) r2 = r10                      ; R2=fp0 R10=fp0
    1: (18) r1 = 0xffff888101234000       ; R1=map_ptr(map=n,ks=4,vs=8)
    2: (85) call bpf_map_lookup_elem#1    ; R0=\(value)
    3: (bf) r6 = r0                       ; R0=\(value) R6=\(value)

    """

  private static let rows: [Row] = [
    Row(
      sentence: "a register of the caller is not one of the same name in a function that was called since",
      log: lookup + """
        4: (b7) r1 = 5                        ; R1=5
        5: (85) call pc+9
        caller:
         R6=\(value) R10=fp0
        callee:
         frame1: R1=5 R10=fp0
        15: frame1: R1=5 R10=fp0
        15: (bf) r6 = r1                      ; frame1: R1=5 R6=5
        16: (15) if r6 == 0x7 goto pc+1       ; frame1: R6=5
        17: (b7) r0 = 0                       ; frame1: R0=0
        18: (95) exit
        returning from callee:
         frame1: R0=0 R1=5 R6=5 R10=fp0
        to caller at 6:
         R0=0 R6=\(value) R10=fp0

        from 18 to 6: R0=0 R6=\(value) R10=fp0
        6: (15) if r6 == 0x1 goto pc+1        ; R6=\(value)
        7: (79) r1 = *(u64 *)(r6 +0)
        R6 invalid mem access 'map_value_or_null'
        """, origin: 2, history: [2, 3], path: [6]),
    Row(
      sentence: "a register of a function that was called is not one of the same name in the caller",
      log: lookup + """
        4: (bf) r1 = r0                       ; R0=\(value) R1=\(value)
        5: (b7) r6 = 9                        ; R6=9
        6: (85) call pc+8
        caller:
         R6=9 R10=fp0
        callee:
         frame1: R1=\(value) R10=fp0
        15: frame1: R1=\(value) R10=fp0
        15: (bf) r6 = r1                      ; frame1: R1=\(value) R6=\(value)
        16: (79) r1 = *(u64 *)(r6 +0)
        R6 invalid mem access 'map_value_or_null'
        """, origin: 2, history: [2, 4, 15]),
    Row(
      sentence: "what a function returns was made in it",
      log: """
        0: R1=ctx() R10=fp0
        0: (b7) r0 = 7                        ; R0=7
        1: (85) call pc+8
        caller:
         R10=fp0
        callee:
         frame1: R10=fp0
        10: frame1: R10=fp0
        10: (85) call bpf_map_lookup_elem#1   ; frame1: R0=\(value)
        11: (15) if r0 == 0x9 goto pc+1       ; frame1: R0=\(value)
        12: (95) exit
        returning from callee:
         frame1: R0=\(value) R10=fp0
        to caller at 2:
         R0=\(value) R10=fp0

        from 12 to 2: R0=\(value) R10=fp0
        2: (79) r1 = *(u64 *)(r0 +0)
        R0 invalid mem access 'map_value_or_null'
        """, origin: 10, history: [10], path: [11]),
    Row(
      sentence: "what a function reads from the caller's stack was stored by the caller",
      log: lookup + """
        4: (7b) *(u64 *)(r10 -16) = r0        ; R0=\(value) R10=fp0 fp-16=\(value)
        5: (bf) r1 = r10                      ; R1=fp0 R10=fp0
        6: (07) r1 += -16                     ; R1=fp-16
        7: (85) call pc+7
        caller:
         R6=\(value) R10=fp0 fp-16=\(value)
        callee:
         frame1: R1=fp[0]-16 R10=fp0
        15: frame1: R1=fp[0]-16 R10=fp0
        15: (7a) *(u64 *)(r10 -16) = 0        ; frame1: R10=fp0 fp-16=0
        16: (79) r1 = *(u64 *)(r1 +0)         ; frame1: R1=\(value)
        17: (79) r1 = *(u64 *)(r1 +0)
        R1 invalid mem access 'map_value_or_null'
        """, origin: 2, history: [2, 4, 16]),
    Row(
      sentence: "what the caller reads from its stack may have been stored by a function that was called",
      log: """
        0: R1=ctx() R10=fp0
        0: (7a) *(u64 *)(r10 -8) = 0          ; R10=fp0 fp-8=0
        1: (bf) r1 = r10                      ; R1=fp0 R10=fp0
        2: (85) call pc+7
        caller:
         R10=fp0 fp-8=0
        callee:
         frame1: R1=fp[0]0 R10=fp0
        10: frame1: R1=fp[0]0 R10=fp0
        10: (85) call bpf_map_lookup_elem#1   ; frame1: R0=\(value)
        11: (7b) *(u64 *)(r1 -8) = r0         ; frame1: R0=\(value) R1=fp[0]0
        12: (95) exit

        from 12 to 3: R0=0 R10=fp0 fp-8=\(value)
        3: (79) r7 = *(u64 *)(r10 -8)         ; R7=\(value) R10=fp0
        4: (79) r1 = *(u64 *)(r7 +0)
        R7 invalid mem access 'map_value_or_null'
        """, origin: 10, history: [10, 11, 3]),
    Row(
      sentence: "a callback finds in R2 what bpf_loop was given in R3",
      log: lookup + """
        4: (7b) *(u64 *)(r10 -24) = r0        ; R0=\(value) R10=fp0 fp-24=\(value)
        5: (bf) r3 = r10                      ; R3=fp0 R10=fp0
        6: (07) r3 += -24                     ; R3=fp-24
        7: (85) call bpf_loop#181
        8: R0=scalar() R10=fp0 fp-24=\(value)
        8: (95) exit

        from 7 to 15: frame1: R1=scalar() R2=fp[0]-24 R10=fp0 cb
        15: frame1: R1=scalar() R2=fp[0]-24 R10=fp0 cb
        15: (79) r1 = *(u64 *)(r2 +0)         ; frame1: R1=\(value) R2=fp[0]-24 cb
        16: (79) r1 = *(u64 *)(r1 +0)
        R1 invalid mem access 'map_value_or_null'
        """, origin: 2, history: [2, 4, 15]),
    Row(
      sentence: "the other arguments of a callback are made by the function that calls it back",
      log: """
        0: R1=ctx() R10=fp0
        0: (b7) r1 = 10                       ; R1=10
        1: (85) call bpf_loop#181             ; R0=scalar()
        2: (95) exit

        from 1 to 15: frame1: R1=scalar() R2=0 R10=fp0 cb
        15: (bf) r6 = r1                      ; frame1: R1=scalar() R6=scalar() cb
        16: (79) r1 = *(u64 *)(r6 +0)
        R6 invalid mem access 'scalar'
        """, origin: 1, history: [1, 15]),
    Row(
      sentence: "a register that was spilled is what it was before",
      log: lookup + """
        4: (7b) *(u64 *)(r10 -8) = r6         ; R6=\(value) R10=fp0 fp-8=\(value)
        5: (b7) r6 = 0                        ; R6=0
        6: (85) call bpf_ktime_get_ns#5       ; R0=scalar()
        7: (79) r7 = *(u64 *)(r10 -8)         ; R7=\(value) R10=fp0 fp-8=\(value)
        8: (79) r1 = *(u64 *)(r7 +0)
        R7 invalid mem access 'map_value_or_null'
        """, origin: 2, history: [2, 3, 4, 7]),
    Row(
      sentence: "what a helper has written to the stack comes from it, not from what was there before",
      log: lookup + """
        4: (7a) *(u64 *)(r10 -16) = 0         ; R10=fp0 fp-16=0
        5: (b7) r2 = 16                       ; R2=16
        6: (85) call bpf_unknown#900          ; R0=scalar() fp-8=mmmmmmmm fp-16=mmmmmmmm
        7: (61) r7 = *(u32 *)(r10 -12)        ; R7=scalar() R10=fp0 fp-16=mmmmmmmm
        8: (bf) r7 = r7                       ; R7=scalar()
        9: (79) r1 = *(u64 *)(r7 +0)
        R7 invalid mem access 'scalar'
        """, origin: 7, history: [6, 7, 8]),
    Row(
      sentence: "a helper that a function calls may write to the caller's stack",
      log: """
        0: R1=ctx() R10=fp0
        0: (7a) *(u64 *)(r10 -16) = 0         ; R10=fp0 fp-16=0
        1: (bf) r1 = r10                      ; R1=fp0 R10=fp0
        2: (07) r1 += -24                     ; R1=fp-24
        3: (85) call pc+6
        caller:
         R10=fp0 fp-16=0
        callee:
         frame1: R1=fp[0]-24 R10=fp0
        10: frame1: R1=fp[0]-24 R10=fp0
        10: (b7) r2 = 16                      ; frame1: R2=16
        11: (85) call bpf_probe_read_kernel#113       ; frame1: R0=scalar()
        12: (95) exit

        from 12 to 4: R0=scalar() R10=fp0 fp-16=mmmmmmmm fp-24=mmmmmmmm
        4: (79) r7 = *(u64 *)(r10 -16)        ; R7=scalar() R10=fp0 fp-16=mmmmmmmm
        5: (79) r1 = *(u64 *)(r7 +0)
        R7 invalid mem access 'scalar'
        """, origin: 11, history: [11, 4]),
    Row(
      sentence: "the path goes on where an iterator gives another element",
      log: lookup + """
        4: (85) call bpf_iter_num_next#900    ; R0=0 fp-8=iter_num(ref_id=1,state=drained,depth=0)
        5: (15) if r0 == 0x0 goto pc+4        ; R0=0
        10: (95) exit

        from 4 to 5: R0=rdonly_mem(id=2,sz=4) R6=\(value) R10=fp0
        5: R0=rdonly_mem(id=2,sz=4) R6=\(value) R10=fp0
        5: (15) if r0 == 0x0 goto pc+4        ; R0=rdonly_mem(id=2,sz=4)
        6: (79) r1 = *(u64 *)(r6 +0)
        R6 invalid mem access 'map_value_or_null'
        """, origin: 2, history: [2, 3]),
    Row(
      sentence: "a path that begins within a function goes on in its caller, whose registers are others",
      log: """
        15: frame1: R1=5 R6=\(value) R10=fp0
        15: (b7) r6 = 1                       ; frame1: R6=1
        16: (95) exit

        from 16 to 6: R0=0 R6=\(value) R10=fp0
        6: (79) r1 = *(u64 *)(r6 +0)
        R6 invalid mem access 'map_value_or_null'
        """, origin: nil, history: []),
    Row(
      sentence: "a number in a loop is that of the last round",
      log: """
        0: R1=ctx() R10=fp0
        0: (b7) r2 = 0                        ; R2=0
        1: (07) r2 += 8                       ; R2=8
        2: (25) if r2 > 0x20 goto pc+2        ; R2=8
        3: (05) goto pc-3
        1: (07) r2 += 8                       ; R2=16
        2: (25) if r2 > 0x20 goto pc+2        ; R2=16
        3: (79) r3 = *(u64 *)(r2 +0)
        R2 invalid mem access 'scalar'
        """, origin: 1, history: [0, 1], path: [2, 2]),
    Row(
      sentence: "what an atomic operation has added is part of the value",
      log: """
        0: R1=ctx() R10=fp0
        0: (7a) *(u64 *)(r10 -8) = 5          ; R10=fp0 fp-8=5
        1: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
        2: (db) lock *(u64 *)(r10 -8) += r0   ; R0=scalar() R10=fp0 fp-8=mmmmmmmm
        3: (79) r2 = *(u64 *)(r10 -8)         ; R2=scalar() R10=fp0 fp-8=mmmmmmmm
        4: (79) r3 = *(u64 *)(r2 +0)
        R2 invalid mem access 'scalar'
        """, origin: 2, history: [1, 2, 3]),
  ]
}
