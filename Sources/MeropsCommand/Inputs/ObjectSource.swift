import BPFObject
import SystemPackage

/// An object that the user names: an ELF file, or C source that is compiled first.
package struct ObjectSource {
  /// The name as the user gave it.
  package let name: String
  /// The contents of the ELF file.
  package let bytes: [UInt8]

  /// Reads a file, or standard input for `-`.
  package init(reading name: String) throws(CommandFailure) {
    let file = try InputFile(reading: name)
    self.name = file.name
    bytes = file.bytes
  }

  /// The object.
  package func open() throws(CommandFailure) -> ObjectFile {
    do {
      return try ObjectFile(
        parsing: bytes, name: FilePath(name).stem.map { $0.split(separator: ".")[0] }.map(String.init))
    } catch {
      throw CommandFailure(.input, "cannot open '\(name)': \(error)")
    }
  }
}
