import Merops
import SystemPackage

/// Does what `bpftool prog loadall OBJECT FOLDER` does, as a process: opens an object, loads it and pins its programs in a
/// bpf file system. The benchmark of loading compares the two.
@main
struct MeropsLoad {
  static func main() throws {
    guard CommandLine.arguments.count == 3 else {
      print("usage: merops-load OBJECT FOLDER")
      return
    }
    let file = try FileDescriptor.open(FilePath(CommandLine.arguments[1]), .readOnly)
    let bytes = try [UInt8](unsafeUninitializedCapacity: Int(file.seek(offset: 0, from: .end))) { buffer, count in
      count = try file.read(fromAbsoluteOffset: 0, into: UnsafeMutableRawBufferPointer(buffer))
    }
    let loaded = try LinuxKernel().load(ObjectFile(parsing: bytes))
    for program in loaded.programs.values {
      try program.pin(at: FilePath(CommandLine.arguments[2]).appending(program.name))
    }
  }
}
