// SPDX-License-Identifier: Apache-2.0
// fuzz_pe.c: any bytes as an image, once as a file and once as target memory: headers, exports, debug
// directory, version, function table, and the unwind data of the first functions. Memory stays bounded, what is
// listed is in order, and a function found by address covers it.
#include "arch/unwind.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUNCTIONS = 256, EPILOGS = 16, MEMORY = 128 << 20 };

static size_t memory_read(void *ctx, uint32_t rva, void *buf, size_t n)
{
	const struct span *s = ctx;
	struct span part = span_clip(*s, rva, n);
	if (part.n)
		memcpy(buf, part.p, part.n);
	return part.n;
}

static void unwind_data(const struct pe *pe, const struct pe_function *f)
{
	struct unwind_src s = { .pe = pe };
	if (pe->machine == MACHINE_X64) {
		struct x64_unwind_info u;
		if (!x64_unwind_info(&s, f->unwind, &u).code && u.n_codes > u.n_slots)
			abort();
		return;
	}
	struct a64_unwind_info u;
	if (a64_unwind_info(&s, f->unwind, &u).code)
		return;
	struct a64_epilog e;
	for (uint32_t i = 0; i < EPILOGS && a64_epilog_get(&s, &u, i, &e); i++)
		if (a64_sequence_len(&u, a64_code_at(&u, e.index)) > u.n_codes)
			abort();
}

static void functions(const struct pe *pe)
{
	struct pe_function f, found;
	size_t n = MIN(pe_function_count(pe), (size_t)FUNCTIONS);
	for (size_t i = 0; i < n; i++) {
		if (pe_function_get(pe, i, &f).code)
			continue;
		if (!pe_function_at(pe, f.begin, &found).code && (f.begin < found.begin || f.begin >= found.end))
			abort();
		unwind_data(pe, &f);
	}
}

static void everything(struct arena *a, const struct pe *pe)
{
	struct pe_exports x;
	struct pe_version v;
	const struct pe_debug *d;
	struct span cv;
	size_t n;
	if (!pe_exports(a, pe, &x).code)
		for (size_t i = 1; i < x.n; i++)
			if (!x.by_rva[i].forward && (x.by_rva[i - 1].forward || x.by_rva[i].rva < x.by_rva[i - 1].rva))
				abort();
	if (!pe_version(a, pe, &v).code)
		for (size_t i = 0; i < v.n_strings; i++)
			if (!v.strings[i].key || !v.strings[i].value)
				abort();
	if (!pe_debug_dirs(a, pe, &d, &n).code)
		for (size_t i = 0; i < n; i++)
			(void)pe_debug_type_name(d[i].type);
	(void)pe_codeview(a, pe, &cv).code;
	(void)pe_is_reproducible(pe);
	(void)pe_is_executable(pe, pe->entry);
	functions(pe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = { data, size };
	for (int memory = 0; memory < 2; memory++) {
		struct arena *a = arena_new(MEMORY);
		struct pe *pe;
		err_t e = memory ? pe_open(a, memory_read, &s, &pe) : pe_open_file(a, s, &pe);
		if (!e.code)
			everything(a, pe);
		arena_free(a);
	}
	return 0;
}
