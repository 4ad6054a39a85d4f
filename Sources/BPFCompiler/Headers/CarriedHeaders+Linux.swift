extension CarriedHeaders {
  /// `<linux/types.h>`.
  static let linuxTypes = #"""
    /* Integer types under the names that the kernel gives them in its interface. */
    #ifndef _LINUX_TYPES_H
    #define _LINUX_TYPES_H

    #ifndef __VMLINUX_H__
    typedef signed char __s8;
    typedef unsigned char __u8;
    typedef short __s16;
    typedef unsigned short __u16;
    typedef int __s32;
    typedef unsigned int __u32;
    typedef long long __s64;
    typedef unsigned long long __u64;
    typedef __u16 __le16;
    typedef __u16 __be16;
    typedef __u32 __le32;
    typedef __u32 __be32;
    typedef __u64 __le64;
    typedef __u64 __be64;
    typedef __u16 __sum16;
    typedef __u32 __wsum;
    #endif

    #ifndef __aligned_u64
    #define __aligned_u64 __u64 __attribute__((aligned(8)))
    #endif

    #endif
    """#

  /// `<linux/bpf.h>`.
  static let linuxBPF = #"""
    /* The interface of BPF. */
    #ifndef _LINUX_BPF_H
    #define _LINUX_BPF_H

    #include <linux/types.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    /* Names of constants that are macros in the kernel, and so in no type information. */
    #define BPF_FS_MAGIC 0xcafe4a11
    #define BPF_OBJ_NAME_LEN 16U
    #define BPF_TAG_SIZE 8
    #define BPF_BUILD_ID_SIZE 20
    #define BPF_JIT_ENABLE 1
    #define MAX_BPF_REG 11

    /* Pseudo values of the source register. */
    #define BPF_PSEUDO_MAP_FD 1
    #define BPF_PSEUDO_MAP_VALUE 2
    #define BPF_PSEUDO_BTF_ID 3
    #define BPF_PSEUDO_FUNC 4
    #define BPF_PSEUDO_MAP_IDX 5
    #define BPF_PSEUDO_MAP_IDX_VALUE 6
    #define BPF_PSEUDO_CALL 1
    #define BPF_PSEUDO_KFUNC_CALL 2

    /* Flags of loading and attaching. */
    #define BPF_F_ALLOW_OVERRIDE (1U << 0)
    #define BPF_F_ALLOW_MULTI (1U << 1)
    #define BPF_F_REPLACE (1U << 2)
    #define BPF_F_BEFORE (1U << 3)
    #define BPF_F_AFTER (1U << 4)
    #define BPF_F_STRICT_ALIGNMENT (1U << 0)
    #define BPF_F_ANY_ALIGNMENT (1U << 1)
    #define BPF_F_TEST_RND_HI32 (1U << 2)
    #define BPF_F_TEST_STATE_FREQ (1U << 3)
    #define BPF_F_SLEEPABLE (1U << 4)
    #define BPF_F_XDP_HAS_FRAGS (1U << 5)

    #endif
    """#

  /// `<linux/ptrace.h>`.
  static let linuxPtrace = #"""
    /* The registers, under the names that they have in user space. In <vmlinux.h> they have those of the kernel. */
    #ifndef _LINUX_PTRACE_H
    #define _LINUX_PTRACE_H

    #ifndef __VMLINUX_H__
    #if defined(__TARGET_ARCH_arm64)
    #include <linux/types.h>
    struct user_pt_regs {
      __u64 regs[31];
      __u64 sp;
      __u64 pc;
      __u64 pstate;
    };
    #else
    struct pt_regs {
      unsigned long r15;
      unsigned long r14;
      unsigned long r13;
      unsigned long r12;
      unsigned long rbp;
      unsigned long rbx;
      unsigned long r11;
      unsigned long r10;
      unsigned long r9;
      unsigned long r8;
      unsigned long rax;
      unsigned long rcx;
      unsigned long rdx;
      unsigned long rsi;
      unsigned long rdi;
      unsigned long orig_rax;
      unsigned long rip;
      unsigned long cs;
      unsigned long eflags;
      unsigned long rsp;
      unsigned long ss;
    };
    #endif
    #endif

    #endif
    """#

  /// `<linux/bpf_perf_event.h>`.
  static let linuxBPFPerfEvent = #"""
    /* The context of a program that samples. */
    #ifndef _LINUX_BPF_PERF_EVENT_H
    #define _LINUX_BPF_PERF_EVENT_H

    #include <linux/types.h>
    #include <linux/ptrace.h>

    #ifndef __VMLINUX_H__
    #if defined(__TARGET_ARCH_arm64)
    typedef struct user_pt_regs bpf_user_pt_regs_t;
    #else
    typedef struct pt_regs bpf_user_pt_regs_t;
    #endif

    struct bpf_perf_event_data {
      bpf_user_pt_regs_t regs;
      __u64 sample_period;
      __u64 addr;
    };
    #endif

    #endif
    """#

  /// `<linux/perf_event.h>`.
  static let linuxPerfEvent = #"""
    /* Events: what is counted and what a sample holds. */
    #ifndef _LINUX_PERF_EVENT_H
    #define _LINUX_PERF_EVENT_H

    #include <linux/types.h>
    #include <linux/bpf_perf_event.h>
    #ifndef __VMLINUX_H__
    #include <merops/interface.h>
    #endif

    #define PERF_MAX_STACK_DEPTH 127

    #endif
    """#

  /// `<linux/sched.h>`.
  static let linuxSched = #"""
    /* Flags of tasks. */
    #ifndef _LINUX_SCHED_H
    #define _LINUX_SCHED_H

    /* The flags of a task, of which the kernel's types know nothing. */
    #define PF_IDLE 0x00000002
    #define PF_EXITING 0x00000004
    #define PF_WQ_WORKER 0x00000020
    #define PF_FORKNOEXEC 0x00000040
    #define PF_SIGNALED 0x00000400
    #define PF_KTHREAD 0x00200000

    #define CLONE_VM 0x00000100
    #define CLONE_FS 0x00000200
    #define CLONE_FILES 0x00000400
    #define CLONE_SIGHAND 0x00000800
    #define CLONE_THREAD 0x00010000
    #define CLONE_NEWNS 0x00020000

    #endif
    """#

  /// `<linux/version.h>`.
  static let linuxVersion = #"""
    /* Linux 6.18, whose interface these headers describe. */
    #ifndef _LINUX_VERSION_H
    #define _LINUX_VERSION_H

    #define LINUX_VERSION_CODE 397824
    #ifndef KERNEL_VERSION
    #define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
    #endif

    #endif
    """#

  /// `<linux/stddef.h>`.
  static let linuxStddef = #"""
    #ifndef _LINUX_STDDEF_H
    #define _LINUX_STDDEF_H

    #include <stddef.h>

    #ifndef __always_inline
    #define __always_inline inline __attribute__((always_inline))
    #endif

    #endif
    """#
}
