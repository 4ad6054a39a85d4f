// 32-bit code without a library: computes for ever, or with BRIEF ends at once, to see whether the machine runs such code.
void _start(void) {
#ifdef BRIEF
  // exit(0)
  __asm__ volatile("int $0x80" : : "a"(1), "b"(0));
#endif
  for (;;) __asm__ volatile("" ::: "memory");
}
