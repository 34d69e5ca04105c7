// SPDX-License-Identifier: Apache-2.0
// scope_target.c: $vvalid, $iment, $fnsucc and physical memory, which ask the target more than a name or a number.
#include "base/limits.h"
#include "cmd/scope.h"
#include "pe/pe.h"
#include "target/kernel.h"

bool scope_read_phys(void *ctx, pa_t pa, unsigned n, uint64_t *ret)
{
	const struct session *s = ctx;
	uint8_t b[8];
	if (!s->target || n > sizeof(b) || target_read_phys(s->target, pa, b, n) != n)
		return false;
	*ret = le_get(b, n);
	return true;
}

bool scope_valid(void *ctx, va_t va, uint64_t n, uint64_t *ret, err_t *err)
{
	const struct session *s = ctx;
	uint8_t b[4096];
	if (!s->target)
		return false;
	if (n > LIMIT_RANGE_BYTES) {
		*err = fail(E_LIMIT, "$vvalid looks at no more than 256 MB", n);
		return true;
	}
	*ret = 1;
	for (uint64_t left = n, at = va; left && *ret && !err->code;) {
		size_t want = (size_t)MIN(left, (uint64_t)sizeof(b)), got = 0;
		bool there = !space_read(s->target->space, at, b, want, &got).code && got;
		*ret = there && at + got >= at;
		at += got;
		left -= got;
		*err = session_poll(s);
	}
	return true;
}

bool scope_image_entry(void *ctx, va_t base, uint64_t *ret, err_t *err)
{
	struct session *s = ctx;
	const struct pe *pe = NULL;
	struct pe *found = NULL;
	if (!s->target)
		return false;
	struct module *m = target_module_at(s->target, base);
	if (m && m->base == base) {
		*err = target_module_pe(s->target, m, &pe);
		*ret = err->code ? 0 : base + pe->entry;
	} else {
		struct arena *a = arena_child(s->arena, LIMIT_COMMAND_MEMORY);
		*err = target_image_at(s->target, a, base, 0, &found);
		*ret = err->code ? 0 : base + found->entry;
		arena_free(a);
	}
	if (err->code)
		*err = fail(E_ABSENT, "no image's header is readable there", base);
	return true;
}

// An NTSTATUS and a BOOL are plain numbers in symbols: $fnsucc's flag decides on them as on any other.
bool scope_fn_success(void *ctx, va_t fn, uint64_t value, uint64_t flag, uint64_t *ret, err_t *err)
{
	struct session *s = ctx;
	struct type t;
	const char *name;
	(void)err;
	if (!s->target)
		return false;
	struct arena *a = arena_child(s->arena, LIMIT_COMMAND_MEMORY);
	bool typed = fn_return_type(s->target, a, fn, &name, &t);
	bool hresult = typed && t.kind == TYPE_HRESULT,
	     truth = typed && (t.kind == TYPE_BOOL || t.kind == TYPE_POINTER);
	*ret = hresult ? (int32_t)(uint32_t)value >= 0 : truth || !flag ? value != 0 : value == 0;
	arena_free(a);
	return name != NULL;
}
