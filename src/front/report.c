// SPDX-License-Identifier: Apache-2.0
// report.c: dumpscope DUMP: what happened, where, why we think so, what to type next.
#include "base/limits.h"
#include "front/report_int.h"
#include "target/kernel.h"
#include "target/system.h"
#include "verdict/kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct place report_place(struct report *r, const struct frame *f)
{
	struct target *t = r->s->target;
	va_t start, probe = f->exact_ip || !f->ip ? f->ip : f->ip - 1;
	struct place p = { .text = f->symbol };
	if (!f->module)
		return p;
	p.function = certain_function(t, probe, &start);
	if (p.function) {
		p.function_offset = f->ip - start;
		p.text = arena_printf(r->a, "%s!%s+0x%" PRIx64, f->module->name, p.function, p.function_offset);
	} else {
		p.text = arena_printf(r->a, "%s+0x%" PRIx64, f->module->name, f->ip - f->module->base);
	}
	return p;
}

SCHEMA(report_line, "A line of the report", NULL, "{label:11}{text}{?command   >> {command}}",
       { "label", R_STR, "what the line is about" }, { "text", R_STR, "the line" }, { "command", R_CMD, "shows more" });
SCHEMA(report_frame, "A frame on the way to the fault", NULL, "{label:11}{number:2} {site}{?remark   {remark}}",
       { "label", R_STR, "what the line is about" }, { "number", R_INDEX, "frame number" },
       { "site", R_SYM, "place in the code" }, { "remark", R_STR, "what is special about it" });

static void line(struct report *r, const char *label, const char *text, const char *command)
{
	ROW(r->out, report_line, VS(label), VS(text), VS(command));
}

static void reasons(struct report *r, const char *label, size_t (*get)(struct report *r, struct reason *ret))
{
	struct reason list[MOST_REASONS];
	size_t n = get(r, list);
	for (size_t i = 0; i < n; i++)
		line(r, i ? "" : label, list[i].what, list[i].command);
}

static void dump_line(struct report *r)
{
	const struct target *t = r->s->target;
	const struct dump_user *u = t->user;
	if (t->kernel) {
		line(r, "Dump", report_kernel_dump(r), NULL);
		line(r, "",
		     arena_printf(r->a, "%s; taken %s", system_title(t, r->a),
				  system_time_text(t, r->a, filetime_to_unix_ms(t->kernel->facts->system_time))),
		     "vertarget");
		return;
	}
	line(r, "Dump",
	     arena_printf(r->a, "%s (%s, %zu thread%s, %zu module%s)", t->path,
			  u->full_memory ? "full memory" : "minidump", t->n_threads, t->n_threads == 1 ? "" : "s",
			  t->n_modules, t->n_modules == 1 ? "" : "s"),
	     NULL);
	const char *system = u->system.present ? system_title(t, r->a) : "system not recorded";
	const char *taken =
		u->timestamp ? system_time_text(t, r->a, (uint64_t)u->timestamp * 1000) : "at an unknown time";
	line(r, "", arena_printf(r->a, "%s; taken %s", system, taken), "vertarget");
}

static void where(struct report *r)
{
	const struct verdict *v = r->v;
	struct sb text = sb_new(r->a);
	if (v->kernel) {
		line(r, "Where", report_kernel_where(r), NULL);
		line(r, "Driver", report_kernel_driver(r),
		     v->kernel->culprit ? arena_printf(r->a, "lmvm %s", v->kernel->culprit->name) : NULL);
		return;
	}
	if (v->thread) {
		sb_printf(&text, "thread %zu (%" PRIx32 "%s%s%s)", v->thread->index, v->thread->tid,
			  v->thread->name ? " \"" : "", v->thread->name ? v->thread->name : "",
			  v->thread->name ? "\"" : "");
	} else {
		sb_printf(&text, "thread %" PRIx32 ", which is not in the dump", r->s->target->user->exception.tid);
	}
	if (v->blamed_frame != SIZE_MAX) {
		const struct module *m = v->module;
		sb_printf(&text, ", function %s, module %s", v->function ? v->function : "not known", v->image_name);
		if (m && m->facts->has_version)
			sb_printf(&text, " %u.%u.%u.%u", m->facts->fixed[2] >> 16, m->facts->fixed[2] & 0xffff,
				  m->facts->fixed[3] >> 16, m->facts->fixed[3] & 0xffff);
	}
	line(r, "Where", sb_str(&text), NULL);
}

