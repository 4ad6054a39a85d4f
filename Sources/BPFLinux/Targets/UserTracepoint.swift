import BPFObject
import ELF
import SystemPackage

/// A place in a program or library that its author has marked (USDT): `DTRACE_PROBE`, `STAP_PROBE` and the like leave a
/// no-op and a note in the section `.note.stapsdt` that says where it is and where the values are that it tells.
struct UserTracepoint: Equatable {
  var provider: String
  var name: String
  /// The offset of the no-op in the file.
  var offset: UInt64
  /// The offset in the file of a counter of those who listen, which the program looks at before it computes the values;
  /// `nil` when there is none.
  var counterOffset: UInt64?
  /// The values, as the note tells them.
  var arguments: String
}

extension ExecutableFile {
  /// The places of a name, in the order of the notes: what is compiled in several times has several.
  ///
  /// - Throws: ``BPFError`` with the names that there are when none fits.
  func userTracepoints(_ provider: String, _ name: String) throws(BPFError) -> [UserTracepoint] {
    let all = try userTracepoints()
    let found = all.filter { $0.provider == provider && $0.name == name }
    guard found.isEmpty else { return found }
    let subject = "tracepoint '\(provider):\(name)' of '\(path)'"
    guard !all.isEmpty else {
      throw .refusal(
        subject, "the file has none", advice: "it may have been built without them, or be stripped of them")
    }
    let names = Set(all.map { "\($0.provider):\($0.name)" })
    throw .refusal(
      subject, "the file has no such tracepoint",
      advice: NearNames(to: "\(provider):\(name)", among: names).advice(
        otherwise: "it has \(names.sorted().prefix(16).joined(separator: ", "))"))
  }

  /// All places that the file marks.
  func userTracepoints() throws(BPFError) -> [UserTracepoint] {
    guard let notes = try section(named: ".note.stapsdt") else { return [] }
    // The linker notes the address of this section; where it is now tells by how much all others were moved after it.
    let base = try section(named: ".stapsdt.base")?.address
    var found: [UserTracepoint] = []
    for note in ELFNote.notes(in: notes.contents) where note.name == "stapsdt" && note.type == 3 {
      let contents = ELFBytes(bytes: Array(note.contents), byteOrder: notes.contents.byteOrder)
      guard let place = Place(contents) else { continue }
      let distance = base.map { $0 &- place.base } ?? 0
      guard let offset = offset(of: place.address &+ distance) else { continue }
      var counter: UInt64?
      if place.counter != 0 {
        counter = self.offset(of: place.counter &+ distance)
        // Without it the program would never come to the place.
        guard counter != nil else { continue }
      }
      found.append(
        UserTracepoint(
          provider: place.provider, name: place.name, offset: offset, counterOffset: counter, arguments: place.arguments
        )
      )
    }
    return found
  }

  /// What a note says: three addresses and three texts.
  private struct Place {
    var address: UInt64
    var base: UInt64
    var counter: UInt64
    var provider: String
    var name: String
    var arguments: String

    init?(_ bytes: ELFBytes) {
      guard let address = bytes.integer(UInt64.self, at: 0), let base = bytes.integer(UInt64.self, at: 8),
        let counter = bytes.integer(UInt64.self, at: 16)
      else { return nil }
      var texts: [String] = []
      var position = 24
      for _ in 0..<3 {
        guard let text = bytes.text(at: position, before: bytes.count, limit: 4096) else { return nil }
        texts.append(text)
        position += text.utf8.count + 1
      }
      (self.address, self.base, self.counter) = (address, base, counter)
      (provider, name, arguments) = (texts[0], texts[1], texts[2])
    }
  }
}
