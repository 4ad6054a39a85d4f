import BPFInstructions

/// What is given to LLVM to compile or to assemble.
enum LLVMSources {
  /// Whether LLVM's syntax can say everything that is in the instruction.
  static func isExpressible(_ instruction: DecodedInstruction) -> Bool {
    switch instruction {
    case .loadWide(_, .constant): true
    case .loadWide, .call(.kernelFunction), .call(.local): false
    case .loadPacket(_, .some, let constant): constant == 0
    // LLVM's assembler takes a number of slots for a long jump only where a short one would do.
    case .gotoLong(let offset): Int16(exactly: offset) != nil
    default: true
    }
  }

  /// C that makes clang use most operations. `ALU32` stands for processors from v3 on, `V4` for v4.
  static let c = """
    typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
    typedef signed char s8; typedef short s16; typedef int s32; typedef long long s64;
    #define NOINLINE __attribute__((noinline))
    static void *(*lookup)(void *map, const void *key) = (void *)1;
    static u64 (*now)(void) = (void *)5;
    static long (*print)(const char *format, u32 size, ...) = (void *)6;
    extern int elsewhere(int value);
    u64 global = 42; const char text[] = "text";

    u64 arithmetic64(u64 a, u64 b) {
      a += b; a -= 7; a *= b; a |= 0x10; a &= b; a ^= 0x7fffffff; a <<= b & 63; a >>= 3; a ^= b; a = -a;
      return a / (b | 1) + a % (b | 3) + a / 10 + a % 11 + ((s64)a >> 5) + ((s64)a >> (b & 63)) - b;
    }
    u32 arithmetic32(u32 a, u32 b) {
      a += b; a -= 7; a *= b; a |= 0x10; a &= b; a ^= 0x7fffffff; a <<= b & 31; a >>= 3; a ^= b; a = -a;
      return a / (b | 1) + a % (b | 3) + a / 10 + a % 11 + ((s32)a >> 5) + ((s32)a >> (b & 31)) - b;
    }
    u64 constants(u64 a) { return a + 0x123456789abcdefULL + (a & 0xffffffff00000000ULL) + (a ^ 0xdeadbeefULL); }
    u64 swaps(u64 a) {
      return __builtin_bswap16(a) + __builtin_bswap32(a) * 3 + __builtin_bswap64(a) * 5;
    }
    u64 loads(u8 *a, u16 *b, u32 *c, u64 *d) { return a[0] + b[1] + c[-1] + d[1000] + (u64)now; }
    void stores(u8 *a, u16 *b, u32 *c, u64 *d, u64 v) {
      a[0] = v; b[1] = v; c[2] = v; d[-3] = v; a[9] = 1; b[9] = 2; c[9] = 3; d[9] = -4;
      *(volatile u64 *)&d[1] = v;
    }
    int compare(s64 a, s64 b, u64 c, u64 d) {
      int r = 0;
      if (a > b) r += elsewhere(1);
      if (a >= 17) r += elsewhere(2);
      if (a < b) r += elsewhere(3);
      if (a <= -100) r += elsewhere(4);
      if (c > d) r += elsewhere(5);
      if (c < 1000) r += elsewhere(6);
      if (c == d) r += elsewhere(7);
      if (c != 77) r += elsewhere(8);
      if (c & 0x40) r += elsewhere(9);
      if (c & d) r += elsewhere(10);
      return r;
    }
    int compare32(s32 a, s32 b, u32 c, u32 d) {
      int r = 0;
      if (a > b) r += elsewhere(1);
      if (a >= 17) r += elsewhere(2);
      if (a < b) r += elsewhere(3);
      if (a <= -100) r += elsewhere(4);
      if (c > d) r += elsewhere(5);
      if (c < 1000) r += elsewhere(6);
      if (c == d) r += elsewhere(7);
      if (c != 77) r += elsewhere(8);
      if (c & 0x40) r += elsewhere(9);
      return r;
    }
    static NOINLINE int local(int a, int b) { return a * 31 + b; }
    u64 sum(u8 *data, u64 length) {
      u64 total = 0;
      for (u64 i = 0; i < length; i++) total += data[i] * i;
      return total + local(total, length);
    }
    int choose(int which) {
      switch (which) {
      case 0: return elsewhere(10);
      case 1: return local(1, 2);
      case 2: return global;
      case 5: return 99;
      default: return print(text, sizeof text, now(), lookup((void *)&global, text));
      }
    }
    void add(u64 *a, u64 v) { __sync_fetch_and_add(a, v); }
    s64 extend(s8 *a, s16 *b, s32 *c, s64 d) { return a[0] + b[1] + c[2] + (s8)d + (s16)(d * 3) + (s32)(d * 5); }
    #ifdef ALU32
    u64 atomics(u64 *a, u64 v) {
      u64 r = __sync_fetch_and_add(a, v) + __sync_fetch_and_or(a + 1, v) + __sync_fetch_and_and(a + 2, v);
      return r + __sync_fetch_and_xor(a + 3, v) + __sync_lock_test_and_set(a + 4, v)
        + __sync_val_compare_and_swap(a + 5, v, r);
    }
    u32 atomics32(u32 *a, u32 v) {
      u32 r = __sync_fetch_and_add(a, v) + __sync_fetch_and_or(a + 1, v) + __sync_fetch_and_and(a + 2, v);
      return r + __sync_fetch_and_xor(a + 3, v) + __sync_lock_test_and_set(a + 4, v)
        + __sync_val_compare_and_swap(a + 5, v, r);
    }
    #endif
    #ifdef V4
    s64 division(s64 a, s64 b) { return a / b + a % b + a / 3 + a % -5; }
    s32 division32(s32 a, s32 b) { return a / b + a % b + a / 3 + a % -5; }
    u64 ordered(u64 *a, u32 *b, u16 *c, u8 *d, u64 v) {
      __atomic_store_n(a, v, __ATOMIC_RELEASE);
      __atomic_store_n(b, v, __ATOMIC_RELEASE);
      return __atomic_load_n(a, __ATOMIC_ACQUIRE) + __atomic_load_n(c, __ATOMIC_ACQUIRE)
        + __atomic_load_n(d, __ATOMIC_ACQUIRE);
    }
    #endif

    """
}
