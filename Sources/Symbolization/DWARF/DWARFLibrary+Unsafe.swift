// The types of libdw's functions, as its documented C interface has them, with every structure passed by address. The
// functions are called in `DWARFFile+Unsafe.swift` alone.

/// elfutils' libdw, where it is installed.
struct DWARFLibrary: Sendable {
  static let libraryName = "libdw.so.1"

  typealias Address = UnsafeMutableRawPointer
  let begin: @convention(c) (Int32, UInt32) -> Address?
  let end: @convention(c) (Address) -> Int32
  let units:
    @convention(c) (
      Address, Address?, UnsafeMutablePointer<Address?>, UnsafeMutablePointer<UInt16>?, UnsafeMutablePointer<UInt8>?,
      Address, Address
    ) -> Int32
  let ranges:
    @convention(c) (
      Address, Int, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>
    ) -> Int
  let child: @convention(c) (Address, Address) -> Int32
  let sibling: @convention(c) (Address, Address) -> Int32
  let tag: @convention(c) (Address) -> Int32
  let attribute: @convention(c) (Address, UInt32, Address) -> Address?
  let integratedAttribute: @convention(c) (Address, UInt32, Address) -> Address?
  let string: @convention(c) (Address) -> UnsafePointer<CChar>?
  let unsigned: @convention(c) (Address, UnsafeMutablePointer<UInt64>) -> Int32
  let line: @convention(c) (Address, UInt64) -> Address?
  let lineNumber: @convention(c) (Address, UnsafeMutablePointer<Int32>) -> Int32
  let lineColumn: @convention(c) (Address, UnsafeMutablePointer<Int32>) -> Int32
  let lineSource: @convention(c) (Address, Address?, Address?) -> UnsafePointer<CChar>?
  let sourceFiles: @convention(c) (Address, UnsafeMutablePointer<Address?>, UnsafeMutablePointer<Int>) -> Int32
  let fileSource: @convention(c) (Address, Int, Address?, Address?) -> UnsafePointer<CChar>?

  /// Loads the library; `nil` when it is not installed, or too old to have all functions.
  init?() {
    guard let library = DynamicLibrary([Self.libraryName]) else { return nil }
    func find<Function>(_ name: String) -> Function? { library.function(name, as: Function.self) }
    guard let begin: @convention(c) (Int32, UInt32) -> Address? = find("dwarf_begin"),
      let end: @convention(c) (Address) -> Int32 = find("dwarf_end"),
      let units:
        @convention(c) (
          Address, Address?, UnsafeMutablePointer<Address?>, UnsafeMutablePointer<UInt16>?,
          UnsafeMutablePointer<UInt8>?, Address, Address
        ) -> Int32 = find("dwarf_get_units"),
      let ranges:
        @convention(c) (
          Address, Int, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>
        ) -> Int = find("dwarf_ranges"),
      let child: @convention(c) (Address, Address) -> Int32 = find("dwarf_child"),
      let sibling: @convention(c) (Address, Address) -> Int32 = find("dwarf_siblingof"),
      let tag: @convention(c) (Address) -> Int32 = find("dwarf_tag"),
      let attribute: @convention(c) (Address, UInt32, Address) -> Address? = find("dwarf_attr"),
      let integrated: @convention(c) (Address, UInt32, Address) -> Address? = find("dwarf_attr_integrate"),
      let string: @convention(c) (Address) -> UnsafePointer<CChar>? = find("dwarf_formstring"),
      let unsigned: @convention(c) (Address, UnsafeMutablePointer<UInt64>) -> Int32 = find("dwarf_formudata"),
      let line: @convention(c) (Address, UInt64) -> Address? = find("dwarf_getsrc_die"),
      let lineNumber: @convention(c) (Address, UnsafeMutablePointer<Int32>) -> Int32 = find("dwarf_lineno"),
      let lineColumn: @convention(c) (Address, UnsafeMutablePointer<Int32>) -> Int32 = find("dwarf_linecol"),
      let lineSource: @convention(c) (Address, Address?, Address?) -> UnsafePointer<CChar>? = find("dwarf_linesrc"),
      let sourceFiles: @convention(c) (Address, UnsafeMutablePointer<Address?>, UnsafeMutablePointer<Int>) -> Int32 =
        find("dwarf_getsrcfiles"),
      let fileSource: @convention(c) (Address, Int, Address?, Address?) -> UnsafePointer<CChar>? =
        find("dwarf_filesrc")
    else { return nil }
    self.begin = begin
    self.end = end
    self.units = units
    self.ranges = ranges
    self.child = child
    self.sibling = sibling
    self.tag = tag
    self.attribute = attribute
    self.integratedAttribute = integrated
    self.string = string
    self.unsigned = unsigned
    self.line = line
    self.lineNumber = lineNumber
    self.lineColumn = lineColumn
    self.lineSource = lineSource
    self.sourceFiles = sourceFiles
    self.fileSource = fileSource
  }
}
