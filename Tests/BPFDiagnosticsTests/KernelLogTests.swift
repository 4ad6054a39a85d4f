import BPFDiagnostics
import Testing

/// The kernel's log is read into a diagnostic whatever it is.
@Suite("The kernel's log")
struct KernelLogTests {
  private static let missingCheck = """
    0: R1=ctx() R10=fp0
    ; __u32 key = 1; @ a.bpf.c:7
    0: (b4) w1 = 1                        ; R1=1
    1: (63) *(u32 *)(r10 -4) = r1         ; R1=1 R10=fp0 fp-8=mmmm????
    2: (bf) r2 = r10                      ; R2=fp0 R10=fp0
    3: (07) r2 += -4                      ; R2=fp-4
    ; value = bpf_map_lookup_elem(&counts, &key); @ a.bpf.c:8
    4: (18) r1 = 0xffff888101234000       ; R1=map_ptr(map=counts,ks=4,vs=8)
    6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=counts,ks=4,vs=8)
    ; (*value)++; @ a.bpf.c:9
    7: (79) r1 = *(u64 *)(r0 +0)
    R0 invalid mem access 'map_value_or_null'
    processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
    """

  @Test("gives instruction, source line, message and what the register holds")
  func fields() throws {
    let diagnostic = Diagnostic(kernelLog: Self.missingCheck, kernelVersion: "6.18")
    #expect(diagnostic.kernelMessage == "R0 invalid mem access 'map_value_or_null'")
    #expect(diagnostic.instruction == 7)
    #expect(diagnostic.instructionText == "r1 = *(u64 *)(r0 +0)")
    #expect(diagnostic.place == SourcePlace(file: "a.bpf.c", line: 9, text: "(*value)++;"))
    let holding = try #require(diagnostic.holdings.first)
    #expect(holding.subject == "R0")
    #expect(holding.contents == "a value of map 'counts', or null")
    #expect(holding.instruction == 6)
    #expect(diagnostic.headline == "R0 may be null: the result of a map look-up is used without a test")
    #expect(diagnostic.history.map(\.instruction) == [6])
  }

  @Test("is followed along the path that led to its end")
  func path() {
    let log = """
      0: R1=ctx() R10=fp0
      0: (61) r2 = *(u32 *)(r1 +0)          ; R1=ctx() R2=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
      1: (b7) r0 = 0                        ; R0=0
      2: (15) if r2 == 0x0 goto pc+2        ; R2=scalar(smin=umin=1,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
      3: (b7) r3 = 1                        ; R3=1
      4: (95) exit

      from 2 to 5: R0=0 R1=ctx() R2=0 R10=fp0
      5: R0=0 R1=ctx() R2=0 R10=fp0
      5: (55) if r2 != 0x1 goto pc+1        ; R2=1
      6: (95) exit

      from 5 to 7: R0=0 R1=ctx() R2=0 R10=fp0
      7: R0=0 R1=ctx() R2=0 R10=fp0
      7: (71) r0 = *(u8 *)(r2 +0)
      R2 invalid mem access 'scalar'
      processed 8 insns (limit 1000000)
      """
    let diagnostic = Diagnostic(kernelLog: log)
    #expect(diagnostic.instruction == 7)
    #expect(diagnostic.path.map(\.instruction) == [2, 5])
    #expect(diagnostic.path.map(\.isTaken) == [true, true])
    #expect(diagnostic.path.map(\.condition) == ["r2 == 0x0", "r2 != 0x1"])
    #expect(diagnostic.holdings.map(\.contents) == ["the number 0"])
  }

  @Test("has lines that are no message, before and after it, and one without an end")
  func noise() {
    let lines = [
      "func#0 @0", "Live regs before insn:", "      0: .1........ (bf) r6 = r1", "mark_precise: frame0: last_idx 6",
      "(0) live stack update done in 2 iterations", "verification time 12 usec", "stack depth 8+0", "propagating r6",
      "arg#0 reference type('UNKNOWN ') size cannot be determined: -22",
    ]
    let ending = "processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
    for line in lines {
      let diagnostic = Diagnostic(kernelLog: "0: (95) exit\n\(line)\nR0 !read_ok\n\(line)\n\(ending)")
      #expect(diagnostic.kernelMessage == "R0 !read_ok", "\(line)")
    }
    #expect(Diagnostic(kernelLog: "0: (95) exit\nR0 !read_ok\(ending)").kernelMessage == "R0 !read_ok")
  }

