import ELF
import Foundation
import GZip
import TestTools
import Testing

@testable import Symbolization

/// A program with functions in functions, as compilers inline them, and an address in each.
private struct Sample {
  static let source = """
    #include <stdio.h>
    #include <stdlib.h>
    static volatile long sink;
    static inline __attribute__((always_inline)) long innermost(long x) {
      for (long i = 0; i < x; i++) sink += i * x;
      return sink + x;
    }
    static inline __attribute__((always_inline)) long middle(long x) {
      return innermost(x + 1) * 3;
    }
    __attribute__((noinline)) long outer(long x) {
      long y = middle(x);
      return y + middle(y);
    }
    static __attribute__((noinline)) long hidden(long x) {
      return outer(x) ^ sink;
    }
    int main(int argc, char **argv) {
      return (int)hidden(argc);
    }
    """

  let folder: TemporaryFolder
  var program: String { folder.path("program") }

  init(compiler: String, flags: [String] = []) throws {
    folder = try TemporaryFolder()
    try folder.write("program.c", Self.source)
    try Tools.run(
      compiler, ["-O2", "-g", "-Wl,--build-id", "-o", "program", "program.c"] + flags, in: folder.url)
  }

  /// The functions of the program with their addresses and lengths, as `nm` tells them.
  func functions() throws -> [(name: String, address: UInt64, length: UInt64)] {
    try Tools.run("nm", ["-S", "--defined-only", program]).split(separator: "\n").compactMap { line in
      let parts = line.split(separator: " ")
      guard parts.count == 4, "tT".contains(parts[2]), let address = UInt64(parts[0], radix: 16),
        let length = UInt64(parts[1], radix: 16)
      else { return nil }
      return (String(parts[3]), address, length)
    }
  }

  /// The offset in the file of an address, by the program headers that `readelf` prints.
  func offset(of address: UInt64) throws -> UInt64 {
    for line in try Tools.run("readelf", ["-lW", program]).split(separator: "\n") where line.contains(" LOAD ") {
      let numbers = line.split(separator: " ").dropFirst().prefix(5).compactMap { UInt64($0.dropFirst(2), radix: 16) }
      guard numbers.count == 5 else { continue }
      if address >= numbers[1], address - numbers[1] < numbers[3] { return address - numbers[1] + numbers[0] }
    }
    throw Tools.Failure(description: "no segment holds 0x\(String(address, radix: 16))")
  }

  /// Names of functions, a colon and lines, innermost first, as binutils' `addr2line` tells them.
  func expected(at addresses: [UInt64]) throws -> [[String]] {
    let arguments = addresses.map { "0x\(String($0, radix: 16))" }
    let output = try Tools.run("addr2line", ["-a", "-i", "-f", "-e", program] + arguments)
    var result: [[String]] = []
    var function: Substring?
    for line in output.split(separator: "\n") {
      if line.hasPrefix("0x") {
        result.append([])
      } else if let name = function {
        let place = line.split(separator: " ")[0].split(separator: ":").last ?? ""
        result[result.count - 1].append("\(name):\(place)")
        function = nil
      } else {
        function = line
      }
    }
    return result
  }
}

@Suite(.enabled(if: Tools.has("nm", "readelf", "addr2line", "objcopy", "strip"), "needs binutils"))
struct SymbolizerTests {
  private static let compilers = ["clang", "gcc"].filter { Tools.has($0) }

  /// Whether the machine has elfutils' library.
  private static let hasDebugInformation = DWARFLibrary() != nil

  @Test(
    .enabled(if: SymbolizerTests.hasDebugInformation, "needs elfutils' libdw1"),
    arguments: compilers, [["-pie", "-fPIE"], ["-no-pie"]])
  func inlinedFunctionsAndLinesAreThoseOfTheDebugInformation(compiler: String, flags: [String]) throws {
    let sample = try Sample(compiler: compiler, flags: flags)
    let symbolizer = Symbolizer()
    let module = symbolizer.module(ModuleIdentity(path: sample.program))
    var addresses: [UInt64] = []
    for function in try sample.functions() where ["outer", "hidden", "main"].contains(function.name) {
      addresses += (0..<function.length).map { function.address + $0 }
    }
    #expect(addresses.count > 60)
    var inlined = 0
    for (address, expected) in zip(addresses, try sample.expected(at: addresses)) {
      let frames = symbolizer.symbolize(fileOffset: try sample.offset(of: address), in: module)
      let told = frames.map { "\($0.name):\($0.line)" }
      // Where a compiler says line 0, one program prints it and another a question mark.
      let comparable = expected.map { $0.hasSuffix(":?") ? String($0.dropLast()) + "0" : $0 }
      #expect(told == comparable, "0x\(String(address, radix: 16))")
      inlined += frames.filter(\.isInlined).count
      #expect(frames.last?.isInlined == false)
      #expect(frames.allSatisfy { $0.line == 0 || $0.file?.hasSuffix("program.c") == true })
    }
    #expect(inlined > 20)
    #expect(symbolizer.notes == [])
  }

