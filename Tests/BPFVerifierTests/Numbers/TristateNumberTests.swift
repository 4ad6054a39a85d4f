import BPFVerifier
import Testing

@Suite struct TristateNumberTests {
  @Test("a number of known bits is constant, one with unknown bits is not")
  func constants() {
    #expect(TristateNumber(5).isConstant)
    #expect(!TristateNumber.unknown.isConstant)
  }
}
