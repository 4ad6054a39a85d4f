import SystemPackage

/// A file that the user names, or standard input under the name `-`.
package struct InputFile: Sendable {
  /// The name as the user gave it.
  package let name: String
  /// The contents.
  package let bytes: [UInt8]

  /// The greatest number of bytes that are read: more than any object, less than what would exhaust memory.
  private static let limit = 256 << 20

  /// Reads a file as a whole.
  package init(reading name: String) throws(CommandFailure) {
    self.name = Self.name(of: name)
    do {
      if name == "-" {
        bytes = try Self.contents(of: .standardInput)
      } else {
        let descriptor = try FileDescriptor.open(FilePath(name), .readOnly)
        bytes = try descriptor.closeAfter { try Self.contents(of: descriptor) }
      }
    } catch let error as Errno {
      throw CommandFailure(.input, "cannot read '\(name)': \(error.sentence)")
    } catch {
      throw CommandFailure(.input, "cannot read '\(name)': it has more than \(Self.limit >> 20) MiB")
    }
  }

  /// What a file is called in messages.
  package static func name(of path: String) -> String { path == "-" ? "standard input" : path }

  private struct TooLong: Error {}

  private static func contents(of descriptor: FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let pieceSize = 1 << 18
    while true {
      let piece = try [UInt8](unsafeUninitializedCapacity: pieceSize) { buffer, count in
        count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
      }
      if piece.isEmpty { return bytes }
      bytes += piece
      if bytes.count > limit { throw TooLong() }
    }
  }
}

extension Errno {
  /// What happened, as a phrase within a sentence.
  fileprivate var sentence: String {
    switch self {
    case .noSuchFileOrDirectory: "there is no such file"
    case .isDirectory: "it is a directory"
    default: description.prefix(1).lowercased() + description.dropFirst()
    }
  }
}
