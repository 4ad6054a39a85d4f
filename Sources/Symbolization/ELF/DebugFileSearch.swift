import GZip

/// Where separate debug files are looked for: by build id, then by the name that the file gives, as gdb documents it.
struct DebugFileSearch {
  var directories: [String]

  /// The debug file of an image that was found at a path.
  ///
  /// A file is taken only if its build id is the image's or, where the image has none, its checksum is the one that the image
  /// gives.
  func debugFile(of image: ELFImage, at path: String) -> ELFImage? {
    let id = image.buildID
    if id.count > 1 {
      let digits = id.map { Self.hexadecimal($0) }
      for directory in directories {
        let candidate = "\(directory)/.build-id/\(digits[0])/\(digits[1...].joined()).debug"
        if let found = open(candidate), found.image.buildID == id { return found.image }
      }
    }
    guard let link = image.debugLink, !link.name.utf8.contains(UInt8(ascii: "/")), let slash = path.lastIndex(of: "/")
    else { return nil }
    let folder = path[..<slash]
    let candidates = ["\(folder)/\(link.name)", "\(folder)/.debug/\(link.name)"]
    for candidate in candidates + directories.map({ "\($0)\(folder)/\(link.name)" }) where candidate != path {
      guard let found = open(candidate) else { continue }
      if !id.isEmpty {
        if found.image.buildID == id { return found.image }
      } else if let bytes = found.file.bytes(at: 0, count: UInt64(found.file.byteCount)),
        CyclicRedundancyCheck.checksum(of: bytes) == link.checksum
      {
        return found.image
      }
    }
    return nil
  }

  private func open(_ path: String) -> (file: FileContents, image: ELFImage)? {
    guard let file = try? FileContents(path: path), let image = ELFImage(.file(file)) else { return nil }
    return (file, image)
  }

  static func hexadecimal(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return byte < 16 ? "0" + text : text
  }
}
