import BPFTypeFormat
import Foundation
import Testing

@testable import BPFSimulator

/// Compares what is declared as exact with the types of the kernel that runs the tests.
@Suite(.enabled(if: RunningKernel.isPresent, "needs /sys/kernel/btf/vmlinux of Linux 6.18 on x86-64"))
struct RunningKernelComparisonTests {
  private let kernel: BTF
  private let simulated = SimulatedKernelTypes.shared

  init() throws {
    kernel = try RunningKernel.types()
  }

  @Test("structures and unions of the interface have the kernel's members at the kernel's offsets")
  func structures() throws {
    var compared = 0
    for topic in KernelDeclarations.topics where topic.origin.isExact {
      for (keyword, name) in Self.definitions(in: topic.text) where keyword != "enum" {
        let kind: BTFKind = keyword == "union" ? .union : .structure
        let ours = try #require(simulated.first(named: name, kind: kind), "\(keyword) \(name)")
        let candidates = try kernel.types(named: name).filter { try kernel.kind(of: $0) == kind }
        // A configuration may leave a structure out; it is then not comparable here.
        guard !candidates.isEmpty else { continue }
        compared += 1
        let expected = try candidates.map { try Self.shape(of: $0, in: kernel) }
        let found = try Self.shape(of: ours, in: simulated)
        #expect(expected.contains(found), "\(topic.name): \(keyword) \(name)\n\(found)\nis not\n\(expected)")
      }
    }
    #expect(compared > 100)
  }

  @Test("enumerators have the kernel's values")
  func enumerators() throws {
    let expected = try Self.enumerators(of: kernel)
    let found = try Self.enumerators(of: simulated)
    var compared = 0
    for (name, values) in found {
      guard let kernelValues = expected[name] else { continue }
      compared += 1
      #expect(kernelValues.isSuperset(of: values), "\(name) is \(values), in the kernel \(kernelValues)")
    }
    #expect(compared > 800)
  }

  @Test("an enumeration of the interface misses none of the kernel's enumerators")
  func completeEnumerations() throws {
    for topic in KernelDeclarations.topics where topic.origin.isExact {
      for (keyword, name) in Self.definitions(in: topic.text) where keyword == "enum" {
        guard let ours = simulated.types(named: name).first, let theirs = kernel.types(named: name).first else {
          continue
        }
        guard case .enumeration(let found) = try simulated.type(ours).kind,
          case .enumeration(let expected) = try kernel.type(theirs).kind
        else { continue }
        #expect(found.values == expected.values, "enum \(name)")
        #expect(found.byteCount == expected.byteCount, "enum \(name)")
      }
    }
  }

  @Test("kernel functions have the kernel's prototypes")
  func functions() throws {
    var compared = 0
    for id in simulated.identifiers where try simulated.kind(of: id) == .function {
      let name = try simulated.name(of: id)
      guard let theirs = kernel.first(named: name, kind: .function) else { continue }
      compared += 1
      let found = try Self.prototype(of: id, in: simulated)
      let expected = try Self.prototype(of: theirs, in: kernel)
      #expect(found == expected, "\(name)")
      #expect(try kernel.declarationTags(on: theirs) == simulated.declarationTags(on: id), "\(name)")
    }
    #expect(compared >= 19)
  }

  @Test("members of structures inside the kernel keep the kernel's names and kinds of type")
  func subsets() throws {
    var compared = 0
    for topic in KernelDeclarations.topics where !topic.origin.isExact {
      for (keyword, name) in Self.definitions(in: topic.text) where keyword != "enum" {
        let kind: BTFKind = keyword == "union" ? .union : .structure
        guard let ours = simulated.first(named: name, kind: kind), let theirs = kernel.first(named: name, kind: kind)
        else { continue }
        let expected = try Self.members(of: theirs, in: kernel)
        for (member, type) in try Self.members(of: ours, in: simulated) {
          guard let expectedType = expected[member] else {
            Issue.record("\(topic.name): \(keyword) \(name) has no member \(member) in the kernel")
            continue
          }
          compared += 1
          #expect(type == expectedType, "\(topic.name): \(name).\(member)")
        }
      }
    }
    #expect(compared > 700)
  }

