// SPDX-License-Identifier: Apache-2.0
// What the Swift runtime and the C library export and no module declares.

#ifndef CMEROPS_SYMBOLS_H
#define CMEROPS_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)
#include <sys/auxv.h>
#endif

// The name that a mangled Swift name stands for, to be freed by the caller; nothing where it is no Swift name. With a
// buffer of nothing one is allocated. The flags have to be zero.
char *_Nullable swift_demangle(const char *_Nonnull name, size_t length, char *_Nullable buffer,
                               size_t *_Nullable buffer_size, uint32_t flags);

// Where the kernel has mapped its library into this process; zero where it has not.
static inline uint64_t merops_vdso_address(void)
{
#if defined(__linux__)
	return getauxval(AT_SYSINFO_EHDR);
#else
	return 0;
#endif
}

#endif
