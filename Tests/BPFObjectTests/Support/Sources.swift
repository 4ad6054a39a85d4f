/// Programs in C that the tests compile.
enum Sources {
  /// What each of them begins with.
  static let header = """
    typedef unsigned char u8;
    typedef unsigned short u16;
    typedef unsigned int u32;
    typedef unsigned long long u64;
    typedef int s32;
    typedef _Bool bool;
    #define SEC(name) __attribute__((section(name), used))
    #define __hidden __attribute__((visibility("hidden")))
    #define __weak __attribute__((weak))
    #define __noinline __attribute__((noinline))
    #define __ksym __attribute__((section(".ksyms")))
    #define __kconfig __attribute__((section(".kconfig")))
    #define __uint(name, val) int (*name)[val]
    #define __ulong(name, val) enum { name##_value = val } name
    #define __type(name, val) typeof(val) *name
    #define __array(name, val) typeof(val) *name[]
    #define __tag(text) __attribute__((btf_decl_tag(text)))
    static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
    static long (*const bpf_trace_printk)(const char *format, u32 size, ...) = (void *)6;
    static long (*const bpf_tail_call)(void *ctx, void *map, u32 index) = (void *)12;
    static long (*const bpf_loop)(u32 count, void *callback, void *ctx, u64 flags) = (void *)181;
    char _license[] SEC("license") = "GPL";

    """

  /// Static, global and hidden subprograms that call each other, callbacks, two programs in a section.
  static let linking = """
    int global_value = 5;
    static int static_value = 6;
    static volatile int counter;

    __hidden __noinline int hidden_function(int x) { return x * static_value + counter; }
    static __noinline int static_function(int x) { return hidden_function(x) + global_value; }
    __noinline int global_function(int x) { counter++; return static_function(x) + 1; }
    __noinline int unused_function(int x) { return x - 1; }
    static long callback(u32 index, void *ctx) { return global_function(index); }

    SEC("perf_event") __tag("comment:first")
    int first(void *ctx) {
      static_value++;
      bpf_loop(3, callback, 0, 0);
      return global_function(2);
    }

    SEC("perf_event")
    int second(void *ctx) { return hidden_function(2); }

    SEC("?tracepoint/syscalls/sys_enter_read")
    int third(void *ctx) { return global_function(4) + global_function(5); }
    """

  /// All members of a map's definition, maps of maps with initial slots, an array of programs.
  static let maps = """
    struct key { u32 a, b; };
    struct value { u64 count; char text[24]; };

    struct {
      __uint(type, 1);
      __uint(max_entries, 16);
      __uint(map_flags, 1);
      __type(key, struct key);
      __type(value, struct value);
    } typed SEC(".maps");

    struct {
      __uint(type, 2);
      __uint(max_entries, 4);
      __uint(key_size, 4);
      __uint(value_size, 8);
      __uint(pinning, 1);
      __uint(numa_node, 0);
    } sized SEC(".maps");

    struct {
      __uint(type, 30);
      __uint(max_entries, 100);
      __type(value, u32);
      __ulong(map_extra, 3);
    } bloom SEC(".maps");

    struct {
      __uint(type, 27);
      __uint(max_entries, 5000);
    } ring SEC(".maps");

    struct inner {
      __uint(type, 2);
      __uint(max_entries, 1);
      __type(key, u32);
      __type(value, u64);
    } inner_a SEC(".maps"), inner_b SEC(".maps");

    struct {
      __uint(type, 12);
      __uint(max_entries, 4);
      __type(key, u32);
      __array(values, struct inner);
    } outer SEC(".maps") = { .values = { [0] = &inner_b, [3] = &inner_a } };

    struct {
      __uint(type, 13);
      __uint(max_entries, 8);
      __type(key, u32);
      __array(values, struct {
        __uint(type, 1);
        __uint(max_entries, 7);
        __type(key, u64);
        __type(value, u16);
      });
    } anonymous SEC(".maps");

    int tail_a(void *ctx);
    int tail_b(void *ctx);
    struct {
      __uint(type, 3);
      __uint(max_entries, 3);
      __uint(key_size, 4);
      __array(values, int (void *));
    } calls SEC(".maps") = { .values = { [2] = (void *)&tail_a, [1] = (void *)&tail_b } };

    SEC("xdp") int tail_a(void *ctx) { return 1; }
    SEC("xdp") int tail_b(void *ctx) {
      struct key key = {};
      u32 index = 0;
      bpf_map_lookup_elem(&typed, &key);
      bpf_map_lookup_elem(&outer, &index);
      bpf_map_lookup_elem(&sized, &index);
      bpf_tail_call(ctx, &calls, 2);
      return 2;
    }
    """

