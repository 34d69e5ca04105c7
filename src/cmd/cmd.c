// SPDX-License-Identifier: Apache-2.0
// cmd.c: from a line to commands: splits at ';', finds the table entry, runs it in an arena of its own.
#include "cmd/cmd.h"

#include "base/limits.h"
#include "cmd/help.h"
#include "cmd/names.h"
#include "cmd/script.h"
#include "sym/kdbg.h"

#include <stdio.h>
#include <string.h>

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Does `stem` (n characters), then glued flags, open the text? Returns the length of both, 0 when not.
static size_t match_stem(const struct cmd *c, const char *stem, size_t n, const char *text, size_t *stem_ret)
{
	bool dotted = stem[0] == '.' || stem[0] == '!';
	if (dotted ? !str_ieqn(stem, text, n) : strncmp(stem, text, n) != 0)
		return 0;
	size_t len = n;
	while (c->flags && text[len] && strchr(c->flags, text[len]))
		len++;
	*stem_ret = n;
	if (c->any_tail)
		return len;
	if (is_word(text[len]) || (dotted && text[len] == '.'))
		return 0;
	return len;
}

// The names of the table by their first letter, that behind '.' or '!': a line is looked up among a dozen names, not
// among hundreds.
struct name {
	const struct cmd *cmd;
	const char *text;
	size_t n;
};
enum { BUCKETS = 64 };
struct cmd_index {
	struct name *names;
	size_t first[BUCKETS + 1]; // of each bucket in `names`
};

static size_t bucket(const char *text)
{
	char c = text[0] == '.' || text[0] == '!' ? text[1] : text[0];
	return (size_t)(c | 0x20) % BUCKETS;
}

static const char *next_name(const char *p, struct name *ret)
{
	p += strspn(p, " ");
	ret->text = p;
	ret->n = strcspn(p, " ");
	return ret->n ? p + ret->n : NULL;
}

static const struct cmd_index *index_of(struct session *s)
{
	struct script *script = script_of(s);
	if (script->index)
		return script->index;
	struct cmd_index *x = NEW(s->dbg->arena, struct cmd_index);
	struct name name;
	for (const struct cmd *const *c = commands; *c; c++)
		for (const char *p = (*c)->names; (p = next_name(p, &name));)
			x->first[bucket(name.text) + 1]++;
	for (size_t i = 0; i < BUCKETS; i++)
		x->first[i + 1] += x->first[i];
	size_t next[BUCKETS];
	memcpy(next, x->first, sizeof(next));
	x->names = NEW_N(s->dbg->arena, struct name, x->first[BUCKETS]);
	for (const struct cmd *const *c = commands; *c; c++)
		for (const char *p = (*c)->names; (p = next_name(p, &name));) {
			name.cmd = *c;
			x->names[next[bucket(name.text)]++] = name;
		}
	script->index = x;
	return x;
}

// The longest name wins: "dds" before "d".
static const struct cmd *find_name(struct session *s, const char *text, size_t *len_ret, size_t *stem_ret)
{
	const struct cmd_index *x = index_of(s);
	const struct cmd *best = NULL;
	size_t best_stem = 0;
	for (size_t i = x->first[bucket(text)]; i < x->first[bucket(text) + 1]; i++) {
		const struct name *n = &x->names[i];
		size_t stem = 0, hit = match_stem(n->cmd, n->text, n->n, text, &stem);
		if (hit && stem > best_stem) {
			best = n->cmd;
			best_stem = stem;
			*len_ret = hit;
			*stem_ret = stem;
		}
	}
	return best;
}

// "!kdexts.process 0 0": the DLL that an extension comes from may stand before it; *dll_ret is the length of "!kdexts".
static const struct cmd *find_in_dll(struct session *s, const char *text, size_t *len_ret, size_t *stem_ret,
				     size_t *dll_ret)
{
	char name[80]; // longer than any
	const struct cmd *c = find_name(s, text, len_ret, stem_ret);
	size_t n = c ? 0 : names_qualifier(text);
	*dll_ret = 0;
	if (!n || !family_find(text + 1, n - 1))
		return c;
	snprintf(name, sizeof(name), "!%s", text + n + 1);
	c = find_name(s, name, len_ret, stem_ret);
	if (c) {
		*dll_ret = n;
		*len_ret += n;
		*stem_ret += n;
	}
	return c;
}

static const struct cmd *find(struct session *s, const char *text, size_t *len_ret, size_t *stem_ret)
{
	size_t dll;
	return find_in_dll(s, text, len_ret, stem_ret, &dll);
}

const struct cmd *cmd_find(struct session *s, const char *name)
{
	size_t len, stem;
	const struct cmd *c = find(s, name, &len, &stem);
	return c && len == strlen(name) ? c : NULL;
}

struct guarded {
	struct call *c;
	struct doc *out;
};

