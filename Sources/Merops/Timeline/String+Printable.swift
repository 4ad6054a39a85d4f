extension String {
  /// The text with control characters as `\x1b` shows them, tabs excepted.
  ///
  /// Names come from files, and a terminal obeys what it is sent.
  package var printable: String {
    // Most texts are ASCII, for which the properties of characters need not be looked up.
    if utf8.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x09 }) { return self }
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    var text = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      guard scalar.isUnprintable else {
        text.append(scalar)
        continue
      }
      let digits = Swift.String(scalar.value, radix: 16)
      text.append(contentsOf: "\\x\(digits.count < 2 ? "0" : "")\(digits)".unicodeScalars)
    }
    return Swift.String(text)
  }
}

extension Unicode.Scalar {
  /// Whether a terminal would act on the character, or show what stands elsewhere (the marks of writing direction).
  fileprivate var isUnprintable: Bool {
    switch properties.generalCategory {
    case .control: self != "\t"
    case .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
