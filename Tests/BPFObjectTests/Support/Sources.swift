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

  /// Much at once, as in real tools: a filter that is set from outside, maps of maps, callbacks, kernel symbols that may
  /// be missing, configuration, several programs in a section, sections of data with names of their own.
  static let tool = """
    #define __relocatable __attribute__((preserve_access_index))
    #define MAX_SLOTS 27
    struct task_struct { int pid; int tgid; char comm[16]; struct task_struct *parent; } __relocatable;
    struct event { u32 pid; u32 kind; u64 delta; char comm[16]; };
    struct histogram { u32 slots[MAX_SLOTS]; };
    struct entry { u64 start; u32 state; u64 work; };

    const volatile u32 wanted_pid = 0;
    const volatile bool wants_all SEC(".rodata.settings") = 1;
    static u64 lost SEC(".data.statistics");
    __hidden u64 seen SEC(".data.statistics") = 0;
    static struct histogram empty;
    int state_names[3] = { 5, 6, 7 };

    struct {
      __uint(type, 1);
      __uint(max_entries, 10240);
      __uint(map_flags, 1);
      __type(key, u32);
      __type(value, struct entry);
    } starts SEC(".maps");

    struct per_task {
      __uint(type, 2);
      __uint(max_entries, MAX_SLOTS);
      __type(key, u32);
      __type(value, u64);
    } first_task SEC(".maps"), second_task SEC(".maps");

    struct {
      __uint(type, 13);
      __uint(max_entries, 8);
      __type(key, u32);
      __array(values, struct per_task);
    } tasks SEC(".maps") = { .values = { (void *)&first_task, (void *)&second_task } };

    struct {
      __uint(type, 27);
      __uint(max_entries, 1 << 18);
    } events SEC(".maps");

    int on_tail(void *ctx);
    struct {
      __uint(type, 3);
      __uint(max_entries, 2);
      __uint(key_size, 4);
      __array(values, int (void *));
    } tails SEC(".maps") = { .values = { [1] = (void *)&on_tail } };

    extern bool CONFIG_PREEMPT __kconfig __weak;
    extern int LINUX_KERNEL_VERSION __kconfig;
    extern int schedule_work(void *task, void *work, void *map, void *callback, void *aux) __ksym __weak;
    extern int schedule_work_plain(void *task, void *work, void *map, void *callback) __ksym __weak;
    extern const void runqueues __ksym __weak;
    static long (*const bpf_get_current_task)(void) = (void *)35;
    static long (*const bpf_probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
    static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
    static void *(*const bpf_ringbuf_reserve)(void *map, u64 size, u64 flags) = (void *)131;
    static void (*const bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;

    __weak __noinline int slot_of(u64 value) {
      int slot = 0;
      for (int bit = 32; bit; bit >>= 1)
        if (value >> bit) { value >>= bit; slot += bit; }
      return slot;
    }

    __hidden __noinline int is_wanted(u32 pid) { seen++; return wants_all || pid == wanted_pid; }

    static int count_slot(u32 index, void *ctx) {
      empty.slots[index & 15] += slot_of(index);
      return 0;
    }

    static int on_work(void *map, void *key, struct entry *value) {
      struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
      if (!event) { lost++; return 0; }
      event->delta = value->start;
      bpf_loop(MAX_SLOTS, count_slot, 0, 0);
      bpf_ringbuf_submit(event, 0);
      return 0;
    }

    static __noinline int handle(void *ctx, u32 kind) {
      struct task_struct *task = (void *)bpf_get_current_task();
      u32 pid = 0;
      bpf_probe_read_kernel(&pid, sizeof(pid), &task->parent);
      pid += task->pid;
      if (!is_wanted(pid)) return 0;
      struct entry fresh = { .start = kind }, *entry;
      bpf_map_update_elem(&starts, &pid, &fresh, 1);
      entry = bpf_map_lookup_elem(&starts, &pid);
      if (!entry) return 0;
      if (schedule_work_plain) return schedule_work_plain(task, &entry->work, &starts, on_work);
      if (schedule_work) return schedule_work(task, &entry->work, &starts, on_work, 0);
      if (&runqueues && CONFIG_PREEMPT) bpf_trace_printk("state %d on %d", 15, state_names[kind & 1], LINUX_KERNEL_VERSION);
      return 0;
    }

    SEC("tp_btf/sched_wakeup") int on_wakeup(void *ctx) { return handle(ctx, 1); }
    SEC("tp_btf/sched_wakeup") int on_wakeup_again(void *ctx) { bpf_map_lookup_elem(&tasks, &state_names); return handle(ctx, 2); }
    SEC("perf_event") int on_sample(void *ctx) { bpf_tail_call(ctx, &tails, 1); return handle(ctx, 3); }
    SEC("perf_event") int on_tail(void *ctx) { return slot_of(seen); }
    SEC("?fentry.s/do_nanosleep") int on_sleep(void *ctx) { return handle(ctx, 4) + slot_of(lost); }
    """

  static let all: [(name: String, source: String)] = [
    ("tool", tool),
    ("linking", linking), ("maps", maps), ("data", data), ("externs", externs), ("fields", fields),
  ]
}