// Up to the blamed frame and some of its callers; guessed callers say little.
static size_t frames_shown(const struct verdict *v)
{
	enum { SHOWN = 8, SHOWN_GUESSES = 3, MOST = 12 };
	size_t blamed = v->blamed_frame == SIZE_MAX ? 0 : v->blamed_frame + 1, guesses = 0, n = 0;
	while (n < v->stack.n && n < MOST && (n < blamed || (n < SHOWN && guesses < SHOWN_GUESSES)))
		guesses += v->stack.frames[n++].trust == TRUST_SCAN;
	return n;
}

static void frames(struct report *r)
{
	const struct verdict *v = r->v;
	size_t shown = frames_shown(v);
	for (size_t i = 0; i < shown; i++) {
		const struct frame *f = &v->stack.frames[i];
		const char *how = f->trust == TRUST_SCAN ? "(guessed)" : NULL;
		if (i == v->blamed_frame && (v->kernel ? v->kernel->culprit != NULL : v->has_exception))
			how = f->trust == TRUST_SCAN ? "<- blamed (guessed)" : "<- blamed";
		ROW(r->out, report_frame, VS(i ? "" : "Stack"), V(i), VS(report_place(r, f).text), VS(how));
	}
	if (v->stack.n > shown)
		line(r, "", arena_printf(r->a, "   ... %zu more", v->stack.n - shown), v->stack_command);
	else if (v->stack.end_note)
		line(r, "", arena_printf(r->a, "   %s", v->stack.end_note), NULL);
}

// What the report leaves out; a kernel dump always has some.
static void rest(struct report *r, bool first)
{
	size_t notes = 0, skipped = 0;
	for (size_t i = 0; i < r->findings->n; i++)
		notes += r->findings->list[i].severity == SEV_INFO;
	for (size_t i = 0; i < r->findings->n_skipped; i++)
		skipped += !r->findings->skipped[i].other_kind;
	line(r, first ? "Patterns" : "",
	     arena_printf(r->a, "%zu observations; %zu patterns were not checked, each with its reason", notes,
			  skipped),
	     "!patterns");
}

static void findings(struct report *r)
{
	enum { SHOWN = 5 };
	size_t shown = 0, left = 0;
	for (int sev = SEV_CRITICAL; r->findings && sev >= SEV_WARNING; sev--) {
		for (size_t i = 0; i < r->findings->n; i++) {
			const struct finding *f = &r->findings->list[i];
			if ((int)f->severity != sev)
				continue;
			if (shown == SHOWN) {
				left++;
				continue;
			}
			line(r, shown++ ? "" : "Patterns",
			     arena_printf(r->a, "%s (%u%%): %s", f->detector->title, f->confidence, f->summary), NULL);
		}
	}
	if (left)
		line(r, "", arena_printf(r->a, "... %zu more", left), "!patterns");
	if (r->findings && r->s->target->kernel)
		rest(r, !shown);
}

