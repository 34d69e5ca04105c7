// SPDX-License-Identifier: Apache-2.0
// bugchecks_int.h: the table of bugchecks_tab.c; ascending codes.
#pragma once
#include "verdict/bugcheck.h"

extern const struct bugcheck bugchecks[];
extern const size_t n_bugchecks;
