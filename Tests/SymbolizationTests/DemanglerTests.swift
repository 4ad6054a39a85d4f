import Testing

@testable import Symbolization

@Suite struct DemanglerTests {
  private func check(_ table: [(String, String)], style: Demangler.Style = .simplified) {
    for (mangled, expected) in table {
      let name = Demangler(style: style).demangle(mangled)
      #expect(name == expected, "\(mangled)")
    }
  }

  /// What the toolchain's demangler says becomes what a reader looks for.
  @Test func swiftNamesAreShortened() {
    for (long, short) in [
      ("merged main.foo() -> ()", "foo()"), ("generic specialization <Swift.Int> of merged main.foo() -> ()", "foo()"),
      // An arrow within parentheses closes nothing.
      ("main.apply(_: (Swift.Int) -> Swift.Int, to: Swift.Int) -> Swift.Int", "apply(_:to:)"),
      ("main.apply<A>(with: (A) -> A, A) -> A", "apply(with:_:)"),
      ("main.Box.value.getter : (main.Key) -> Swift.Int", "Box.value.getter"),
    ] { #expect(SwiftNameSimplifier.simplify(long) == short, "\(long)") }
  }

  @Test func rustNamesOfVersion0AreDemangled() {
    check([
      ("_RC3foo", "foo"),
      ("_RNvC6_123foo3bar", "123foo::bar"),
      ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
      ("_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_", "cc::spawn::{closure#0}::{closure#0}"),
      ("_RNCNvC4main4mains0_0", "main::main::{closure#2}"),
      ("_RNSNvC4main4main6vtable", "main::main::{shim:vtable#0}"),
      ("_RINvNtC3std3mem8align_ofjE", "std::mem::align_of::<usize>"),
      ("_RINvNtC3std3mem8align_ofjEC3foo", "std::mem::align_of::<usize>"),
      ("_RINtC8arrayvec8ArrayVechKj7b_E", "arrayvec::ArrayVec::<u8, 123>"),
      ("_RNvMC7mycrateINtB2_3FoohE3new", "<mycrate::Foo<u8>>::new"),
      ("_RNvXCs1_7mycrateNtB2_3BarNtNtC4core5clone5Clone5clone", "<mycrate::Bar as core::clone::Clone>::clone"),
      ("_RNvYNtC7mycrate3BarNtNtC4core3fmt5Debug3fmt", "<mycrate::Bar as core::fmt::Debug>::fmt"),
      ("_RINvC1a1fReQmPbOhE", "a::f::<&str, &mut u32, *const bool, *mut u8>"),
      ("_RINvC1a1fAhj4_ShTEThETmxEE", "a::f::<[u8; 4], [u8], (), (u8,), (u32, i64)>"),
      ("_RINvC1a1fFUKCmEuFEzE", "a::f::<unsafe extern \"C\" fn(u32), fn() -> !>"),
      ("_RINvC1a1fFK15C_cmse_ns_entryEuE", "a::f::<extern \"C-cmse-ns-entry\" fn()>"),
      ("_RINvC1a1fFG_RL0_eEuE", "a::f::<for<'a> fn(&'a str)>"),
      ("_RINvC1a1fFG0_RL1_eRL0_QL0_hEuE", "a::f::<for<'a, 'b> fn(&'a str, &'b &'b mut u8)>"),
      ("_RINvC1a1fDNtC1b1TEL_E", "a::f::<dyn b::T>"),
      ("_RINvC1a1fDINtC1b7IteratehEp4ItemhEL_E", "a::f::<dyn b::Iterate<u8, Item = u8>>"),
      ("_RINvC1a1fDNtC1b4ReadNtC1b4SendEL_E", "a::f::<dyn b::Read + b::Send>"),
      (
        "_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std",
        "alloc::alloc::box_free::<dyn alloc::boxed::FnBox<(), Output = ()>>"
      ),
      ("_RMCs4fqI2P2rA04_13const_genericINtB0_8UnsignedKhb_E", "<const_generic::Unsigned<11>>"),
      ("_RMCs4fqI2P2rA04_13const_genericINtB0_6SignedKs98_E", "<const_generic::Signed<152>>"),
      ("_RMCs4fqI2P2rA04_13const_genericINtB0_6SignedKanb_E", "<const_generic::Signed<-11>>"),
      ("_RMCs4fqI2P2rA04_13const_genericINtB0_4BoolKb1_E", "<const_generic::Bool<true>>"),
      ("_RMCs4fqI2P2rA04_13const_genericINtB0_4CharKc76_E", "<const_generic::Char<'v'>>"),
      ("_RMCs4fqI2P2rA04_13const_genericINtB0_4CharKca_E", "<const_generic::Char<'\\n'>>"),
      ("_RNvNvMCs4fqI2P2rA04_13const_genericINtB4_3FooKpE3foo3FOO", "<const_generic::Foo<_>>::foo::FOO"),
      ("_RINvC1a1fKoffffffffffffffffff_E", "a::f::<0xffffffffffffffffff>"),
      ("_RINvC1a1fKRe616263_E", "a::f::<\"abc\">"),
      ("_RINvC1a1fKVNtC1b1SUE", "a::f::<{b::S}>"),
      ("_RINvC1a1fKVNtC1b1PTh1_h2_EE", "a::f::<{b::P(1, 2)}>"),
      ("_RINvC1a1fKVNtC1b1PS1xh1_1yKh2_EE", "_RINvC1a1fKVNtC1b1PS1xh1_1yKh2_EE"),
      ("_RINvC1a1fKVNtC1b1PS1xh1_1yh2_EE", "a::f::<{b::P { x: 1, y: 2 }}>"),
      ("_RINvC1a1fKARe61_Re62_EE", "a::f::<{[\"a\", \"b\"]}>"),
      ("_RC3foo.llvm.9D1C9369", "foo"),
      (
        "_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y",
        "utf8_idents::საჭმელად_გემრიელი_სადილი"
      ),
    ])
    check(
      [("_RNvC6_123foo3bar", "123foo::bar"), ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate[3c1c0]::foo::bar")],
      style: .full)
  }

  /// Damaged names, and names that would print without end, stay as they are.
  @Test func damagedRustNamesStayAsTheyAre() {
    let damaged = [
      "_R", "_RC", "_RC9foo", "_RNvC3foo", "_RB_", "_RNvB_3foo", "_RINvC1a1fKb2_E", "_RINvC1a1fRL1_eE",
      "_RC3fooC", "_RINvC1a1fKcd800_E", "_RNvC1a99999999999999999999f", "_RC3foos", "_RNqC1au1_0",
      "_RMC0" + String(repeating: "R", count: 5000) + "h",
      // Each part refers twice to the part before it: 2 to the power of 40 names.
      "_RIC1a" + "TC1bC1bE" + String(repeating: "TB5_B5_E", count: 40) + "E",
    ]
    for name in damaged.dropLast() { #expect(Demangler().demangle(name) == name) }
    _ = Demangler().demangle(damaged[damaged.count - 1])
    // Every prefix of a long name, and every name with one letter changed, is told or refused.
    let name = "_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std"
    for length in 0...name.utf8.count { _ = RustName.demangle(String(name.prefix(length))) }
    for position in 2..<name.utf8.count {
      for byte in UInt8(ascii: "0")...UInt8(ascii: "z") {
        var bytes = Array(name.utf8)
        bytes[position] = byte
        _ = RustName.demangle(String(decoding: bytes, as: UTF8.self))
      }
    }
  }

  @Test func legacyRustNamesAreDemangled() {
    check([
      ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"),
      ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE.llvm.123", "core::fmt::Formatter::pad"),
      (
        "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
        "<Test + 'static as foo::Bar<Test>>::bar"
      ),
      ("_ZN36foo..$RF$mut$BP$$C$$LP$$RP$$u7e$$SP$3bar17h930b740aa94f1d3aE", "foo::&mut*,()~@::bar"),
      ("_ZN12_$LP$a$RP$.b3bar17h930b740aa94f1d3aE", "(a).b::bar"),
    ])
    check([("_ZN4core3fmt17h0123456789abcdefE", "core::fmt::h0123456789abcdef")], style: .full)
    // No hash: a name of C++.
    #expect(LegacyRustName.demangle("_ZN4core3fmtE") == nil)
    #expect(LegacyRustName.demangle("_ZN4core99fmt17h0123456789abcdefE") == nil)
    #expect(LegacyRustName.demangle("_ZN") == nil)
  }

  @Test(.enabled(if: CPlusPlusRuntime.shared != nil, "needs a C++ runtime"))
  func namesOfCPlusPlusAreDemangled() {
    check([
      ("_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back(int&&)"),
      ("_ZN3foo3barEv.cold", "foo::bar() [clone .cold]"),
      ("_ZN3foo", "_ZN3foo"),
    ])
  }

  @Test func namesOfSwiftAreDemangled() {
    check(
      [
        ("$sSa6appendyyxnF", "Swift.Array.append(__owned A) -> ()"),
        ("$sSS5countSivg", "Swift.String.count.getter : Swift.Int"),
        ("$s4main3FooV3bar1xySi_tF", "main.Foo.bar(x: Swift.Int) -> ()"),
        ("$sNotAName", "$sNotAName"),
      ], style: .full)
    check([
      ("$sSa6appendyyxnF", "Array.append(_:)"),
      ("$sSa6appendyyxnFSi_Tg5", "Array.append(_:)"),
      ("$sSS5countSivg", "String.count.getter"),
      ("$s4main3FooV3bar1xySi_tF", "Foo.bar(x:)"),
      ("$sSi2eeoiySbSi_SitFZ", "static Int.== infix(_:_:)"),
      ("_$sSS5countSivg", "String.count.getter"),
      ("main", "main"),
    ])
    check([("$sSa6appendyyxnF", "$sSa6appendyyxnF")], style: .mangled)
  }

  @Test func longNamesOfSwiftAreSimplified() {
    let table: [(String, String)] = [
      (
        "closure #1 (Swift.Int, inout [Swift.String : App.Row]) -> () in App.Table.(load in _75ED57E1AC442F75AD464A41DBB870A9)"
          + "(from: App.File, with: (Swift.Int) -> ()) throws -> ()",
        "closure #1 in Table.load(from:with:)"
      ),
      (
        "generic specialization <[Swift.Int], App.Row<Swift.String>> of (extension in Swift):Swift.Collection.map<A, B where "
          + "A == A1>((A.Element) throws(B) -> A1) throws(B) -> [A1]", "Collection.map(_:)"
      ),
      (
        "protocol witness for App.Decoder.decode(value: inout [Swift.Int64]) throws -> () in conformance App.Path<A> : "
          + "App.Decoder in App", "protocol witness for Decoder.decode(value:) in conformance Path"
      ),
      (
        "static (extension in Swift):Swift.BinaryInteger.>> infix<A where A1: Swift.BinaryInteger>(A, A1) -> A",
        "static BinaryInteger.>> infix(_:_:)"
      ),
      ("App.Table.rows.getter : [App.Row]", "Table.rows.getter"),
      ("App.main() async throws -> ()", "main()"),
      (
        "(1) await resume partial function for App.Server.run() async -> ()",
        "(1) await resume partial function for Server.run()"
      ),
    ]
    for (full, expected) in table { #expect(SwiftNameSimplifier.simplify(full) == expected) }
  }
}
