// SPDX-License-Identifier: Apache-2.0
#include "CAllocationCount.h"

#include <stdlib.h>

static __thread unsigned long count;

unsigned long merops_allocation_count(void)
{
	return count;
}

#if defined(__GLIBC__)
extern void *__libc_malloc(size_t);

void *malloc(size_t size)
{
	count++;
	return __libc_malloc(size);
}
#endif
