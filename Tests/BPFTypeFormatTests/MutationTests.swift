import BPFTypeFormat
import Foundation
import Testing

@Suite struct MutationTests {
  /// `MEROPS_FUZZ_ROUNDS` in the environment asks for more rounds.
  static let rounds = ProcessInfo.processInfo.environment["MEROPS_FUZZ_ROUNDS"].flatMap(Int.init) ?? 400

  @Test("any damage to types ends in an answer or an error")
  func damagedTypes() throws {
    let sample = Sample()
    let encoded = try [BTF.ByteOrder.little, .big].map { try sample.builder.encode(byteOrder: $0) }
    var corpus = encoded
    var records: [[UInt8]] = []
    if CompiledC.isAvailable {
      for order in [BTF.ByteOrder.little, .big] {
        let fields = try CompiledC(BTFExtensionTests.source + CPrinterTests.layouts, byteOrder: order)
        corpus.append(fields.section(".BTF"))
        records.append(fields.section(".BTF.ext"))
      }
      let special = """
        struct row { struct bpf_spin_lock l; struct bpf_list_head h contains("item:node"); local_t kptr *p[2]; } row;
        """
      corpus.append(try CompiledC(SpecialFieldsTests.prelude + special).section(".BTF"))
    }
    let seed: UInt64 = 6_18_2025
    var mutated = MutatedTypes(seed: seed, corpus: corpus, records: records, sane: try BTF(parsing: encoded[0]))
    for _ in 0..<Self.rounds { mutated.round() }
    // If nothing were opened, nothing would have been asked.
    #expect(mutated.opened > Self.rounds / 4, "seed \(seed)")
    #expect(mutated.answers > Self.rounds && mutated.errors > Self.rounds, "seed \(seed)")
  }
}