  /// Variables of all kinds in all sections of data.
  static let data = """
    enum color { RED, GREEN = 7, BLUE };
    enum wide { HUGE_VALUE = 0x100000000ULL, SMALL = 1 };
    struct inner { u8 low; u16 table[3]; };
    struct settings {
      int level;
      struct { u32 depth; struct inner parts[2]; };
      char name[8];
      enum color color;
      u32 bits : 3;
    };

    int number = -5;
    u8 small = 1;
    u64 large = 1;
    bool flag = 0;
    char text[16] = "hello";
    const char *pointer = 0;
    enum color color = GREEN;
    enum wide wide = SMALL;
    struct settings settings = { .level = 3, .name = "abc" };
    u32 zeros[64];
    static volatile u32 hidden_counter;
    __hidden u32 shared_hidden = 4;
    const volatile u32 constant = 9;
    const volatile char greeting[8] = "hi";
    u32 custom SEC(".data.custom") = 11;
    u32 custom_zero SEC(".bss.custom");
    const volatile u32 custom_constant SEC(".rodata.custom") = 12;

    static __noinline u32 count(void) { static u32 calls; return ++calls; }

    SEC("socket")
    int program(void *ctx) {
      const char *format = "value %d";
      bpf_trace_printk(format, 9, number);
      hidden_counter += constant + custom + shared_hidden + small + large + flag + color + wide + custom_constant;
      custom_zero++;
      zeros[number & 63] = text[number & 15] + greeting[number & 7];
      return settings.level + settings.parts[1].table[2] + (pointer ? 1 : 0) + count() + settings.name[1];
    }
    """

  /// Kernel functions and variables, configuration values, strong and weak.
  static let externs = """
    enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };
    struct task_struct;
    extern int kernel_function(struct task_struct *task, u32 flags) __ksym;
    extern int weak_function(int x) __ksym __weak;
    extern const int typed_variable __ksym;
    extern const void bare_variable __ksym __weak;

    extern bool CONFIG_BOOL __kconfig __weak;
    extern u64 CONFIG_WIDE __kconfig;
    extern enum libbpf_tristate CONFIG_TRISTATE __kconfig __weak;
    extern char CONFIG_TEXT[7] __kconfig __weak;
    extern int LINUX_KERNEL_VERSION __kconfig;

    SEC("syscall")
    int program(void *ctx) {
      int sum = kernel_function(ctx, 1);
      if (weak_function) sum += weak_function(2);
      if (&bare_variable) sum += 1;
      sum += typed_variable + CONFIG_BOOL + CONFIG_WIDE + CONFIG_TRISTATE + CONFIG_TEXT[sum & 3];
      return sum + LINUX_KERNEL_VERSION;
    }
    """

  /// CO-RE relocations in a program and in a subprogram.
  static let fields = """
    #define __relocatable __attribute__((preserve_access_index))
    struct point { int x; short y; unsigned int wide : 5; u64 last; } __relocatable;
    struct outer { struct point points[3]; struct point *next; char tail; } __relocatable;
    enum choice { CHOICE_A = 1, CHOICE_B = 2 };

    static __noinline long read_last(struct outer *outer) { return outer->points[2].last + outer->tail; }

    SEC("raw_tp/sched_switch")
    int program(struct outer *outer) {
      outer->points[1].x = 4;
      long sum = outer->points[0].y + read_last(outer);
      sum += __builtin_preserve_field_info(outer->points[1].y, 2);
      sum += __builtin_preserve_type_info(*(struct point *)0, 0);
      sum += __builtin_preserve_type_info(*(struct point *)0, 1);
      sum += __builtin_preserve_enum_value(*(typeof(enum choice) *)CHOICE_B, 1);
      return sum;
    }
    """

  static let all: [(name: String, source: String)] = [
    ("linking", linking), ("maps", maps), ("data", data), ("externs", externs), ("fields", fields),
  ]
}
