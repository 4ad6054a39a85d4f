import CMeropsSymbols

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

// Pointers here are zero-terminated strings: the name, for the time of the call, and what the callee has allocated, which is
// copied and freed at once. The type of `__cxa_demangle` is that of the C++ ABI.

/// The demangler in the runtime that every Swift program carries.
enum SwiftRuntime {
  /// What a mangled name of Swift stands for.
  static func demangle(_ name: String) -> String? {
    var name = name
    let demangled = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.flatMap { swift_demangle($0, text.count, nil, nil, 0) }
      }
    }
    guard let demangled else { return nil }
    defer { free(demangled) }
    return String(cString: demangled)
  }
}

/// The demangler of a C++ runtime, where one is installed.
struct CPlusPlusRuntime: Sendable {
  private typealias Demangle =
    @convention(c) (
      UnsafePointer<CChar>, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<Int32>
    ) -> UnsafeMutablePointer<CChar>?

  private let function: Demangle

  /// The runtime of this machine; none where there is none.
  static let shared = CPlusPlusRuntime()

  private init?() {
    guard let library = DynamicLibrary(["libstdc++.so.6", "libc++abi.so.1", "libc++abi.dylib"]),
      let function = library.function("__cxa_demangle", as: Demangle.self)
    else { return nil }
    self.function = function
  }

  /// What a mangled name of C++ stands for.
  func demangle(_ name: String) -> String? {
    var status: Int32 = 0
    guard let demangled = function(name, nil, nil, &status) else { return nil }
    defer { free(demangled) }
    return status == 0 ? String(cString: demangled) : nil
  }
}
