// A group of tasks that suspend and compute.
@inline(never) func fib(_ n: Int) -> Int { n < 2 ? n : fib(n - 1) &+ fib(n - 2) }

func work(_ number: Int, _ depth: Int) async -> Int {
  if depth > 0 {
    await Task.yield()
    return await work(number, depth - 1) &+ 1
  }
  return fib(18 + number % 4)
}

while true {
  let total = await withTaskGroup(of: Int.self) { group in
    for number in 0..<16 { group.addTask { await work(number, 6) } }
    return await group.reduce(0, &+)
  }
  if total == 1 { break }
}
