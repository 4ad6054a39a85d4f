// SPDX-License-Identifier: Apache-2.0
// Counts the calls of malloc(3) that the calling thread makes, in place of the C library's function.

#ifndef CALLOCATIONCOUNT_H
#define CALLOCATIONCOUNT_H

unsigned long merops_allocation_count(void);

#endif
