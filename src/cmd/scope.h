// SPDX-License-Identifier: Apache-2.0
// scope.h: the callbacks of cmd_scope(), between its files. Their ctx is the session; contracts are in expr/expr.h.
#pragma once
#include "cmd/cmd.h"

bool scope_pseudo(void *ctx, const char *name, uint64_t *ret, err_t *err);
bool scope_read_phys(void *ctx, pa_t pa, unsigned n, uint64_t *ret);
bool scope_valid(void *ctx, va_t va, uint64_t n, uint64_t *ret, err_t *err);
bool scope_image_entry(void *ctx, va_t base, uint64_t *ret, err_t *err);
bool scope_fn_success(void *ctx, va_t fn, uint64_t value, uint64_t flag, uint64_t *ret, err_t *err);
// What the function at va returns, by its type; name_ret: the function (NULL: none is known there). False: not
// recorded.
bool fn_return_type(struct target *t, struct arena *a, va_t va, const char **name_ret, struct type *ret);
