// SPDX-License-Identifier: Apache-2.0
// fuzz_dx.c: the input is an expression of dx, run over a tiny dump (a module, two threads) with a made-up set of types
// and variables; its first byte chooses between the evaluator alone and the whole command. Beyond "no crash, no hang":
// the rest points into the text, errors have a text, a second run gives the same text.
#include <stdlib.h>
#include <sys/mman.h>

#include "../tests/tools/cpp_fake.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "dx/dx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXT = 2048, ARENA = 64 << 20, SHOWN = 64, DEEPEST = 3 };

static void check(bool good)
{
	if (!good)
		abort();
}

static void put_thread(struct bytes *b, unsigned tid, uint64_t context_rva)
{
	put32(b, tid);
	zeros(b, 12);
	put64(b, FAKE_BASE);
	put64(b, FAKE_BASE); // its stack is in the list of memory
	put32(b, 0);
	put32(b, 0);
	put32(b, 1232);
	put32(b, context_rva);
}

// A process of 64 bits with one module, two threads at its code, and a page of memory.
static const struct bytes *tiny(void)
{
	enum { FLAGS = 0x30, RSP = 0x98, RIP = 0xf8, CONTEXT = 1232, MODULE_TAIL = 84 };
	static struct bytes b;
	if (b.n)
		return &b;
	begin(&b, 4);
	put_system(&b, 9);
	size_t context = b.n;
	zeros(&b, CONTEXT);
	set32(&b, context + FLAGS, 0x10001f);
	set32(&b, context + RSP, FAKE_BASE + 0x50);
	set32(&b, context + RIP, 0x40001010);
	set32(&b, context + RIP + 4, 1);
	size_t from = b.n;
	put32(&b, 2);
	put_thread(&b, 0x10, context);
	put_thread(&b, 0x14, context);
	stream(&b, 3, from);
	uint32_t name = put_string(&b, "app.exe");
	from = b.n;
	put32(&b, 1);
	put64(&b, 0x140000000);
	put32(&b, 0x5000);
	put64(&b, 0);
	put32(&b, name);
	zeros(&b, MODULE_TAIL);
	stream(&b, 4, from);
	from = b.n;
	put64(&b, 1);
	put64(&b, b.n + 8 + 16);
	put64(&b, FAKE_BASE);
	put64(&b, FAKE_SIZE);
	stream(&b, 9, from);
	for (size_t i = 0; i < FAKE_SIZE; i++)
		put(&b, i % 8 ? 0 : i, 1);
	return &b;
}

static struct session *opened(struct arena *a)
{
	const struct bytes *b = tiny();
	struct target *t = NULL;
	struct session *s = NULL;
	void *copy = mmap(NULL, b->n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(copy != MAP_FAILED);
	memcpy(copy, b->p, b->n);
	struct file_map map = { .bytes = { copy, b->n } };
	check(!target_open_map(a, "tiny.dmp", NULL, map, &t).code && !session_over(a, t, NULL, &s).code);
	check(t->n_threads == 2 && t->n_modules == 1);
	s->dbg->deadline_us = os_now_us() + 5000000;
	return s;
}

struct walk {
	struct dx *x;
	const struct dx_format *f;
	struct sb out;
	unsigned depth, shown;
};

static err_t part(void *ctx, const struct dx_child *c, bool *stop)
{
	struct walk *w = ctx;
	const char *text = NULL;
	*stop = ++w->shown > SHOWN;
	err_t e = dx_text(w->x, &c->value, w->f, &text);
	check(!e.code || e.what);
	sb_printf(&w->out, "%s=%s;", c->name ? c->name : "", e.code ? e.what : text ? text : "");
	if (w->depth >= DEEPEST || e.code)
		return ok();
	w->depth++;
	e = dx_children(w->x, &c->value, w->f, part, w);
	w->depth--;
	check(!e.code || e.what);
	return ok();
}

// What a run says: the error, or the object and its parts.
static const char *said(struct session *s, struct arena *a, const char *text)
{
	struct fake *f = NEW(a, struct fake);
	struct dx x;
	struct dx_obj o;
	struct dx_format format;
	const char *rest = text, *line = NULL;
	fake_begin(f, a, fake_space(a), 8);
	dx_begin(&x, s, &f->scope);
	err_t e = dx_eval(&x, text, &o, &rest);
	if (!e.code) {
		check(rest > text && rest <= text + strlen(text));
		e = dx_format_read(&x, rest, &format);
	}
	struct walk w = { .x = &x, .f = &format, .out = sb_new(a) };
	if (!e.code)
		e = dx_text(&x, &o, &format, &line);
	if (e.code) {
		check(e.what != NULL);
		return e.what;
	}
	sb_add(&w.out, line ? line : "");
	e = dx_children(&x, &o, &format, part, &w);
	check(!e.code || e.what);
	return sb_str(&w.out);
}

struct run {
	struct session *s;
	struct arena *a;
	const char *text;
	bool whole;
};

static err_t run(void *ctx)
{
	struct run *r = ctx;
	if (r->whole) {
		struct doc *d = doc_null_new(r->a, 8);
		cmd_line(r->s, arena_printf(r->a, "dx %s", r->text), d);
		cmd_line(r->s, arena_printf(r->a, "dx -g %s", r->text), d);
		return ok();
	}
	const char *once = said(r->s, r->a, r->text);
	bool assigns = strchr(r->text, '=') != NULL; // what is assigned may count up
	check(assigns || os_now_us() > r->s->dbg->deadline_us || str_eq(once, said(r->s, r->a, r->text)));
	return ok();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > MAX_TEXT)
		return 0;
	struct arena *a = arena_new((size_t)1 << 28), *work = arena_new(ARENA);
	struct session *s = opened(a);
	struct run r = { s, work, arena_strndup(a, (const char *)data + 1, size - 1), data[0] & 1 };
	err_t e = arena_guard(work, a, run, &r);
	check(!e.code || e.code == E_LIMIT);
	session_close(s);
	arena_free(work);
	arena_free(a);
	return 0;
}
