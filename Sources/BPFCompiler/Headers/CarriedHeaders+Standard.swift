extension CarriedHeaders {
  /// `<stddef.h>`.
  static let stddef = #"""
    #ifndef __MEROPS_STDDEF_H
    #define __MEROPS_STDDEF_H

    #ifndef __VMLINUX_H__
    typedef unsigned long size_t;
    #endif
    typedef long ptrdiff_t;
    #ifndef NULL
    #define NULL ((void *)0)
    #endif
    #ifndef offsetof
    #define offsetof(type, member) ((unsigned long)&((type *)0)->member)
    #endif

    #endif
    """#

  /// `<stdbool.h>`.
  static let stdbool = #"""
    /*
     * In <vmlinux.h> `bool` is a type and `true` an enumerator; elsewhere they are macros, which <vmlinux.h> takes
     * back.
     */
    #ifndef __MEROPS_STDBOOL_H
    #define __MEROPS_STDBOOL_H

    #ifndef __VMLINUX_H__
    #define bool _Bool
    #define true 1
    #define false 0
    #endif
    #define __bool_true_false_are_defined 1

    #endif
    """#

  /// `<stdint.h>`.
  static let stdint = #"""
    /* The types are the kernel's: 64 bits are a `long long`, so that this header and <vmlinux.h> agree. */
    #ifndef __MEROPS_STDINT_H
    #define __MEROPS_STDINT_H

    #ifndef __VMLINUX_H__
    typedef signed char int8_t;
    typedef short int16_t;
    typedef int int32_t;
    typedef long long int64_t;
    typedef unsigned char uint8_t;
    typedef unsigned short uint16_t;
    typedef unsigned int uint32_t;
    typedef unsigned long long uint64_t;
    typedef unsigned long uintptr_t;
    #endif
    typedef long intptr_t;

    #define INT8_MIN (-128)
    #define INT16_MIN (-32767 - 1)
    #define INT32_MIN (-2147483647 - 1)
    #define INT64_MIN (-9223372036854775807LL - 1)
    #define INT8_MAX 127
    #define INT16_MAX 32767
    #define INT32_MAX 2147483647
    #define INT64_MAX 9223372036854775807LL
    #define UINT8_MAX 255
    #define UINT16_MAX 65535
    #define UINT32_MAX 4294967295U
    #define UINT64_MAX 18446744073709551615ULL
    #define UINTPTR_MAX 18446744073709551615UL
    #ifndef SIZE_MAX
    #define SIZE_MAX 18446744073709551615UL
    #endif

    #endif
    """#

  /// `<string.h>`: what the compiler does without a library.
  static let string = #"""
    /* Copies and fills of a size that is known when compiling; the compiler turns them into loads and stores. */
    #ifndef __MEROPS_STRING_H
    #define __MEROPS_STRING_H

    #include <stddef.h>

    #ifndef memcpy
    #define memcpy(dst, src, size) __builtin_memcpy((dst), (src), (size))
    #endif
    #ifndef memmove
    #define memmove(dst, src, size) __builtin_memmove((dst), (src), (size))
    #endif
    #ifndef memset
    #define memset(dst, value, size) __builtin_memset((dst), (value), (size))
    #endif
    #ifndef memcmp
    #define memcmp(first, second, size) __builtin_memcmp((first), (second), (size))
    #endif

    /* Of a constant string; for any other there is bpf_strncmp(), and no library to call. */
    #ifndef strlen
    #define strlen(text) __builtin_strlen(text)
    #endif

    #endif
    """#

  /// `<errno.h>`.
  static let errno = #"""
    /* The numbers of errors, as Linux has them on most machines, among them x86-64 and arm64. */
    #ifndef __MEROPS_ERRNO_H
    #define __MEROPS_ERRNO_H

    #define EPERM 1
    #define ENOENT 2
    #define ESRCH 3
    #define EINTR 4
    #define EIO 5
    #define ENXIO 6
    #define E2BIG 7
    #define ENOEXEC 8
    #define EBADF 9
    #define ECHILD 10
    #define EAGAIN 11
    #define ENOMEM 12
    #define EACCES 13
    #define EFAULT 14
    #define ENOTBLK 15
    #define EBUSY 16
    #define EEXIST 17
    #define EXDEV 18
    #define ENODEV 19
    #define ENOTDIR 20
    #define EISDIR 21
    #define EINVAL 22
    #define ENFILE 23
    #define EMFILE 24
    #define ENOTTY 25
    #define ETXTBSY 26
    #define EFBIG 27
    #define ENOSPC 28
    #define ESPIPE 29
    #define EROFS 30
    #define EMLINK 31
    #define EPIPE 32
    #define EDOM 33
    #define ERANGE 34
    #define EDEADLK 35
    #define ENAMETOOLONG 36
    #define ENOLCK 37
    #define ENOSYS 38
    #define ENOTEMPTY 39
    #define ELOOP 40
    #define ENOMSG 42
    #define EIDRM 43
    #define ECHRNG 44
    #define EL2NSYNC 45
    #define EL3HLT 46
    #define EL3RST 47
    #define ELNRNG 48
    #define EUNATCH 49
    #define ENOCSI 50
    #define EL2HLT 51
    #define EBADE 52
    #define EBADR 53
    #define EXFULL 54
    #define ENOANO 55
    #define EBADRQC 56
    #define EBADSLT 57
    #define EBFONT 59
    #define ENOSTR 60
    #define ENODATA 61
    #define ETIME 62
    #define ENOSR 63
    #define ENONET 64
    #define ENOPKG 65
    #define EREMOTE 66
    #define ENOLINK 67
    #define EADV 68
    #define ESRMNT 69
    #define ECOMM 70
    #define EPROTO 71
    #define EMULTIHOP 72
    #define EDOTDOT 73
    #define EBADMSG 74
    #define EOVERFLOW 75
    #define ENOTUNIQ 76
    #define EBADFD 77
    #define EREMCHG 78
    #define ELIBACC 79
    #define ELIBBAD 80
    #define ELIBSCN 81
    #define ELIBMAX 82
    #define ELIBEXEC 83
    #define EILSEQ 84
    #define ERESTART 85
    #define ESTRPIPE 86
    #define EUSERS 87
    #define ENOTSOCK 88
    #define EDESTADDRREQ 89
    #define EMSGSIZE 90
    #define EPROTOTYPE 91
    #define ENOPROTOOPT 92
    #define EPROTONOSUPPORT 93
    #define ESOCKTNOSUPPORT 94
    #define EOPNOTSUPP 95
    #define EPFNOSUPPORT 96
    #define EAFNOSUPPORT 97
    #define EADDRINUSE 98
    #define EADDRNOTAVAIL 99
    #define ENETDOWN 100
    #define ENETUNREACH 101
    #define ENETRESET 102
    #define ECONNABORTED 103
    #define ECONNRESET 104
    #define ENOBUFS 105
    #define EISCONN 106
    #define ENOTCONN 107
    #define ESHUTDOWN 108
    #define ETOOMANYREFS 109
    #define ETIMEDOUT 110
    #define ECONNREFUSED 111
    #define EHOSTDOWN 112
    #define EHOSTUNREACH 113
    #define EALREADY 114
    #define EINPROGRESS 115
    #define ESTALE 116
    #define EUCLEAN 117
    #define ENOTNAM 118
    #define ENAVAIL 119
    #define EISNAM 120
    #define EREMOTEIO 121
    #define EDQUOT 122
    #define ENOMEDIUM 123
    #define EMEDIUMTYPE 124
    #define ECANCELED 125
    #define ENOKEY 126
    #define EKEYEXPIRED 127
    #define EKEYREVOKED 128
    #define EKEYREJECTED 129
    #define EOWNERDEAD 130
    #define ENOTRECOVERABLE 131
    #define ERFKILL 132

    #define EWOULDBLOCK EAGAIN
    #define EDEADLOCK EDEADLK

    /* Not for user space, yet the kernel's bpf(2) and its helpers answer with it. */
    #define ENOTSUPP 524

    #endif
    """#

  /// `<sys/types.h>`.
  static let sysTypes = #"""
    #ifndef __MEROPS_SYS_TYPES_H
    #define __MEROPS_SYS_TYPES_H

    #include <stddef.h>
    #include <stdint.h>

    #ifndef __VMLINUX_H__
    typedef long ssize_t;
    typedef long long loff_t;
    typedef int pid_t;
    typedef unsigned int uid_t;
    typedef unsigned int gid_t;
    #endif

    #endif
    """#
}