  // MARK: Reading both

  /// What a topic defines with a tag.
  static func definitions(in text: String) -> [(keyword: String, name: String)] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 3, words[2].hasPrefix("{"), ["struct", "union", "enum"].contains(words[0]) else {
        return nil
      }
      return (String(words[0]), String(words[1]))
    }
  }

  /// Each member that is no structure of its own, with its path, offset and width in bits.
  static func shape(of id: BTFTypeID, in btf: BTF) throws -> [String] {
    var lines = ["size \(try btf.size(of: id))"]
    func visit(_ id: BTFTypeID, _ path: String, _ base: UInt32) throws {
      let type = try btf.type(id)
      let body: BTFType.Composite
      switch type.kind {
      case .structure(let composite), .union(let composite): body = composite
      default: return
      }
      for member in body.members {
        let offset = base + member.bitOffset
        let name = path + "." + member.name
        let resolved = try btf.resolve(member.type)
        let kind = try btf.kind(of: resolved)
        if try member.name.isEmpty || ((kind == .structure || kind == .union) && (try btf.name(of: resolved)).isEmpty) {
          try visit(resolved, name, offset)
        } else {
          let width = member.bitFieldWidth > 0 ? Int(member.bitFieldWidth) : try btf.size(of: member.type) * 8
          lines.append("\(name)@\(offset)/\(width) \(kind)")
        }
      }
    }
    try visit(id, "", 0)
    return lines
  }

  static func members(of id: BTFTypeID, in btf: BTF) throws -> [String: String] {
    var result: [String: String] = [:]
    func visit(_ id: BTFTypeID) throws {
      switch try btf.type(id).kind {
      case .structure(let body), .union(let body):
        for member in body.members {
          let resolved = try btf.resolve(member.type)
          if member.name.isEmpty { try visit(resolved) } else { result[member.name] = "\(try btf.kind(of: resolved))" }
        }
      default: break
      }
    }
    try visit(id)
    return result
  }

  static func enumerators(of btf: BTF) throws -> [String: Set<UInt64>] {
    var result: [String: Set<UInt64>] = [:]
    for id in btf.identifiers {
      let kind = try btf.kind(of: id)
      guard kind == .enumeration || kind == .enumeration64, case .enumeration(let body) = try btf.type(id).kind else {
        continue
      }
      for value in body.values { result[value.name, default: []].insert(value.value) }
    }
    return result
  }

  static func prototype(of function: BTFTypeID, in btf: BTF) throws -> String {
    guard case .function(let prototype, _) = try btf.type(function).kind,
      case .functionPrototype(let body) = try btf.type(prototype).kind
    else { return "no function" }
    let parameters = try body.parameters.map { "\(try spelled($0.type, in: btf)) \($0.name)" }
    return "\(try spelled(body.result, in: btf))(\(parameters.joined(separator: ", ")))"
  }

  /// A type in words; integers by size and sign, since compilers call them differently.
  static func spelled(_ id: BTFTypeID, in btf: BTF) throws -> String {
    let type = try btf.type(id)
    switch type.kind {
    case .void: return "void"
    case .integer(let integer): return "\(integer.isSigned ? "i" : "u")\(integer.byteCount * 8)"
    case .pointer(let next): return "*" + (try spelled(next, in: btf))
    case .const(let next): return "const " + (try spelled(next, in: btf))
    default: return type.name
    }
  }
}

/// The kernel that runs the tests.
enum RunningKernel {
  static let path = "/sys/kernel/btf/vmlinux"

  static var isPresent: Bool {
    #if os(Linux) && arch(x86_64)
      var name = utsname()
      uname(&name)
      let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      return release.hasPrefix("6.18.") && FileManager.default.isReadableFile(atPath: path)
    #else
      return false
    #endif
  }

  static func types() throws -> BTF {
    let data = try Data(contentsOf: URL(filePath: path))
    return try BTF(parsing: [UInt8](data))
  }
}
