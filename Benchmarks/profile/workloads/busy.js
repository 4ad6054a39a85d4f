// Code of V8's compilers, which has no frame rules, and its own C++, which has.
class Worker {
  constructor() {
    this.known = new Map();
  }
  fib(n) {
    return n < 2 ? n : this.fib(n - 1) + this.fib(n - 2);
  }
  go(depth) {
    if (depth > 0) return this.go(depth - 1);
    let sum = 0;
    for (let i = 0; i < 2000; i++) {
      this.known.set("k" + (i % 97), JSON.stringify({ i, list: [1, 2, 3] }));
      sum += this.fib(10) + [3, 1, 2].sort((a, b) => a - b)[0];
    }
    return sum;
  }
}
const worker = new Worker();
while (true) worker.go(10);
