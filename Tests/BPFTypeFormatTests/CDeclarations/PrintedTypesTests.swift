import BPFTypeFormat
import Foundation
import Testing

/// The printer and the reader are each other's test: what one prints the other reads as the same types.
@Suite struct PrintedTypesTests {
  @Test(
    "the running kernel's types, printed as C and read again, have the same layout",
    .enabled(if: FileManager.default.isReadableFile(atPath: Self.path), "needs /sys/kernel/btf/vmlinux"))
  func runningKernel() throws {
    let kernel = try BTF(parsing: [UInt8](try Data(contentsOf: URL(filePath: Self.path))))
    var declarations = CDeclarations()
    var options = CPrinter.Options()
    options.declaresKernelFunctions = false
    try declarations.read("typedef void *__builtin_va_list;")
    try declarations.read(CPrinter(kernel, options: options).header(), file: "vmlinux.h")
    let read = try BTF(declarations.builder)
    var compared = 0
    for id in read.identifiers {
      let kind = try read.kind(of: id)
      guard kind == .structure || kind == .union else { continue }
      let name = try read.name(of: id)
      let candidates = try kernel.types(named: name).filter { try kernel.kind(of: $0) == kind }
      // The second of a name is printed as name___2.
      guard !name.isEmpty, !name.contains("___"), !candidates.isEmpty else { continue }
      compared += 1
      let found = try Self.shape(of: id, in: read)
      #expect(try candidates.contains { try Self.shape(of: $0, in: kernel) == found }, "\(kind) \(name): \(found)")
    }
    #expect(compared > 5000)
  }

  private static let path = "/sys/kernel/btf/vmlinux"

  /// Size, and name, offset and width of each member; what has no name is entered.
  private static func shape(of id: BTFTypeID, in btf: BTF) throws -> [String] {
    var lines = ["\(try btf.size(of: id))"]
    func visit(_ id: BTFTypeID, _ base: UInt32) throws {
      let body: BTFType.Composite
      switch try btf.type(id).kind {
      case .structure(let composite), .union(let composite): body = composite
      default: return
      }
      for member in body.members {
        let offset = base + member.bitOffset
        // Where much is left free, the printer fills it with a member of its own.
        if member.name.hasPrefix("padding_") { continue }
        if member.name.isEmpty {
          try visit(try btf.resolve(member.type), offset)
        } else {
          let width = member.bitFieldWidth > 0 ? Int(member.bitFieldWidth) : try btf.size(of: member.type) * 8
          lines.append("\(member.name)@\(offset)/\(width)")
        }
      }
    }
    try visit(id, 0)
    return lines
  }
}