  @Test func symbolsAreFoundInWhateverFileHoldsThem() throws {
    let compiler = try #require(Self.compilers.first)
    let sample = try Sample(compiler: compiler)
    let hidden = try #require(try sample.functions().first { $0.name == "hidden" })
    let outer = try #require(try sample.functions().first { $0.name == "outer" })
    let place = try sample.offset(of: hidden.address + 1)
    let debug = sample.folder.path("debug")

    func name(_ options: SymbolizerOptions) -> (String?, [String]) {
      let symbolizer = Symbolizer(options: options)
      let module = symbolizer.module(ModuleIdentity(path: sample.program))
      return (symbolizer.symbolize(fileOffset: place, in: module).last?.name, symbolizer.notes)
    }
    // Functions alone, which need no library.
    var options = SymbolizerOptions(readsDebugInformation: false, debugDirectories: [debug])
    #expect(name(options) == ("hidden", []))

    // A debug file beside the program, named by it; then in a folder by build id.
    try Tools.run("objcopy", ["--only-keep-debug", sample.program, sample.folder.path("program.debug")])
    try Tools.run("strip", [sample.program])
    #expect(name(options) == (nil, []))
    try Tools.run(
      "objcopy", ["--add-gnu-debuglink=program.debug", "program"], in: sample.folder.url)
    #expect(name(options) == ("hidden", []))
    let file = try #require(try? FileContents(path: sample.program))
    let image = try #require(ELFImage(.file(file)))
    let id = image.buildID.map(DebugFileSearch.hexadecimal).joined()
    #expect(id.count == 40 || id.count == 32 || id.count == 16)
    let link = try #require(image.debugLink)
    #expect(link.name == "program.debug")
    #expect(CyclicRedundancyCheck.checksum(of: try sample.folder.read("program.debug")) == link.checksum)
    try FileManager.default.createDirectory(
      atPath: "\(debug)/.build-id/\(id.prefix(2))", withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      atPath: sample.folder.path("program.debug"), toPath: "\(debug)/.build-id/\(id.prefix(2))/\(id.dropFirst(2)).debug"
    )
    #expect(name(options) == ("hidden", []))
    if Self.hasDebugInformation {
      options.readsDebugInformation = true
      let symbolizer = Symbolizer(options: options)
      let module = symbolizer.module(ModuleIdentity(path: sample.program))
      let frames = symbolizer.symbolize(fileOffset: try sample.offset(of: outer.address + 1), in: module)
      #expect(frames.last?.file?.hasSuffix("program.c") == true)
    }
    options.readsDebugInformation = false
    options.debugDirectories = []
    #expect(name(options) == (nil, []))
  }