static err_t run_guarded(void *ctx)
{
	const struct guarded *g = ctx;
	if (g->c->s->target)
		(void)sym_decode_kdbg(g->c->s);
	return g->c->cmd->run(g->c->s, g->c, g->out);
}

// The debugger's own memory is limited, too: that of a system is not always part of it.
static err_t run_limited(void *ctx)
{
	const struct guarded *g = ctx;
	return arena_guard(g->c->a, g->c->s->arena, run_guarded, ctx);
}

static err_t unknown_command(struct arena *a, const char *text)
{
	size_t dll = names_qualifier(text);
	if (dll && !family_find(text + 1, dll - 1))
		return names_no_dll(a, arena_strndup(a, text + 1, dll - 1));
	if (text[0] == '!')
		return fail(E_NOTFOUND,
			    arena_printf(a, "No export %.*s found", (int)strcspn(text + 1, " \t"), text + 1), 0);
	return fail(E_USAGE, arena_printf(a, "Syntax error in '%s'", text), 0);
}

static void trace_line(void *ctx, const char *line)
{
	doc_note(ctx, NOTE_INFO, "symbols.trace", "%s", line);
}

// Names from symbols of another build, or perhaps of another, are never given without a word; that nothing recorded
// which build it is, and it was found out another way, is said once.
static void tell_mismatches(const struct target *t, struct doc *out)
{
	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = t->modules[i];
		if (m->mismatch && m->mismatch_used)
			doc_note(out, NOTE_WARNING, "symbols.mismatched",
				 "WARNING: names of %s can be wrong, its symbols are not known to be of this build: %s",
				 m->name, m->mismatch);
		if (m->guess && !m->guess_told) {
			doc_note(out, NOTE_WARNING, "symbols.guessed",
				 "WARNING: the dump does not record which PDB is that of %s: %s", m->name, m->guess);
			m->guess_told = true;
		}
		m->mismatch_used = false;
	}
}

// "!heap -?"
static bool wants_help(const char *text, const char *args)
{
	args += strspn(args, " \t");
	return (text[0] == '!' || text[0] == '.') && (str_eq(args, "-?") || str_eq(args, "/?"));
}

// Runs one command; `text` is the whole of it.
static err_t run_one(struct session *s, struct arena *a, const char *text, struct doc *out)
{
	size_t len = 0, stem = 0, dll = 0;
	const struct cmd *cmd = find_in_dll(s, text, &len, &stem, &dll);
	if (!cmd)
		return unknown_command(a, text);
	if (wants_help(text, text + len)) {
		help_command(a, cmd, out);
		return ok();
	}
	struct call c = { .cmd = cmd,
			  .name = dll ? arena_printf(a, "!%.*s", (int)(len - dll - 1), text + dll + 1)
				      : arena_strndup(a, text, len),
			  .dll = dll ? arena_strndup(a, text + 1, dll - 1) : NULL,
			  .flags = arena_strndup(a, text + stem, len - stem),
			  .p = text + len,
			  .a = a,
			  .s = s };
	if (!cmd->no_target && !s->target)
		return fail(E_USAGE, "no dump is open", 0);
	if (s->target && cmd->user_only && s->target->kernel)
		return cmd_fail(&c, E_UNSUPPORTED, 0, "%s is for dumps of a process; this is a kernel dump", c.name);
	if (s->target && cmd->kernel_only && !s->target->kernel)
		return cmd_fail(&c, E_UNSUPPORTED, 0, "%s is for kernel dumps; this is the dump of a process", c.name);
	TRY(session_poll(s));
	struct store *store = s->target ? s->target->store : NULL;
	void (*trace)(void *ctx, const char *line) = store ? store->trace : NULL;
	void *trace_ctx = store ? store->trace_ctx : NULL;
	if (store && (s->target->symbol_options & SYMOPT_DEBUG)) {
		store->trace = trace_line;
		store->trace_ctx = out;
	}
	const struct script before = *script_of(s);
	const unsigned nesting = s->dbg->nesting;
	err_t e = arena_guard(s->dbg->arena, NULL, run_limited, &(struct guarded){ &c, out });
	// A guard may have been left from deep inside: what was open there is not.
	s->dbg->nesting = nesting;
	s->dbg->script->loops = before.loops;
	s->dbg->script->catches = before.catches;
	s->dbg->script->files = before.files;
	if (store) {
		store->trace = trace;
		store->trace_ctx = trace_ctx;
	}
	if (s->target && !s->dbg->nesting)
		tell_mismatches(s->target, out);
	return e;
}

// "$$ text", but "$$<" and its like read a file.
static bool is_comment(const char *p)
{
	if (p[0] != '$' || p[1] != '$')
		return p[0] == '*';
	return p[2] != '<' && p[2] != '>';
}

