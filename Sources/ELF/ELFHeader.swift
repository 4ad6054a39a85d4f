package import BPFInstructions

/// The header of an ELF64 file.
package struct ELFHeader: Sendable {
  /// The bytes that the header takes.
  package static let byteCount = 64
  /// The bytes that every ELF file begins with.
  package static let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]

  package var byteOrder: ByteOrder
  /// `e_type`.
  package var type: Kind
  /// `e_machine`.
  package var machine: UInt16
  /// `e_phoff`.
  package var programHeaderOffset: UInt64
  /// `e_shoff`.
  package var sectionHeaderOffset: UInt64
  /// `e_phentsize`.
  package var programHeaderSize: UInt16
  /// `e_phnum`.
  package var programHeaderCount: UInt16
  /// `e_shentsize`.
  package var sectionHeaderSize: UInt16
  /// `e_shnum`: zero where the number is in the first section's size.
  package var sectionCount: UInt16
  /// `e_shstrndx`: 0xffff where the number is in the first section's link.
  package var nameTable: UInt16

  /// `ET_*`.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let relocatable = Kind(rawValue: 1)
    package static let executable = Kind(rawValue: 2)
    package static let shared = Kind(rawValue: 3)
  }

  /// The byte order that the identification says; `nil` unless it is one of a 64-bit ELF file of version 1.
  package static func byteOrder(_ bytes: [UInt8]) -> ByteOrder? {
    guard bytes.count >= 16, bytes.starts(with: magic), bytes[4] == 2, bytes[6] == 1 else { return nil }
    return switch bytes[5] {
    case 1: .little
    case 2: .big
    default: nil
    }
  }

  /// The header at the start of a file; `nil` where there are no bytes for it, or no 64-bit ELF file.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.byteCount, let byteOrder = Self.byteOrder(bytes) else { return nil }
    let file = ELFBytes(bytes: bytes, byteOrder: byteOrder)
    guard let type = file.integer(UInt16.self, at: 0x10), let machine = file.integer(UInt16.self, at: 0x12),
      let programHeaderOffset = file.integer(UInt64.self, at: 0x20),
      let sectionHeaderOffset = file.integer(UInt64.self, at: 0x28),
      let programHeaderSize = file.integer(UInt16.self, at: 0x36),
      let programHeaderCount = file.integer(UInt16.self, at: 0x38),
      let sectionHeaderSize = file.integer(UInt16.self, at: 0x3a),
      let sectionCount = file.integer(UInt16.self, at: 0x3c), let nameTable = file.integer(UInt16.self, at: 0x3e)
    else { return nil }
    self.byteOrder = byteOrder
    self.type = Kind(rawValue: type)
    self.machine = machine
    self.programHeaderOffset = programHeaderOffset
    self.sectionHeaderOffset = sectionHeaderOffset
    self.programHeaderSize = programHeaderSize
    self.programHeaderCount = programHeaderCount
    self.sectionHeaderSize = sectionHeaderSize
    self.sectionCount = sectionCount
    self.nameTable = nameTable
  }
}

/// One row of the program header table: what of the file is mapped where.
package struct ELFSegment: Sendable {
  /// The bytes that a row takes.
  package static let byteCount = 56

  /// `p_type`.
  package var type: Kind
  /// `p_flags`: 1 for code.
  package var flags: UInt32
  /// `p_offset`.
  package var offset: UInt64
  /// `p_vaddr`.
  package var address: UInt64
  /// `p_filesz`.
  package var fileByteCount: UInt64
  /// `p_memsz`.
  package var memoryByteCount: UInt64

  /// The segment types that matter here.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let load = Kind(rawValue: 1)
    package static let note = Kind(rawValue: 4)
  }

  /// The row at an offset of a file or of its table; `nil` where the bytes end before it.
  package init?(_ file: ELFBytes, at offset: Int) {
    guard offset >= 0, offset <= file.count - Self.byteCount,
      let type = file.integer(UInt32.self, at: offset), let flags = file.integer(UInt32.self, at: offset + 4),
      let place = file.integer(UInt64.self, at: offset + 8), let address = file.integer(UInt64.self, at: offset + 16),
      let fileByteCount = file.integer(UInt64.self, at: offset + 32),
      let memoryByteCount = file.integer(UInt64.self, at: offset + 40)
    else { return nil }
    self.type = Kind(rawValue: type)
    self.flags = flags
    self.offset = place
    self.address = address
    self.fileByteCount = fileByteCount
    self.memoryByteCount = memoryByteCount
  }
}

/// A note: what a vendor says about a file.
package struct ELFNote: Sendable {
  /// The vendor.
  package var name: String
  /// What the note is, in the vendor's numbering.
  package var type: UInt32
  /// Its contents.
  package var contents: ArraySlice<UInt8>

  /// The notes in a section or segment, as far as they are whole.
  ///
  /// Names and contents are padded to `alignment`: 4 bytes, or 8 in segments that say so.
  package static func notes(in bytes: ELFBytes, alignment: Int = 4) -> [ELFNote] {
    var notes: [ELFNote] = []
    var offset = 0
    while let nameSize = bytes.integer(UInt32.self, at: offset), let size = bytes.integer(UInt32.self, at: offset + 4),
      let type = bytes.integer(UInt32.self, at: offset + 8)
    {
      let name = offset + 12
      guard let contents = aligned(name, plus: nameSize, to: alignment), let end = contents.adding(size),
        end <= bytes.count, let next = aligned(contents, plus: size, to: alignment)
      else { break }
      let text = bytes.bytes[name..<min(contents, name + Int(nameSize))].prefix { $0 != 0 }
      notes.append(
        ELFNote(name: String(decoding: text, as: UTF8.self), type: type, contents: bytes.bytes[contents..<end]))
      offset = next
    }
    return notes
  }

  private static func aligned(_ offset: Int, plus size: UInt32, to alignment: Int) -> Int? {
    guard let end = offset.adding(size), let sum = end.adding(UInt32(alignment - 1)) else { return nil }
    return sum / alignment * alignment
  }
}

extension Int {
  fileprivate func adding(_ value: UInt32) -> Int? {
    let (sum, overflow) = addingReportingOverflow(Int(value))
    return overflow ? nil : sum
  }
}
