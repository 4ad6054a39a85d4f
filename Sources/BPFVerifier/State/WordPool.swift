/// Words for states and histories: pieces of any length from one block, those given back used again.
///
/// Pieces are rounded up to a multiple of eight words, and free ones of a length form a list through their first word.
struct WordPool: ~Copyable {
  var words = Buffer<UInt64>(capacity: 1 << 11)
  private var free: [Int] = []
  private(set) var usedWords = 0
  private(set) var peakWords = 0

  init() {}

  @inline(__always)
  private static func size(_ count: Int) -> Int { (max(count, 1) + 7) & ~7 }

  /// A piece of at least some words, given by the index of its first.
  mutating func allocate(_ count: Int) -> Int {
    let size = Self.size(count)
    usedWords += size
    if usedWords > peakWords { peakWords = usedWords }
    let list = size / 8
    if list < free.count, free[list] >= 0 {
      let index = free[list]
      free[list] = Int(bitPattern: UInt(words[index]))
      return index
    }
    let index = words.count
    words.extend(by: size, repeating: 0)
    return index
  }

  /// Gives back a piece that was asked for with the same count.
  mutating func release(_ index: Int, _ count: Int) {
    let size = Self.size(count)
    usedWords -= size
    let list = size / 8
    while free.count <= list { free.append(-1) }
    words[index] = UInt64(UInt(bitPattern: free[list]))
    free[list] = index
  }
}
