// SPDX-License-Identifier: Apache-2.0
// push.c: .push and .pop: the state of the session on a stack; with /r the pseudo-registers $t0 to $t19 too.
#include "base/limits.h"
#include "cmd/cpp.h"
#include "cmd/script.h"

#include <string.h>

extern const struct cmd cmd_push;

// One level: what commands of a program change and want back.
struct saved_state {
	struct saved_state *below;
	unsigned depth;
	unsigned system; // whose thread, frame and registers these are
	size_t thread, frame;
	struct regs regs;
	bool regs_known, regs_set;
	uint64_t regs_zeroed;
	unsigned radix;
	bool cpp_default;
	bool has_t;
	uint64_t t[20];
	struct pseudo_types types;
};

static err_t push(struct session *s, struct call *c, bool with_t)
{
	struct script *p = script_of(s);
	struct saved_state *top = p->pushed;
	unsigned depth = top ? top->depth + 1 : 1;
	if (depth > LIMIT_PUSHED)
		return cmd_fail(c, E_LIMIT, LIMIT_PUSHED, ".push: too many states are saved");
	// Levels that were popped are used again.
	struct saved_state *l = p->popped;
	if (l)
		p->popped = l->below;
	else
		l = NEW(s->dbg->arena, struct saved_state);
	*l = (struct saved_state){ .below = top,
				   .depth = depth,
				   .system = s->number,
				   .thread = s->thread,
				   .frame = s->frame,
				   .regs = s->regs,
				   .regs_known = s->regs_known,
				   .regs_set = s->regs_set,
				   .regs_zeroed = s->regs_zeroed,
				   .radix = s->dbg->radix,
				   .cpp_default = s->dbg->cpp_default,
				   .has_t = with_t };
	memcpy(l->t, s->dbg->t, sizeof(l->t));
	pseudo_types_save(s, &l->types);
	p->pushed = l;
	return ok();
}

static err_t pop(struct session *s, struct call *c, bool with_t)
{
	struct script *p = script_of(s);
	struct saved_state *l = p->pushed;
	if (!l)
		return cmd_fail(c, E_NOTFOUND, 0, ".pop: no state is saved");
	bool same = l->system == s->number;
	if (same) {
		s->thread = l->thread;
		s->frame = l->frame;
		s->regs = l->regs;
		s->regs_known = l->regs_known;
		s->regs_set = l->regs_set;
		s->regs_zeroed = l->regs_zeroed;
	}
	s->dbg->radix = l->radix;
	s->dbg->cpp_default = l->cpp_default;
	if (with_t && l->has_t) {
		memcpy(s->dbg->t, l->t, sizeof(s->dbg->t));
		pseudo_types_restore(s, same ? &l->types : NULL);
	}
	p->pushed = l->below;
	l->below = p->popped;
	p->popped = l;
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	bool with_t = false;
	(void)out;
	for (bool more = true; more;) {
		bool r = arg_switch(c, "/r");
		with_t |= r;
		more = r || arg_switch(c, "/q");
	}
	TRY(arg_done(c));
	return str_ieq(c->name, ".push") ? push(s, c, with_t) : pop(s, c, with_t);
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_push = {
	.names = ".push .pop",
	.no_target = true,
	.group = "Programs",
	.args = "[/r] [/q]",
	.summary = "Save the state of the session (.push), and go back to it (.pop)",
	.help = "The current thread, frame and register context, the number base and the evaluator; with /r also $t0 "
		"to "
		"$t19.\n",
	.run = run,
	.rows = rows,
};
