import BPFLinux
import BPFObject
import Foundation
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Places that programs mark (USDT).
@Suite("Tracepoints of programs", .serialized, .timeLimit(.minutes(10)))
struct UserTracepointTests {
  /// What `<sys/sdt.h>` leaves in a program, here with operands that are chosen: notes in a section of their own, and one
  /// byte whose address tells whether everything was moved after linking.
  private static let library = #"""
    #define PLACE(name, counter, operands, inputs...)                                                         \
      asm volatile("990: nop\n"                                                                               \
                   ".pushsection .note.stapsdt,\"\",\"note\"\n"                                               \
                   ".balign 4\n.4byte 992f-991f, 994f-993f, 3\n"                                              \
                   "991: .asciz \"stapsdt\"\n992: .balign 4\n"                                                \
                   "993: .8byte 990b, _.stapsdt.base, " counter "\n"                                          \
                   ".asciz \"merops\"\n.asciz \"" name "\"\n.asciz \"" operands "\"\n"                        \
                   "994: .balign 4\n.popsection\n"                                                            \
                   ".ifndef _.stapsdt.base\n"                                                                 \
                   ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"                    \
                   ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n"                                           \
                   "_.stapsdt.base: .space 1\n.size _.stapsdt.base, 1\n.popsection\n.endif\n" ::inputs)
    __attribute__((section(".probes"), used, visibility("hidden"))) unsigned short merops_listeners_of_counted;
    int listeners(void) { return *(volatile unsigned short *)&merops_listeners_of_counted; }
    __attribute__((noinline)) void fire(int a, long b, unsigned char c, short *d) {
      PLACE("values", "0", "-4@%%edi 8@%%rsi 1@%%dl -2@4(%%rax) -4@$-77", "D"(a), "S"(b), "d"(c), "a"(d));
    }
    __attribute__((noinline)) void fire_elsewhere(long a) { PLACE("values", "0", "8@%%rdi", "D"(a)); }
    __attribute__((noinline)) void fire_counted(int a) {
      PLACE("counted", "merops_listeners_of_counted", "-4@%%edi", "D"(a));
    }
    __attribute__((noinline)) void fire_strange(double a) { PLACE("strange", "0", "8f@%%xmm0", "x"(a)); }
    """#

  private static let source = """
    #include <vmlinux.h>
    #include <bpf/usdt.bpf.h>
    char LICENSE[] SEC("license") = "GPL";
    __s64 values[8], hits, count, cookie, beyond;
    SEC("usdt") int BPF_USDT(on_values, int a, long b, unsigned char c, short d, int e) {
      long none = 5;
      values[0] = a; values[1] = b; values[2] = c; values[3] = d; values[4] = e;
      count = bpf_usdt_arg_cnt(ctx);
      cookie = bpf_usdt_cookie(ctx);
      beyond = bpf_usdt_arg(ctx, count, &none) * 100 + none;
      __sync_fetch_and_add(&hits, 1);
      return 0;
    }
    SEC("usdt") int on_place(struct pt_regs *ctx) { __sync_fetch_and_add(&hits, 1); return 0; }
    SEC("usdt/nowhere") int on_nothing(struct pt_regs *ctx) { return 0; }
    """

  private static let canRun: Bool = {
    #if arch(x86_64)
      RealKernel.canCompile && Workload.canCompile
    #else
      false
    #endif
  }()
  private static let reason: Comment = "needs Linux 6.18 on x86-64 with the right to load programs, and clang"

  /// The library's path, and its functions in this process.
  private struct Library {
    let path: FilePath
    private let handle: UnsafeMutableRawPointer

    init() throws {
      let path = try Workload.compile(UserTracepointTests.library, as: "libmerops_marked.so", "-shared", "-fPIC")
      self.path = FilePath(path)
      handle = try #require(dlopen(path, RTLD_NOW))
    }

    func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
      unsafeBitCast(try #require(dlsym(handle, name)), to: type)
    }

    /// Comes to the place with five values.
    func fire(_ a: Int32, _ b: Int, _ c: UInt8, _ d: Int16) throws {
      typealias Fire = @convention(c) (Int32, Int, UInt8, UnsafePointer<Int16>) -> Void
      let fire = try function("fire", as: Fire.self)
      [0, 0, d].withUnsafeBufferPointer { if let base = $0.baseAddress { fire(a, b, c, base) } }
    }
  }

  private func place(_ name: String, _ library: Library) -> LinuxAttachPoint {
    .userTracepoint(file: library.path, provider: "merops", name: name, pid: getpid())
  }

  @Test("the values of a place come to the program, each from where it is there", .enabled(if: canRun, reason))
  func values() async throws {
    let library = try Library()
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["on_values"])
    func number(_ name: String) throws -> Int64 { try loaded.value(of: name, as: Int64.self) }
    let attachment = try loaded.program("on_values").attach(to: place("values", library), cookie: 4711)
    // It is marked in two functions.
    #expect(attachment.linkCount == 2)
    try library.fire(-3, 1 << 40, 250, -2)
    let found = try (0..<5).map { try number("values[\($0)]") }
    #expect(found == [-3, 1 << 40, 250, -2, -77])
    #expect(try number("count") == 5 && number("cookie") == 4711 && number("hits") == 1)
    // ENOENT, and nothing.
    #expect(try number("beyond") == -200)
    try library.function("fire_elsewhere", as: (@convention(c) (Int) -> Void).self)(5)
    #expect(try number("hits") == 2 && number("count") == 1 && number("values[0]") == 5)
    attachment.detach()
    try await waitUntil("the place is passed unseen") {
      let before = try number("hits")
      try library.fire(0, 0, 0, 0)
      return try number("hits") == before
    }
  }

  @Test("a place that looks for listeners has one while a program is attached", .enabled(if: canRun, reason))
  func listeners() async throws {
    let library = try Library()
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source), programs: ["on_place"])
    let listeners = try library.function("listeners", as: (@convention(c) () -> Int32).self)
    #expect(listeners() == 0)
    let attachment = try loaded.program("on_place").attach(to: place("counted", library))
    // The kernel counts a probe of one process when it is made and when it is opened.
    #expect(attachment.linkCount == 1 && listeners() > 0)
    try library.function("fire_counted", as: (@convention(c) (Int32) -> Void).self)(1)
    #expect(try loaded.value(of: "hits", as: Int64.self) == 1)
    attachment.detach()
    try await waitUntil("nobody listens") { listeners() == 0 }
  }

  @Test("what is not there, or cannot be told, ends in an error that says so", .enabled(if: canRun, reason))
  func failures() async throws {
    let library = try Library()
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source))
    let plain = FilePath(try Workload.compile("int main(void) { return 0; }", as: "unmarked"))
    let rows: [(LinuxAttachPoint, String)] = [
      (place("valeus", library), "did you mean 'merops:values'?"), (place("strange", library), "'8f@%xmm0'"),
      (.userTracepoint(file: plain, provider: "merops", name: "values", pid: nil), "the file has none"),
      (.userTracepoint(file: "/nowhere/at/all", provider: "a", name: "b", pid: nil), "open failed"),
    ]
    for (place, text) in rows {
      let error = #expect(throws: BPFError.self) {
        let link = try loaded.program("on_values").attach(to: place)
        link.detach()
      }
      #expect(error?.description.contains(text) == true, "\(text) in \(error?.description ?? "")")
    }
    let section = #expect(throws: BPFError.self) {
      let link = try loaded.program("on_nothing").attach()
      link.detach()
    }
    #expect(section?.advice.contains("usdt/BINARY:PROVIDER:NAME") == true)
  }
}
