// SPDX-License-Identifier: Apache-2.0
// All there is stands in the header; a target needs a source.

#include "CMeropsSymbols.h"
