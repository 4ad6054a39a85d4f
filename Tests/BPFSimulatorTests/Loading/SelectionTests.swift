import BPFObject
import BPFSimulator
import Testing

/// Which programs of an object are loaded.
@Suite struct SelectionTests {
  @Test("programs whose section begins with a question mark are loaded when they are named, and only then")
  func selection() throws {
    var object = AssembledObject()
    for name in ["first", "second", "later"] { try object.program(name, "r0 = 1\nexit") }
    var file = object.file
    file.programs["later"]?.loadsByDefault = false
    let rows: [(names: Set<String>?, loaded: [String])] = [
      (nil, ["first", "second"]), (["later"], ["later"]), (["second", "later"], ["second", "later"]), ([], []),
    ]
    for row in rows {
      let loaded = try Machine().load(file, programs: row.names)
      #expect(loaded.programs.map(\.name) == row.loaded, "\(String(describing: row.names))")
    }
    let loaded = try Machine().load(file)
    let later = #expect(throws: MachineError.self) { try loaded.program("later") }
    #expect(later?.description == "program 'later' was not loaded; these were: first, second")
    let missing = #expect(throws: MachineError.self) { try loaded.program("nothing") }
    #expect(missing?.description.contains("the object has no program 'nothing'") == true)
    #expect(throws: LoadError.self) { try Machine().load(file, programs: ["nothing"]) }
  }
}
