// SPDX-License-Identifier: Apache-2.0
// bugdump.c: !bugdump: buffers of drivers that registered bug check callbacks. KBUGCHECK_CALLBACK_RECORD and
// KBUGCHECK_BUFFER_DUMP_STATE: wdm.h; the list: KDDEBUGGER_DATA64 (wdbgexts.h). Layout unverified but for the title.
#include "base/limits.h"
#include "cmd/cmd.h"
#include "target/kernel.h"
#include "win/ring.h"

extern const struct cmd cmd_bugdump;

SCHEMA(bug_check_callback, "A registered bug check callback", NULL,
       "{address}: {?component {component}}{!component ?}, routine {routine}{?symbol  {symbol}}, buffer {buffer}, "
       "{length} bytes, {state}",
       { "address", R_ADDR, "of the KBUGCHECK_CALLBACK_RECORD" }, { "component", R_STR, "name of the driver" },
       { "routine", R_ADDR, "CallbackRoutine" }, { "symbol", R_SYM, "its name; null: not known" },
       { "buffer", R_ADDR, "Buffer" }, { "length", R_HEX, "Length" }, { "state", R_STR, "State" });
SCHEMA(bug_check_bytes, "Bytes of a callback's buffer", NULL, "  {address} {hex:2}",
       { "address", R_ADDR, "of the first" }, { "hex", R_HEXES, "one byte each" });

enum { LINE = 16, FIRST_BYTES = 0x100 };

static const char *component(struct session *s, struct arena *a, va_t at)
{
	enum { MOST = 64 };
	uint8_t text[MOST];
	size_t got, n = 0;
	if (!at || space_read(s->target->space, at, text, sizeof(text), &got).code)
		return NULL;
	while (n < got && text[n] >= 0x20 && text[n] < 0x7f)
		n++;
	return n && n < got && !text[n] ? arena_strndup(a, (const char *)text, n) : NULL;
}

static void emit_buffer(struct session *s, struct doc *out, va_t at, uint64_t n)
{
	uint8_t b[LINE];
	for (uint64_t i = 0; i < MIN(n, (uint64_t)FIRST_BYTES); i += LINE) {
		struct val list[LINE];
		size_t got, want = (size_t)MIN((uint64_t)LINE, n - i);
		if (space_read(s->target->space, at + i, b, want, &got).code) {
			doc_note(out, NOTE_INFO, "bugdump.buffer", "  the buffer is not readable: %s",
				 space_why_text(space_why(s->target->space, at + i)));
			return;
		}
		for (size_t k = 0; k < got; k++)
			list[k] = V(b[k]);
		ROW(out, bug_check_bytes, V(at + i), VL(list, got));
	}
}

static bool emit_record(struct session *s, struct call *c, struct doc *out, va_t at, const char *want)
{
	static const char *const states[] = { "BufferEmpty", "BufferInserted", "BufferStarted", "BufferFinished",
					      "BufferIncomplete" };
	const struct space *sp = s->target->space;
	const unsigned p = s->target->ptr_bytes;
	const va_t length_at = at + 4 * p; // behind Entry, CallbackRoutine, Buffer; padded to a pointer
	uint64_t routine, buffer, length, name;
	uint8_t state;
	if (!space_ptr(sp, at + 2 * p, p, &routine) || !space_ptr(sp, at + 3 * p, p, &buffer) ||
	    !space_ptr(sp, length_at, 4, &length) || !space_ptr(sp, length_at + p, p, &name) ||
	    !space_u8(sp, length_at + 3 * p, &state))
		return false;
	const char *text = component(s, c->a, name);
	if (want && !(text && str_wild(want, text)))
		return true;
	ROW(out, bug_check_callback, V(at), VS(text), V(routine), VS(sym_text(s->target, c->a, routine)), V(buffer),
	    V(length), VS(state < ARRAY_LEN(states) ? states[state] : "?"));
	emit_buffer(s, out, buffer, length);
	return true;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct kernel *k = s->target->kernel;
	const char *want = arg_end(c) ? NULL : arg_word(c);
	TRY(arg_done(c));
	doc_text(out, "**** Dump of Bug Check Data ****");
	va_t at;
	unsigned n = 0;
	struct ring r = ring_begin(s->target->space, s->target->ptr_bytes, kernel_kdbg(k, KDBG_BUGCHECK_CALLBACKS, 8));
	while (!session_poll(s).code && ring_next(&r, &at)) {
		n++;
		if (!emit_record(s, c, out, at, want))
			r.why = "a record is not whole in the dump";
	}
	if (k->facts->triage)
		doc_note(out, NOTE_INFO, "bugdump.small", "a small dump holds no callback data");
	else if (r.why)
		doc_note(out, NOTE_INFO, "bugdump.list", "the list of callbacks: %s", r.why);
	else if (!n)
		doc_note(out, NOTE_INFO, "bugdump.none", "no callback is registered");
	if (n)
		doc_note(out, NOTE_INFO, "bugdump.early",
			 "dumps are written before the callbacks run: the buffers lack what those would have written");
	if (k->facts->n_blobs)
		doc_note(out, NOTE_INFO, "bugdump.secondary", ".enumtag lists the secondary callback data (%zu)",
			 k->facts->n_blobs);
	return ok();
}

static const struct schema *const rows[] = { &bug_check_callback, &bug_check_bytes, NULL };
const struct cmd cmd_bugdump = {
	.names = "!bugdump",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[COMPONENT]",
	.summary = "Show the buffers of bug check callbacks",
	.help = "!bugdump       every registered callback, with the first bytes of its buffer\n"
		"!bugdump ndis* those of one component\n",
	.run = run,
	.rows = rows,
};
