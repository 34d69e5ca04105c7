// SPDX-License-Identifier: Apache-2.0
// fuzz_session.c: end to end: dump bytes, then every command, rendered as text and as JSON to nowhere. Oracle: no
// crash, no hang; both renderings leave the document balanced; memory stays within a multiple of the input.
#include "base/limits.h"
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tail { // the last byte of the output, and how much there was
	size_t n;
	char last;
};

static void count(void *ctx, const char *bytes, size_t n)
{
	struct tail *t = ctx;
	t->n += n;
	if (n)
		t->last = bytes[n - 1];
}

static const char *const lines[] = {
	".banner; version; .lastevent; .dumpdebug; |; ||; .time; .ttime",
	"~*; ~*k 20; kv 20 ; kb; kf; kd 8; k -trust",
	"lm; lmv; lmf; lm t n; lm1m; !dh 0; x *!*e*; ln @$ip; !lmi 0",
	"r; .exr -1; .ecxr; k; r; u; ub; uf; .cxr; db @$csp L40; dps @$csp L20; dpa @$csp L8; dpu @$csp L8",
	"da @$csp; du @$csp; dq @$ip L4; ? poi(@$csp)+1; .formats @$ip; !error c0000005; dS @$csp; dg 33",
	"dyb @$ip L2; dD @$csp L2; # mov @$ip L10; dda @$csp L4; dqp @$csp L4; ds @$csp; rF; rX",
	".frame; .frame 2; dv /i /t /V; .frame /r 1; ? $!a; ? `a.c:1`; .inline 0; .frame 1; dv; .lines",
	".frame /c 1; k; .cxr",
	"dt _PEB; dt *!*e*; dt -r3 _PEB @$peb; dt @$ip; dl @$csp 10 2; dlb @$csp; !validatelist @$csp",
	"!analyze; !analyze -v; !patterns -v",
	".bugcheck; !db 1000 L40; !pte @$csp; !pte 0; !vtop 0 @$csp; .context 1ad000; db 10000 L4; .context 0",
	".trap @$csp",
	"kp; kP; .fnent @$ip; .fnret @$ip; .fnret @$ip 1; lsa .; ls; ln",
};

static void run_all(struct session *s, struct doc *d)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		cmd_line(s, lines[i], d);
	for (size_t i = 0; i < s->target->n_modules && i < 3; i++) {
		struct arena *a = arena_new(4096);
		cmd_line(s,
			 arena_printf(a, "!dh %llx; !lmi %s", (unsigned long long)s->target->modules[i]->base, "ntdll"),
			 d);
		arena_free(a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new((size_t)1 << 28);
	struct target *t;
	struct session *s;
	// The target unmaps what it was given.
	void *copy = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
	if (copy == MAP_FAILED) {
		arena_free(a);
		return 0;
	}
	memcpy(copy, data, size);
	struct file_map map = { .bytes = { copy, size } };
	if (!target_open_map(a, "fuzz.dmp", NULL, map, &t).code && !session_over(a, t, NULL, &s).code) {
		s->dbg->deadline_us = os_now_us() + 5000000;
		struct tail text = { 0 }, json = { 0 };
		run_all(s, doc_text_new(a, (struct sink){ count, &text }, t->ptr_bytes, false));
		run_all(s, doc_json_new(a, (struct sink){ count, &json }, t->ptr_bytes));
		if (json.n && json.last != '\n')
			abort();
		session_close(s);
	}
	arena_free(a);
	return 0;
}
