/// The log in the kernel's form, up to a length.
struct VerifierLog {
  let level: VerifierOptions.LogLevel
  let limit: Int
  private(set) var text = ""
  private var length = 0

  init(level: VerifierOptions.LogLevel, limit: Int) {
    self.level = level
    self.limit = limit
  }

  mutating func write(_ line: String) {
    guard level > .none, length < limit else { return }
    text += line
    text += "\n"
    length += line.utf8.count + 1
  }
}
