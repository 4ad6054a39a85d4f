// With frame pointers: what profilers that follow them are good at.
__attribute__((noinline)) static unsigned long fib(unsigned long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

__attribute__((noinline)) static unsigned long nest(int depth) { return depth ? nest(depth - 1) + 1 : fib(16); }

int main(void) {
  volatile unsigned long sum = 0;

  for (;;) sum += nest(20);
}
