// SPDX-License-Identifier: Apache-2.0
// session.c: the user's place in a target: current thread, registers in force, settings.
#include "target/target.h"

err_t session_open(struct arena *a, const char *path, const char *image_path, struct session **ret)
{
	struct target *t;
	TRY(target_open(a, path, NULL, &t));
	return session_over(a, t, image_path, ret);
}

struct beginning {
	struct arena *a;
	struct target *t;
	const char *image_path;
	struct session *s;
};

static err_t begin_session(void *ctx)
{
	struct beginning *b = ctx;
	struct target *t = b->t;
	struct session *s = b->s = NEW(b->a, struct session);
	*s = (struct session){ .arena = b->a, .target = t, .thread = SIZE_MAX };
	TRY(debugger_add(debugger_new(b->a), s, NULL));
	if (b->image_path)
		target_set_image_path(t, b->image_path);
	return t->n_threads ? session_set_thread(s, t->event_thread != SIZE_MAX ? t->event_thread : 0) : ok();
}

err_t session_over(struct arena *a, struct target *t, const char *image_path, struct session **ret)
{
	struct beginning b = { a, t, image_path, NULL };
	// A limit that is met meanwhile must not leave the target's files mapped.
	err_t e = arena_guard(a, NULL, begin_session, &b);
	if (e.code)
		target_close(t);
	*ret = e.code ? NULL : b.s;
	return e;
}

void session_close(struct session *s)
{
	debugger_close(s->dbg);
}

err_t session_set_thread(struct session *s, size_t index)
{
	if (index >= s->target->n_threads)
		return fail(E_NOTFOUND, "Illegal thread error", index);
	s->thread = index;
	s->implicit_thread = s->implicit_process = 0;
	session_reset_regs(s);
	return ok();
}

void session_reset_regs(struct session *s)
{
	struct target *t = s->target;
	s->regs_set = false;
	s->regs_zeroed = 0;
	s->frame = 0;
	s->regs_known =
		s->thread < t->n_threads && !target_thread_regs(t, &t->threads[s->thread], false, &s->regs).code;
	s->next_u = s->next_d = 0;
}

void session_set_regs(struct session *s, const struct regs *r, uint64_t zeroed)
{
	s->regs = *r;
	s->frame = 0;
	s->regs_known = s->regs_set = true;
	s->regs_zeroed = zeroed;
}

err_t session_regs(const struct session *s, const struct regs **ret)
{
	if (!s->regs_known)
		return fail(E_ABSENT,
			    s->thread == SIZE_MAX ? "the dump has no threads"
						  : "the dump holds no registers for this thread",
			    0);
	*ret = &s->regs;
	return ok();
}

err_t session_known_regs(const struct session *s, struct regs *ret)
{
	const struct regs *r;
	TRY(session_regs(s, &r));
	*ret = *r;
	ret->known &= ~s->regs_zeroed;
	return ok();
}

err_t session_poll(const struct session *s)
{
	const struct debugger *d = s->dbg;
	if (d->cancel && *d->cancel)
		return fail(E_CANCELLED, "stopped by Ctrl-C", 0);
	if (d->deadline_us && os_now_us() >= d->deadline_us)
		return fail(E_LIMIT, "the time limit was reached", 0);
	return ok();
}
