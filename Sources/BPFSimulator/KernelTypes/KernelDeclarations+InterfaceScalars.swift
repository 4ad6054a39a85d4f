extension KernelDeclarations {
  /// Integer types under the names that the interface to user space has for them.
  static let interfaceScalars = #"""
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
    typedef unsigned int __poll_t;
    typedef long __kernel_long_t;
    typedef unsigned long __kernel_ulong_t;
    typedef int __kernel_pid_t;
    typedef unsigned int __kernel_uid32_t;
    typedef unsigned int __kernel_gid32_t;
    typedef __kernel_ulong_t __kernel_size_t;
    typedef __kernel_long_t __kernel_ssize_t;
    typedef __kernel_long_t __kernel_off_t;
    typedef long long __kernel_loff_t;
    typedef long long __kernel_time64_t;
    typedef __kernel_long_t __kernel_clock_t;
    typedef int __kernel_timer_t;
    typedef int __kernel_clockid_t;
    typedef int __kernel_key_t;
    typedef unsigned short __kernel_sa_family_t;
    """#
}