  /// Files under the right name that belong to another program are not taken, and programs without build ids are told by
  /// their numbers.
  @Test func debugFilesAndProgramsOfOthersAreNotTaken() throws {
    let compiler = try #require(Self.compilers.first)
    let sample = try Sample(compiler: compiler)
    let hidden = try #require(try sample.functions().first { $0.name == "hidden" })
    let place = try sample.offset(of: hidden.address + 1)
    let folder = sample.folder
    let options = SymbolizerOptions(readsDebugInformation: false, debugDirectories: [folder.path("debug")])
    func name() -> String? {
      let symbolizer = Symbolizer(options: options)
      return symbolizer.symbolize(
        fileOffset: place, in: symbolizer.module(ModuleIdentity(path: sample.program))
      ).last?.name
    }
    try Tools.run("objcopy", ["--only-keep-debug", "program", "program.debug"], in: folder.url)
    try Tools.run("strip", ["program"], in: folder.url)
    try Tools.run("objcopy", ["--add-gnu-debuglink=program.debug", "program"], in: folder.url)
    #expect(name() == "hidden")
    // The same functions at the same places, under another build id.
    try Tools.run(
      compiler, ["-O2", "-g", "-Wl,--build-id=0x0011223344556677", "-o", "program.debug", "program.c"], in: folder.url)
    #expect(name() == nil)
    let file = try #require(try? FileContents(path: sample.program))
    let id = try #require(ELFImage(.file(file))).buildID.map(DebugFileSearch.hexadecimal).joined()
    try FileManager.default.createDirectory(
      atPath: folder.path("debug/.build-id/\(id.prefix(2))"), withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      atPath: folder.path("program.debug"),
      toPath: folder.path("debug/.build-id/\(id.prefix(2))/\(id.dropFirst(2)).debug"))
    #expect(name() == nil)

    try Tools.run(compiler, ["-O2", "-Wl,--build-id=none", "-o", "program", "program.c"], in: folder.url)
    let plain = try #require(try? FileContents(path: sample.program))
    for inode in [plain.inode, plain.inode + 1] {
      let symbolizer = Symbolizer(options: options)
      let module = symbolizer.module(ModuleIdentity(path: sample.program, device: plain.device, inode: inode))
      let place = try sample.offset(of: try #require(try sample.functions().first { $0.name == "hidden" }).address)
      #expect(symbolizer.symbolize(fileOffset: place, in: module).last?.name == (inode == plain.inode ? "hidden" : nil))
    }
  }

  /// The table of symbols says what was linked, debug information what was written.
  @Test(.enabled(if: SymbolizerTests.hasDebugInformation, "needs elfutils' libdw1"))
  func theOutermostFunctionHasTheNameOfItsSymbol() throws {
    let sample = try Sample(compiler: try #require(Self.compilers.first))
    let hidden = try #require(try sample.functions().first { $0.name == "hidden" })
    try Tools.run("objcopy", ["--redefine-sym", "hidden=hidden.part.0", "program"], in: sample.folder.url)
    let symbolizer = Symbolizer()
    let module = symbolizer.module(ModuleIdentity(path: sample.program))
    let frames = symbolizer.symbolize(fileOffset: try sample.offset(of: hidden.address + 1), in: module)
    #expect(frames.last?.name == "hidden.part.0" && frames.last?.line ?? 0 > 0)
  }

  /// Symbols as assembly has them: one in another, several at one address, labels without a size.
  @Test func theBestSymbolOfAnAddressIsTaken() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "code.s",
      """
      .text
      .type alias, @function
      .globl outer, label
      .type outer, @function
      alias:
      outer: .skip 16, 0x90
      .type first, @function
      first: .skip 16, 0x90
      .size first, 16
      .type second, @function
      second: .skip 16, 0x90
      .size second, 16
      .skip 16, 0x90
      .size outer, 64
      .size alias, 64
      label: .skip 16, 0x90
      .section code2, "ax", @progbits
      .skip 64, 0x90
      .section .note.GNU-stack, "", @progbits

      """)
    let compiler = try #require(Self.compilers.first)
    try Tools.run(compiler, ["-nostdlib", "-shared", "-o", "code.so", "code.s"], in: folder.url)
    let file = try #require(try? FileContents(path: folder.path("code.so")))
    let image = try #require(ELFImage(.file(file)))
    let text = try #require(image.sections.first { $0.name == ".text" })
    let other = try #require(image.sections.first { $0.name == "code2" })
    var index = SymbolIndex()
    index.add(image)
    index.sort()
    for (offset, name) in [
      (UInt64(0), "outer"), (15, "outer"), (16, "first"), (31, "first"), (32, "second"), (48, "outer"), (63, "outer"),
      (64, "label"), (79, "label"),
    ] { #expect(index.function(at: text.address + offset)?.name == name, "\(offset)") }
    // The label is the nearest before the other section, and not what is in it.
    #expect(other.address >= text.address + 80)
    #expect(index.function(at: other.address + 60) == nil)
  }

  @Test(.enabled(if: Tools.has("xz") && XZ() != nil, "needs xz and liblzma"))
  func smallDebugInformationIsDecompressed() throws {
    let compiler = try #require(Self.compilers.first)
    let sample = try Sample(compiler: compiler)
    let hidden = try #require(try sample.functions().first { $0.name == "hidden" })
    let place = try sample.offset(of: hidden.address + 1)
    try Tools.run("objcopy", ["--only-keep-debug", "program", "mini"], in: sample.folder.url)
    try Tools.run("strip", ["--strip-debug", "mini"], in: sample.folder.url)
    try Tools.run("xz", ["mini"], in: sample.folder.url)
    try Tools.run("strip", ["program"], in: sample.folder.url)
    try Tools.run("objcopy", ["--add-section", ".gnu_debugdata=mini.xz", "program"], in: sample.folder.url)
    let symbolizer = Symbolizer(options: SymbolizerOptions(readsDebugInformation: false, debugDirectories: []))
    let module = symbolizer.module(ModuleIdentity(path: sample.program))
    #expect(symbolizer.symbolize(fileOffset: place, in: module).map(\.name) == ["hidden"])
    #expect(symbolizer.notes == [])
    #expect(XZ()?.decompress([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3]) == nil)
  }

  @Test func filesAreThoseThatWereSampled() throws {
    let compiler = try #require(Self.compilers.first)
    let sample = try Sample(compiler: compiler)
    let outer = try #require(try sample.functions().first { $0.name == "outer" })
    let place = try sample.offset(of: outer.address)
    let file = try #require(try? FileContents(path: sample.program))
    let id = try #require(ELFImage(.file(file))).buildID
    let identity = ModuleIdentity(path: sample.program, buildID: id, device: file.device, inode: file.inode)

    // Told of before it is deleted, and asked for afterwards.
    let symbolizer = Symbolizer(options: SymbolizerOptions(readsDebugInformation: false))
    let module = symbolizer.module(identity)
    #expect(symbolizer.module(identity) == module)
    try FileManager.default.moveItem(atPath: sample.program, toPath: sample.folder.path("other"))
    #expect(symbolizer.symbolize(fileOffset: place, in: module).map(\.name) == ["outer"])
    #expect(symbolizer.symbolize(fileOffset: 1 << 40, in: module) == [])

    // Another file has the name now.
    let late = Symbolizer()
    #expect(late.symbolize(fileOffset: place, in: late.module(identity)) == [])
    #expect(late.notes == ["\(sample.program) cannot be opened: its functions have no names"])
    try Tools.run(compiler, ["-O1", "-Wl,--build-id", "-o", "program", "program.c"], in: sample.folder.url)
    let wrong = Symbolizer()
    #expect(wrong.symbolize(fileOffset: place, in: wrong.module(identity)) == [])
    #expect(wrong.notes == ["\(sample.program) is not the file that was sampled: its functions have no names"])
  }

  #if os(Linux)
    @Test func theKernelsLibraryInEachProcessHasNames() throws {
      let bytes = try #require(VirtualSharedObject.bytes)
      let image = try #require(ELFImage(.memory(bytes)))
      let names = ["__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_getcpu"]
      let symbolizer = Symbolizer()
      // A sample may tell its build id too.
      let module = symbolizer.module(ModuleIdentity(path: "[vdso]", buildID: image.buildID))
      let found = (0..<UInt64(bytes.count)).compactMap { symbolizer.symbolize(fileOffset: $0, in: module).first?.name }
      #expect(
        names.contains { found.contains($0) } || found.contains { $0.hasPrefix("__vdso") || $0 == "clock_gettime" })
      #expect(!image.buildID.isEmpty)
      #expect(symbolizer.notes == [])
      let other = symbolizer.module(ModuleIdentity(path: "[vdso]", buildID: [1, 2, 3]))
      #expect(symbolizer.symbolize(fileOffset: UInt64(bytes.count / 4), in: other) == [])
      #expect(symbolizer.notes == ["[vdso] is not this kernel's: its functions have no names"])
    }
  #endif

