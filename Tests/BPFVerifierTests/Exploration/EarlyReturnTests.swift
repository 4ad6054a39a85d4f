import BPFObject
import BPFVerifier
import Testing

/// A load in the old way ends its function with 0 where there is no such byte in the packet; of a function that the program
/// calls the program goes on then. Linux 6.18.44 ends in EFAULT ("verifier bug: static subprog unexpected regs") where a
/// number of the caller matters behind such a call, so that these programs are not in the corpus.
@Suite("The early return of a load from the packet")
struct EarlyReturnTests {
  private static let text = """
    ## numbers of the caller that matter after it: $1
    section: socket
        r7 = -8
        r8 = $1
        call sub
        r1 = r10
        r1 += r8
        *(u8 *)(r1 + 0) = 1
        r0 = 0
        exit
    static int sub(struct __sk_buff *context):
        r6 = r1
        r8 = 64
        r7 = -600
        r0 = *(u8 *)skb[0]
        r0 = -8
        exit
    | r7 | ok
    | -520 | EACCES at 5: invalid write to stack R1 off=-520 size=1
    | 0 | EACCES at 5: invalid write to stack R1 off=0 size=1

    ## what it returns is 0, or what the function returns otherwise: $1
    section: socket
        call sub
        r1 = r10
        r1 += r0
        r1 += $1
        *(u8 *)(r1 + 0) = 1
        r0 = 0
        exit
    static int sub(struct __sk_buff *context):
        r6 = r1
        r0 = *(u8 *)skb[0]
        r0 = -8
        exit
    | -1 | ok
    | 7 | EACCES at 4: invalid write to stack R1 off=7 size=1
    | -505 | EACCES at 4: invalid write to stack R1 off=-513 size=1
    """

  @Test("is walked, and what matters after it is traced back through it")
  func verdicts() throws {
    for row in try CorpusFile(topic: "early return", text: Self.text).cases {
      let object = try CorpusAssembler.object(row)
      let program = try #require(object.programs["p"])
      let answer = OwnAnswer(program, of: object, kernelTypes: nil)
      #expect(answer.verdict == row.expectation, "\(row.title): \(answer.verdict)")
    }
  }
}
