import Foundation
import SystemPackage
import TestTools
import Testing

@testable import ProfileFormats

@Suite struct FlameGraphTests {
  @Test func framesStandAcrossTheirCallersAndFillThem() {
    let graph = FlameGraph(Profile.example(), FlameGraphOptions())
    let tree = graph.weighted.tree
    var boxes: [Int32: FlameGraph.Box] = [:]
    for box in graph.boxes { boxes[box.node] = box }
    var widths: [Int32: Double] = [:]
    for box in graph.boxes {
      let node = Int(box.node)
      let parent = tree.nodes[node].parent
      widths[parent, default: 0] += box.width
      #expect(abs(box.width - Double(graph.weighted.totalWeights[node]) / 110_000_000) < 1e-9)
      guard parent >= 0 else { continue }
      let caller = boxes[parent]
      #expect(caller?.depth == box.depth - 1)
      #expect((caller?.left ?? 2) <= box.left + 1e-9)
      #expect((caller.map { $0.left + $0.width } ?? 0) >= box.left + box.width - 1e-9)
    }
    // All of the width is told, by the processes' names.
    #expect(abs((widths[-1] ?? 0) - 1) < 1e-9)
    #expect(graph.droppedCount == 0)
    #expect(FlameGraph(Profile.example(), FlameGraphOptions(minimumWidth: 0.2)).droppedCount == 4)
    #expect(FlameGraph(Profile(), FlameGraphOptions()).boxes.isEmpty)
  }

  @Test func narrowFramesAreNotDrawnAndTold() {
    let text = String(
      decoding: Profile.example().encoded(as: .flameGraph(FlameGraphOptions(minimumWidth: 0.2))), as: UTF8.self)
    #expect(text.contains("frames narrower than 20.00 % of the width not drawn"))
    let whole = String(decoding: Profile.example().encoded(as: .flameGraph()), as: UTF8.self)
    #expect(!whole.contains("id=\"dropped\""))
    #expect(whole.contains("cpu-clock, 100 Hz, 2.0 s, 13 samples, 66.67 % of the stacks whole, 2 lost"))
  }

  @Test(.enabled(if: Tools.has("python3"), "needs python3, which parses XML"))
  func thePictureIsXMLWhateverNamesHold() throws {
    let folder = try TemporaryFolder()
    var profile = Profile.example()
    profile.metadata.commandLine = ["<script>alert(1)</script>", "]]>", "\u{1}\u{7f}", "&amp;"]
    try profile.write(.flameGraph(), to: FilePath(folder.path("app.svg")))
    let script = """
      import sys, xml.dom.minidom
      document = xml.dom.minidom.parse(sys.argv[1])
      print(len(document.getElementsByTagName("script")))
      for g in document.getElementsByTagName("g"):
          print(repr(g.getElementsByTagName("title")[0].firstChild.data))
      """
    let output = try Tools.run("python3", ["-c", script, folder.path("app.svg")]).split(separator: "\n")
    #expect(output.first == "1")
    #expect(output.count == 1 + 1 + FlameGraph(profile, FlameGraphOptions()).boxes.count)
    #expect(
      output.contains { $0.hasPrefix("'run<&\"\\'>\\n/usr/bin/server\\n/src/server.cpp:10\\n7 samples, 63.64 %'") })
  }

  /// The picture in a browser: what its script does to it.
  @Test(.enabled(if: Tools.has("chromium"), "needs Chromium"))
  func aBrowserZoomsAndSearches() throws {
    let folder = try TemporaryFolder()
    for direction in [FlameGraphOptions.Direction.icicle, .flame] {
      try Profile.example().write(
        .flameGraph(FlameGraphOptions(direction: direction)), to: FilePath(folder.path("app.svg")))
      func page(_ fragment: String) throws -> String {
        try Tools.run(
          "chromium",
          [
            "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder.path("browser"))", "--dump-dom",
            "file://\(folder.path("app.svg"))\(fragment)",
          ])
      }
      func count(_ text: String, _ page: String) -> Int { page.components(separatedBy: text).count - 1 }
      let plain = try page("")
      #expect(count("display: none", plain) == 0)
      #expect(count("class=\"f ", plain) == 16)
      let searched = try page("#search=small")
      #expect(count(" hit\"", searched) == 1)
      #expect(searched.contains("1 frame matches small, 63.64 % of the width"))
      let zoomed = try page("#zoom=client")
      // Itself, its caller, and the three frames in it; all else is hidden.
      #expect(count("display: none", zoomed) == 16 - 5)
      #expect(count(" up\"", zoomed) == 1)
    }
  }
}