  /// Damaged files of every sort: what is read of them may be nothing, but reading ends.
  @Test func noByteOfAFileMakesItsReaderTrap() throws {
    let compiler = try #require(Self.compilers.first)
    let sample = try Sample(compiler: compiler)
    let whole = try sample.folder.read("program")
    var state: UInt64 = 0x6d65_726f_7073
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    func read(_ bytes: [UInt8]) -> Int {
      guard let image = ELFImage(.memory(bytes)) else { return 0 }
      var index = SymbolIndex()
      index.add(image)
      index.sort()
      _ = image.buildID
      _ = image.debugLink
      for address: UInt64 in [0, 0x1000, 0x1135, 0x40_1000, .max] {
        _ = index.function(at: address)
        _ = image.address(ofFileOffset: address)
      }
      return index.count
    }
    let functions = read(whole)
    #expect(functions > 5)
    for length in [0, 1, 15, 16, 63, 64, 65, 120, whole.count / 2, whole.count - 1] {
      _ = read(Array(whole[..<length]))
    }
    var different = 0
    let tables = whole.count - 4096
    for round in 0..<1500 {
      var bytes = whole
      for _ in 0...random(4) {
        // The header, the program headers and the tables at the end are what matters.
        let place = round % 3 == 0 ? random(64) : round % 3 == 1 ? random(1024) : tables + random(4096)
        bytes[place] = [0, 0xff, 0x7f, 0x80, UInt8(random(256))][random(5)]
      }
      if read(bytes) != functions { different += 1 }
    }
    #expect(different > 100)
  }
}
