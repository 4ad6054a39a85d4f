import ProfileFormats
import Testing

@Suite struct ProfileTests {
  @Test func equalRowsAreStoredOnce() {
    var profile = Profile()
    let module = profile.intern(Profile.Module(path: "/usr/bin/a", buildID: [1, 2]))
    #expect(profile.intern(Profile.Module(path: "/usr/bin/a", buildID: [1, 2], start: 0x1000)) == module)
    #expect(profile.intern(Profile.Module(path: "/usr/bin/a", buildID: [1, 3])) != module)
    let function = profile.intern(Profile.Function(name: "main", module: module))
    #expect(profile.intern(Profile.Function(name: "main", module: module)) == function)
    let location = profile.intern(Profile.Location(module: module, address: 0x10, kind: .native))
    profile.setFrames([Profile.Frame(function: function, line: 3)], at: location)
    #expect(profile.intern(Profile.Location(module: module, address: 0x10, kind: .native)) == location)
    #expect(profile[location].frames.map(\.line) == [3])
    #expect(profile.modules.count == 2)
    #expect(profile.functions.count == 1)
  }

  @Test func stacksShareWhatTheyBeginWith() {
    var profile = Profile()
    let locations = (0..<5000).map {
      profile.intern(Profile.Location(module: nil, address: UInt64($0), kind: .unknown))
    }
    let outer = profile.stack(leafFirst: [locations[1], locations[0]])
    let inner = profile.stack(leafFirst: [locations[2]], onto: outer)
    #expect(profile.stack(leafFirst: [locations[2], locations[1], locations[0]]) == inner)
    #expect(profile.stacks.nodes.count == 3)
    #expect(profile.stacks.leafFirst(inner) == [locations[2], locations[1], locations[0]])
    #expect(profile.stacks[inner]?.depth == 3)
    #expect(profile.stack(leafFirst: []) == .empty)

    // Enough to make the table of nodes grow several times: what was there is found again.
    let deep = profile.stack(leafFirst: locations)
    let count = profile.stacks.nodes.count
    #expect(profile.stack(leafFirst: locations) == deep)
    #expect(profile.stacks.nodes.count == count)
    #expect(profile.stacks.maximumDepth == 5000)
    #expect(profile.stacks.leafFirst(deep) == locations)
  }

  @Test func truncationReasonsHaveABound() {
    var profile = Profile()
    let first = profile.truncated(because: "byte budget")
    #expect(profile.truncated(because: "byte budget") == first)
    #expect(profile.description(of: first) == "truncated: byte budget")
    for number in 0..<400 { _ = profile.truncated(because: "reason \(number)") }
    #expect(profile.truncationReasons.count == 254)
    #expect(profile.description(of: profile.truncated(because: "one more")) == "truncated: other")
    #expect(profile.description(of: .pending) == "pending")
  }
}