void report_text(struct report *r)
{
	const struct verdict *v = r->v;
	dump_line(r);
	if (!v) {
		line(r, "What", arena_printf(r->a, "nothing can be said: %s", r->why_not.what), NULL);
		findings(r);
	} else {
		line(r, "What", v->summary, NULL);
		if (v->kernel && report_kernel_meaning(r))
			line(r, "Meaning", report_kernel_meaning(r), "!analyze -show");
		where(r);
		frames(r);
		reasons(r, "Why", report_reasons);
		line(r, "Sure", arena_printf(r->a, "%s: %s", confidence_name(v->confidence), v->why), NULL);
		reasons(r, "Or else", report_alternatives);
		findings(r);
		line(r, "Bucket", v->bucket, NULL);
		line(r, "", v->hash, NULL);
	}
	reasons(r, "Warning", report_warnings);
	reasons(r, "Next", report_next);
}

static int exit_code(const struct report *r)
{
	int worst = 0;
	for (size_t i = 0; r->findings && i < r->findings->n; i++)
		worst = MAX(worst, (int)r->findings->list[i].severity + 1);
	if (r->o->fail_on && worst >= r->o->fail_on)
		return EXIT_FINDING;
	if (session_poll(r->s).code)
		return EXIT_LIMIT;
	return front_exit_code(r->s);
}

SCHEMA(report_heading, "Which dump the report is about", NULL, "==== {path}", { "path", R_STR, "as it was named" });

struct reporting {
	struct report r;
	const char *path;
	struct output *out;
	size_t number;
	int code;
};

static void emit(struct reporting *g, err_t opened)
{
	struct report *r = &g->r;
	bool several = r->o->n_dumps > 1;
	r->out->several = several;
	r->out->system = (unsigned)g->number;
	doc_begin(r->out, NULL);
	if (several && !r->o->json) {
		if (g->number)
			doc_text(r->out, "");
		ROW(r->out, report_heading, VS(g->path));
	}
	if (opened.code && r->o->json)
		report_json_unopened(r, opened);
	else if (opened.code)
		line(r, "What", arena_printf(r->a, "nothing can be said: %s", opened.what), NULL);
	else if (r->o->json)
		report_json(r);
	else
		report_text(r);
	doc_end(r->out);
}

static struct doc *renderer(const struct reporting *g, unsigned ptr_bytes)
{
	const struct options *o = g->r.o;
	return o->json ? doc_json_new(g->r.a, g->out->sink, ptr_bytes)
		       : doc_text_new(g->r.a, g->out->sink, ptr_bytes, o->colour);
}

static err_t report_one(void *ctx)
{
	struct reporting *g = ctx;
	struct report *r = &g->r;
	struct options o = *r->o;
	o.dump = g->path;
	err_t e = front_open(r->a, &o, &r->s);
	if (e.code) {
		g->code = front_open_exit_code(e);
		r->out = renderer(g, 8);
		if (o.n_dumps > 1) // a document for each of them
			emit(g, e);
		return ok();
	}
	if (o.timeout_seconds)
		r->s->dbg->deadline_us = os_now_us() + o.timeout_seconds * 1000000ull;
	r->out = renderer(g, r->s->target->ptr_bytes);
	r->why_not = verdict_get(r->s, &r->v);
	if (r->why_not.code)
		r->v = NULL;
	if (detect_all(r->s, &r->findings).code)
		r->findings = NULL;
	emit(g, ok());
	g->code = exit_code(r);
	return ok();
}

int front_report(struct arena *a, const struct options *o)
{
	int worst = EXIT_ANALYSED;
	struct output *out = NEW(a, struct output);
	output_init(out);
	for (size_t i = 0; i < o->n_dumps && !out->failed; i++) {
		struct arena *own = arena_child(a, LIMIT_SESSION_MEMORY);
		struct reporting g = { .r = { .a = own, .o = o }, .path = o->dumps[i], .out = out, .number = i };
		err_t e = arena_guard(own, NULL, report_one, &g);
		if (e.code) {
			front_print_error(g.path, e);
			g.code = EXIT_LIMIT;
		}
		worst = front_worse_exit_code(worst, g.code);
		if (g.r.s)
			session_close(g.r.s);
		arena_free(own);
		output_flush(out);
	}
	return output_end(out, worst);
}
