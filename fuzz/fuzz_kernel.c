// SPDX-License-Identifier: Apache-2.0
// fuzz_kernel.c: a whole session over a kernel dump: every fact (the rules are in tests/tools/kernel_touch.h), then the
// commands that know kernels, rendered as text or (bit 7 of the form) as JSON. The input is that of sparse_dump.h.
#include "sparse_dump.h"

#include "../tests/tools/kernel_touch.h"
#include "cmd/cmd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const lines[] = {
	".banner; vertarget; .dumpdebug; .bugcheck; !analyze -v; !patterns -v; .time; !sysinfo machineid",
	"k; kv; k -trust; lm; lmv; .exr -1; r; .trap @$csp; k; .cxr @$csp; k; .cxr; !errrec @$csp; !running -ti",
	"!process 0 17; !process -1 7; !thread; .thread; .process; !pcr; !prcb; ~; ~1s; k; ~0s; !irql; !cpuinfo",
	"!pte @$csp; !pte fffff80000000000; !vtop 0 @$csp; !db 1ad000 L40; db @$csp L40; dps @$ip L8",
	".process /p @$proc; !process 0 0; .context 0; u @$ip L3; ub @$ip L2; ln @$ip; !whea; !blackboxbsd; .reload",
};
// Goes through all page tables and processors; bits 4 to 6 of the form all set, so that few changed inputs do it.
static const char slow[] = "!ptov 1ad000; ~*k";

static void count(void *ctx, const char *bytes, size_t n)
{
	(void)bytes;
	*(size_t *)ctx += n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file_map file;
	struct target *t;
	struct session *s;
	if (!sparse_map(data, size, &file))
		return 0;
	struct span bytes = file.bytes;
	struct arena *a = arena_new((size_t)1 << 28);
	MUST(!target_open_map(a, "fuzz.dmp", NULL, file, &t).code);
	touch_kernel_target(t);
	if (!session_over(a, t, NULL, &s).code) {
		s->dbg->deadline_us = os_now_us() + 5000000;
		size_t n = 0;
		struct sink sink = { count, &n };
		bool json = size && (data[0] & 0x80);
		struct doc *d = json ? doc_json_new(a, sink, t->ptr_bytes) : doc_text_new(a, sink, t->ptr_bytes, false);
		for (size_t i = 0; i < ARRAY_LEN(lines); i++)
			cmd_line(s, lines[i], d);
		if (size && (data[0] & 0x70) == 0x70)
			cmd_line(s, slow, d);
		session_close(s);
	}
	sparse_unguard(bytes);
	arena_free(a);
	return 0;
}
