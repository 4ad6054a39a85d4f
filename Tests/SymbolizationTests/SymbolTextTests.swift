import Foundation
import TestTools
import Testing

@testable import Symbolization

@Suite struct SymbolTextTests {
  @Test func kernelFunctionsAreFoundByAddress() {
    let text = """
      ffffffff81000000 T _text
      ffffffff81000000 T _stext
      ffffffff81000100 t do_one_initcall
      ffffffff81000200 D a_variable
      not a line
      ffffffffc0000000 t nft_do_chain\t[nf_tables]
      ffffffffc0000400 t bpf_prog_0123456789abcdef_sample\t[bpf]
      """
    let symbols = KernelSymbols(Array(text.utf8))
    let table: [(UInt64, String?, String?)] = [
      (0xffff_ffff_8100_0000, "_text", nil), (0xffff_ffff_8100_00ff, "_text", nil),
      (0xffff_ffff_8100_0250, "do_one_initcall", nil), (0xffff_ffff_c000_0001, "nft_do_chain", "nf_tables"),
      (0xffff_ffff_c000_0400, "bpf_prog_0123456789abcdef_sample", "bpf"), (0x1000, nil, nil),
      (0xffff_ffff_ffff_ffff, nil, nil),
    ]
    for (address, name, module) in table {
      let function = symbols.function(at: address)
      #expect(function?.name == name)
      #expect(function?.module == module)
    }
    #expect(KernelSymbols(Array("0000000000000000 T _text\n".utf8)).function(at: 0) == nil)
    #expect(!KernelSymbols([]).hasAddresses)
  }

  @Test func piecesOfJITCodeAreFoundByAddress() {
    let text = """
      3ef414c0 398 RegExp:[a-z] +
      0x3ef41900 0x10 with prefixes
      4000 1000 outer
      4100 100 inner
      4180 40 replaces a part
      10 zz damaged
      ffffffffffffffff ff beyond the end
      20 0 empty
      """
    let map = PerfMap(Array(text.utf8))
    let table: [(UInt64, String?)] = [
      (0x3ef4_14c0, "RegExp:[a-z] +"), (0x3ef4_1857, "RegExp:[a-z] +"), (0x3ef4_1858, nil),
      (0x3ef4_190f, "with prefixes"), (0x4080, "outer"), (0x4100, "inner"), (0x4190, "replaces a part"),
      (0x41c0, "inner"), (0x4200, "outer"), (0x5000, nil), (0x20, nil), (0, nil), (.max, nil),
    ]
    for (address, name) in table { #expect(map.name(at: address) == name, "0x\(String(address, radix: 16))") }
    #expect(PerfMap([]).name(at: 1) == nil)
  }

  @Test func mapsOfProcessesAreReadAtTheEndAlthoughTheirFilesAreGone() throws {
    let folder = try TemporaryFolder()
    let symbolizer = Symbolizer(options: SymbolizerOptions(perfMapDirectory: folder.url.path))
    // Numbers that no process of this machine has.
    let process: Int32 = 2_000_000_000
    #expect(!symbolizer.openPerfMap(of: process))
    let path = try folder.write("perf-\(process).map", "1000 100 first\n")
    #expect(symbolizer.openPerfMap(of: process))
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data("2000 100 $sSS5countSivg\n".utf8))
    try FileManager.default.removeItem(atPath: path)
    #expect(symbolizer.symbolize(address: 0x1010, jitOf: process)?.name == "first")
    let frame = try #require(symbolizer.symbolize(address: 0x2010, jitOf: process))
    #expect(frame.name == "String.count.getter")
    #expect(frame.source == .perfMap)
    #expect(symbolizer.symbolize(address: 0x1010, jitOf: process + 1) == nil)
  }

  @Test(.enabled(if: geteuid() == 0, "needs the right to see the kernel's addresses"))
  func theRunningKernelsFunctionsAreFound() throws {
    let text = try #require(FileContents.all(of: "/proc/kallsyms", limit: 1 << 28))
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let line = try #require(lines.first { $0.hasSuffix(" T vfs_read") })
    let address = try #require(UInt64(line.prefix(16), radix: 16))
    let symbolizer = Symbolizer()
    #expect(symbolizer.symbolize(kernelAddress: address + 1)?.name == "vfs_read")
    #expect(symbolizer.symbolize(kernelAddress: 0x1000) == nil)
    #expect(symbolizer.notes == [])
  }
}
