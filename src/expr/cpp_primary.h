// SPDX-License-Identifier: Apache-2.0
// cpp_primary.h: operands and operators of C++ expressions, which need each other.
#pragma once
#include "expr/cpp_parts.h"

err_t cpp_operand(struct cpp *x, struct cpp_value *ret); // with what stands before and behind it
// ++ and --: *ret is the new value.
err_t cpp_step(struct cpp *x, const char *where, const struct cpp_value *v, bool down, struct cpp_value *ret);
