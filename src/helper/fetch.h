// SPDX-License-Identifier: Apache-2.0
// fetch.h: downloads; store/fetch_int.h describes how the helper is asked and answers.
#pragma once
#include "base/base.h"

// Reads the jobs from descriptor 0, answers on descriptor 1. The exit status: 0, or why not.
int fetch_main(struct arena *a);