  @Test("of a global function has nothing to do with what was walked before it")
  func globalFunction() {
    let log = """
      0: R1=ctx() R10=fp0
      0: (61) r2 = *(u32 *)(r1 +0)          ; R2=scalar()
      1: (15) if r2 == 0x0 goto pc+2        ; R2=scalar()
      2: (95) exit
      Validating total() func#1...
      9: R1=mem_or_null(id=1,sz=80) R10=fp0
      9: (79) r0 = *(u64 *)(r1 +0)
      R1 invalid mem access 'mem_or_null'
      """
    let diagnostic = Diagnostic(kernelLog: log)
    #expect(diagnostic.function == "total")
    #expect(diagnostic.path.isEmpty && diagnostic.omittedDecisionCount == 0)
    #expect(
      diagnostic.headline
        == "R1 may be null: the global function total() is verified for any argument that it can get")
    #expect(diagnostic.suggestion?.contains("__arg_nonnull") == true)
    #expect(Diagnostic(kernelLog: "Validating total() func#1...\nfrom 1 to 4: R0=0\n4: (95) exit\nx\n").path.isEmpty)
  }

  @Test("of other kernels may mark registers as written, and numbers as precise")
  func marks() {
    let log = """
      0: R1=ctx(off=0,imm=0) R10=fp0
      0: (b7) r2 = 5                        ; R2_w=P5
      1: (79) r0 = *(u64 *)(r2 +0)
      R2 invalid mem access 'scalar'
      """
    #expect(Diagnostic(kernelLog: log).holdings.map(\.contents) == ["the number 5"])
    #expect(
      Diagnostic(kernelLog: log.replacing("R2_w=P5", with: "R2=P0x7fff0000")).holdings.map(\.contents) == [
        "the number 2147418112"
      ])
  }

  @Test("may acquire at the same instruction again: the last time counts, and the decisions since then")
  func acquiredTwice() {
    let round = """
      0: (85) call bpf_sk_lookup_tcp#84     ; R0=sock_or_null(id=1,ref_obj_id=1) refs=1
      1: (15) if r0 == 0x0 goto pc+4        ; R0=sock(ref_obj_id=1) refs=1

      """
    let log =
      "0: R1=ctx() R10=fp0\n" + round + round + """
        2: (95) exit
        Unreleased reference id=2 alloc_insn=0
        BPF_EXIT instruction in main prog would lead to reference leak
        """
    let diagnostic = Diagnostic(kernelLog: log)
    #expect(diagnostic.headline == "a socket is not given back before the end")
    #expect(diagnostic.path.map(\.instruction) == [1] && diagnostic.omittedDecisionCount == 1)
  }

  @Test("may tell a long history, of which the end is shown")
  func longHistory() {
    var log = "0: R1=ctx() R10=fp0\n0: (b7) r2 = 0                        ; R2=0\n"
    for index in 1...12 { log += "\(index): (07) r2 += 1                         ; R2=\(index)\n" }
    log += "13: (79) r0 = *(u64 *)(r2 +0)\nR2 invalid mem access 'scalar'\n"
    #expect(Diagnostic(kernelLog: log).history.map(\.instruction) == Array(5...12))
  }

  @Test("may have several releases: what gave a pointer up is what it belonged to, what moved the packet may move it")
  func losses() {
    let log = """
      0: R1=ctx() R10=fp0
      0: (85) call bpf_ringbuf_reserve#131  ; R0=ringbuf_mem(ref_obj_id=2,sz=8) refs=2
      1: (bf) r6 = r0                       ; R6=ringbuf_mem(ref_obj_id=2,sz=8) refs=2
      2: (85) call bpf_ringbuf_reserve#131  ; R0=ringbuf_mem(ref_obj_id=4,sz=8) refs=2,4
      3: (bf) r7 = r0                       ; R7=ringbuf_mem(ref_obj_id=4,sz=8) refs=2,4
      4: (bf) r1 = r6                       ; R1=ringbuf_mem(ref_obj_id=2,sz=8)
      5: (85) call bpf_ringbuf_submit#132   ; refs=4
      6: (bf) r1 = r7                       ; R1=ringbuf_mem(ref_obj_id=4,sz=8)
      7: (85) call bpf_ringbuf_discard#133  ;
      8: (79) r0 = *(u64 *)(r6 +0)
      R6 invalid mem access 'scalar'
      """
    let diagnostic = Diagnostic(kernelLog: log)
    #expect(diagnostic.headline == "what R6 points to was given up by bpf_ringbuf_submit")
    #expect(diagnostic.holdings.map(\.contents) == ["no longer a record of 8 bytes of a ring buffer"])
    let packet = """
      0: R1=ctx() R10=fp0
      0: (61) r6 = *(u32 *)(r1 +76)         ; R1=ctx() R6=pkt(r=0)
      1: (85) call bpf_skb_pull_data#39     ; R0=scalar()
      2: (85) call bpf_ktime_get_ns#5       ; R0=scalar()
      3: (71) r0 = *(u8 *)(r6 +0)
      R6 invalid mem access 'scalar'
      """
    #expect(
      Diagnostic(kernelLog: packet).headline
        == "R6 pointed into the packet until bpf_skb_pull_data, which may move the packet")
  }

  @Test("may name an instruction that no path leads to")
  func structure() {
    let diagnostic = Diagnostic(kernelLog: "jump out of range from insn 2 to 9\nprocessed 0 insns (limit 1000000)\n")
    #expect(diagnostic.instruction == 2)
    #expect(diagnostic.category == .structure)
    #expect(diagnostic.headline == "the jump at 2 leads out of its function, to 9")
  }

  @Test("has a headline when it is empty, cut or unknown")
  func little() {
    #expect(!Diagnostic(kernelLog: "").headline.isEmpty)
    #expect(Diagnostic(kernelLog: "").suggestion != nil)
    #expect(
      Diagnostic(kernelLog: "something that no kernel has said yet\n").headline
        == "something that no kernel has said yet")
    let half = String(Self.missingCheck.suffix(Self.missingCheck.count / 2))
    #expect(Diagnostic(kernelLog: half).kernelMessage == "R0 invalid mem access 'map_value_or_null'")
  }

  @Test("never makes the reader trap, whatever is done to it")
  func mutations() {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func next(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % max(limit, 1)
    }
    let original = Array(Self.missingCheck.utf8)
    let pieces = [
      "R", "=", "(", ")", ":", "99999999999999999999", "-", "from 2 to 7: ", "\n", " ; ", "@", "if r", "{}", "é", "0x",
      "fp-",
    ]
    for round in 0..<3000 {
      var bytes = original
      for _ in 0...next(6) {
        let place = next(bytes.count)
        switch next(4) {
        case 0: bytes[place] = UInt8(next(256))
        case 1: bytes.removeSubrange(place..<min(place + next(40), bytes.count))
        case 2: bytes.insert(contentsOf: Array(pieces[next(pieces.count)].utf8), at: place)
        default: bytes.append(contentsOf: bytes[place..<min(place + next(200), bytes.count)])
        }
        if bytes.isEmpty { bytes = [10] }
      }
      let diagnostic = Diagnostic(kernelLog: String(decoding: bytes, as: UTF8.self))
      let text = DiagnosticText().text(diagnostic)
      if text.isEmpty { Issue.record("round \(round): nothing is said") }
    }
  }

  @Test("of a long walk is read in a time that grows with its length alone")
  func long() {
    var log = "0: R1=ctx() R10=fp0\n"
    log += "; for (;;) @ a.bpf.c:3\n"
    for index in 0..<60_000 { log += "\(index % 50): (07) r1 += 1                         ; R1=\(index)\n" }
    log += "BPF program is too large. Processed 1000001 insn\n"
    let diagnostic = Diagnostic(kernelLog: log)
    #expect(
      diagnostic.remarks == [
        "at the end of the walk 100 of 100 instructions are in line 3: no round of the loop was like one before"
      ])
    #expect(diagnostic.instruction == 49)
  }
}
