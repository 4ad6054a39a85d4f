import Foundation
import Merops
import MeropsCommand
import Subprocess
import SystemPackage
import Testing

@Suite struct RenderingTests {
  @Test("columns are as wide as their widest cell, and lines have no white space at their ends")
  func columns() {
    var columns = Columns([.left, .right, .left])
    columns.add("name", "n", "text")
    columns.add("a", "1000", "")
    columns.add("µ", "1", "x")
    #expect(columns.lines(.plain, indentation: 1) == [" name     n  text", " a     1000", " µ        1  x"])
    columns.add("", "2")
    #expect(columns.lines(.plain).last == "         2")
  }

  @Test("marks stand around text, not around nothing, and plain style has none")
  func style() {
    #expect(Style.colored.applied(.failure, to: "x") == "\u{1b}[1;31mx\u{1b}[0m")
    #expect(Style.colored.applied(.failure, to: "") == "")
    #expect(Style.plain.applied(.failure, to: "x") == "x")
  }

  @Test("what a terminal would obey is shown and not sent")
  func printable() {
    #expect("a\u{1b}[2Jb".printable == "a\\x1b[2Jb")
    #expect("tab\tµ│é".printable == "tab\tµ│é")
    #expect("new\nline".printable == "new\\x0aline")
    #expect("\u{202e}x\u{9b}".printable == "\\x202ex\\x9b")
    var columns = Columns([.left])
    columns.add("\u{7}")
    #expect(columns.lines(.plain) == ["\\x07"])
  }

  @Test("bytes without a type are an integer, a row, or a table in which rows of zeros are left out")
  func bytes() {
    #expect(DecodedValue([1, 2]).description == "513")
    #expect(DecodedValue([0xff, 0, 1]).description == "ff 00 01")
    #expect(DecodedValue([0xff, 0, 1]).lines() == "ff 00 01")
    let table = Array("hello".utf8) + [UInt8](repeating: 0, count: 60) + [0x7f, 0x41]
    #expect(
      DecodedValue(table).lines(indent: 1) == """
        0000  68 65 6c 6c 6f 00 00 00 00 00 00 00 00 00 00 00  |hello...........|
          *
          0040  00 7f 41                                         |..A|
        """)
  }

  @Test("a timeline indents what belongs together, by thread, and shows errors with their names")
  func timeline() {
    let app = TimelineEvent.ThreadName(pid: 1000, comm: "app")
    let idle = TimelineEvent.ThreadName(pid: 0, comm: "swapper/1")
    func event(
      _ time: UInt64, _ context: ExecutionContext, _ kind: TimelineEvent.Kind, _ thread: TimelineEvent.ThreadName? = nil
    ) -> TimelineEvent {
      TimelineEvent(time: time, cpu: thread == nil ? 0 : 1, context: context, thread: thread ?? app, kind: kind)
    }
    let text = TimelineText(
      [
        event(1_000, .task, .systemCallEntered(name: "read")),
        event(1_500, .nmi, .interruptEntered),
        event(1_600, .task, .switchedTo, idle),
        event(2_000, .nmi, .programRan(name: "sample", result: 0xffff_fff0, instructions: 7)),
        event(2_000, .nmi, .interruptLeft),
        event(1_234_567, .task, .systemCallLeft(name: "read", result: -4)),
        event(1_234_567, .user, .switchedTo),
      ], origin: 1_000)
    #expect(
      text.description == """
        time (µs)  CPU  context  thread     event
            0.000    0  task     app/1000   read()
            0.500    0  NMI      app/1000   │ interrupt
            0.600    1  task     swapper/1  idle
            1.000    0  NMI      app/1000   │ │ sample returned -16 (EBUSY) after 7 instructions
         1233.567    0  task     app/1000   └ returned -4 (EINTR)
         1233.567    0  user     app/1000   runs

        """)
    #expect(TimelineText([]).description == "")
    // Piece by piece, columns grow when they have to.
    var pieces = TimelineText([event(1_000, .task, .switchedTo)])
    #expect(
      pieces.takeText(indentation: 1) { _, text in text } == """
         time (µs)  CPU  context  thread    event
             1.000    0  task     app/1000  runs

        """)
    #expect(pieces.takeText { _, text in text } == "")
    pieces.append([event(1_234_567_890, .task, .switchedTo, idle), event(1_234_567_890, .task, .exited)])
    #expect(
      pieces.takeText { _, text in text } == """
        1234567.890    1  task     swapper/1  idle
        1234567.890    0  task     app/1000   ends

        """)
  }

  @Test(
    "colours are for terminals, and not for those who want none",
    .enabled(if: Fixture.hasCompiler && FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "no script(1)")
  )
  func colors() async throws {
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(
        "__attribute__((section(\"xdp\"), used)) int pass(void *ctx) { return 2; }", as: "pass")
      for (variables, isColored) in [("TERM=xterm", true), ("TERM=xterm NO_COLOR=1", false), ("TERM=dumb", false)] {
        let result = try await Subprocess.run(
          .path("/usr/bin/script"),
          arguments: [
            "-qec", "env -u NO_COLOR \(variables) '\(CommandProcess.path)' inspect '\(object)'", "/dev/null",
          ],
          output: .string(limit: 1 << 16), error: .discarded)
        #expect(result.terminationStatus.isSuccess)
        #expect(result.standardOutput.contains("programs"), "\(variables)")
        #expect(result.standardOutput.contains("\u{1b}[") == isColored, "\(variables)")
      }
    }
  }
}