// A '*' opens a comment to the end of the line, "$$" one to the next ';'.
static size_t command_length(struct session *s, const char *line)
{
	if (is_comment(line))
		return strcspn(line, line[0] == '*' ? "\n" : ";\n");
	size_t len = 0, stem;
	const struct cmd *cmd = find(s, line, &len, &stem);
	return cmd && cmd->extent ? len + cmd->extent(line, line + len) : text_command(line);
}

// How a line runs: as the user's, each command a document, or inside the document of a command.
struct run {
	struct debugger *d; // its current session may change from one command to the next
	struct doc *out;
	bool documents;
	const char *again; // z runs the text before this once more: its time goes on; NULL: it does not
	unsigned failed;
};

// After an error: the flow of the program. Errors of extensions end nothing, as in the debugger.
static void after_error(struct run *r, const char *text, err_t e)
{
	r->failed++;
	doc_error(r->out, e);
	if (!r->d->first_error)
		r->d->first_error = e.code;
	if (e.code == E_CANCELLED || session_poll(r->d->current).code)
		script_of(r->d->current)->flow = FLOW_STOP;
	else if (text[0] != '!')
		script_of(r->d->current)->flow = FLOW_ERROR;
}

// Documents say which dump they are about when it is not the only one.
static void name_system(const struct session *s, struct doc *out)
{
	out->several = s->dbg->n_systems > 1;
	out->system = s->number;
	if (s->target)
		out->ptr_bytes = s->target->ptr_bytes;
}

void cmd_choose_system(struct call *c, struct session *s, struct doc *out)
{
	s->dbg->current = c->s = s;
	if (s->target)
		out->ptr_bytes = s->target->ptr_bytes;
}

static void run_command(struct run *r, const char *p, size_t n)
{
	struct session *s = r->d->current;
	struct arena *a = arena_child(r->d->arena, LIMIT_COMMAND_MEMORY);
	char *text = arena_strndup(a, p, n);
	for (size_t end = n; end && strchr(" \t\r\n", text[end - 1]); end--)
		text[end - 1] = 0;
	if (r->documents && r->d->command_us && !(r->again && p < r->again))
		r->d->deadline_us = os_now_us() + r->d->command_us;
	if (r->documents) {
		name_system(s, r->out);
		doc_begin(r->out, text);
	}
	err_t e = run_one(s, a, text, r->out);
	if (e.code)
		after_error(r, text, e);
	size_t len, stem;
	if (e.code && !find(s, text, &len, &stem))
		names_suggest(a, text, r->out);
	if (r->documents)
		doc_end(r->out);
	arena_free(a);
}

static void run_text(struct run *r, const char *line)
{
	enum flow *flow = &script_of(r->d->current)->flow;
	script_of(r->d->current)->line = line;
	for (const char *p = line; *(p += strspn(p, " \t\r\n;")) && !r->d->quit;) {
		size_t n = command_length(r->d->current, p);
		if (!is_comment(p))
			run_command(r, p, n);
		p += n;
		if (*flow == FLOW_AGAIN) {
			*flow = FLOW_ON;
			r->again = p;
			p = line;
		}
		// The user's line goes on after an error, also of a command's time: "-c 'k; q'" has to end.
		bool cancelled = r->d->cancel && *r->d->cancel;
		if (r->documents && (*flow == FLOW_ERROR || (*flow == FLOW_STOP && !cancelled)))
			*flow = FLOW_ON;
		if (*flow != FLOW_ON)
			return;
	}
}

static void run_line(struct run *r, struct alias local, const char *line)
{
	struct arena *a = arena_child(r->d->arena, LIMIT_COMMAND_MEMORY);
	const char *text;
	err_t e = alias_expand(script_of(r->d->current)->aliases, local, a, line, &text);
	if (e.code)
		after_error(r, "", e);
	else
		run_text(r, text);
	arena_free(a);
}

unsigned cmd_line(struct session *s, const char *line, struct doc *out)
{
	struct run r = { .d = s->dbg, .out = out, .documents = true };
	script_of(s)->flow = FLOW_ON;
	run_line(&r, (struct alias){ 0 }, line);
	debugger_reap(r.d);
	return r.failed;
}

static unsigned run_inside(struct session *s, const char *line, struct alias local, struct doc *out)
{
	struct run r = { .d = s->dbg, .out = out };
	if (r.d->nesting >= LIMIT_COMMAND_NESTING) {
		after_error(&r, "", fail(E_LIMIT, "commands are nested too deeply", LIMIT_COMMAND_NESTING));
		return 1;
	}
	r.d->nesting++;
	run_line(&r, local, line);
	r.d->nesting--;
	return r.failed;
}

void script_block(struct session *s, const char *text, struct alias local, struct doc *out)
{
	run_inside(s, text, local, out);
}

unsigned cmd_nested(struct session *s, const char *line, struct doc *out)
{
	unsigned failed = run_inside(s, line, (struct alias){ 0 }, out);
	if (script_of(s)->flow == FLOW_ERROR)
		script_of(s)->flow = FLOW_ON;
	return failed;
}
