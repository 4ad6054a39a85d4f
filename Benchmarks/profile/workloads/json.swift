// Foundation's JSON, decoded and encoded, from within a recursion.
import Foundation

struct Item: Codable {
  var name: String
  var values: [Int]
  var children: [Item]
}

func make(_ depth: Int) -> Item {
  Item(
    name: "item \(depth)", values: Array(0..<20),
    children: depth == 0 ? [] : [make(depth - 1), make(depth - 1)])
}

@inline(never) func nest(_ depth: Int, _ text: Data) -> Int {
  if depth > 0 { return nest(depth - 1, text) + 1 }
  guard let item = try? JSONDecoder().decode(Item.self, from: text), let again = try? JSONEncoder().encode(item) else {
    return 0
  }
  return again.count
}

let text = (try? JSONEncoder().encode(make(6))) ?? Data()
var total = 0
while true { total &+= nest(40, text) }
