// SPDX-License-Identifier: Apache-2.0
// debugger.c: the open dumps of one debugger: one more, the one that is current, one less.
#include "target/debugger.h"

#include "base/limits.h"
#include "target/target.h"

#include <string.h>

struct debugger *debugger_new(struct arena *a)
{
	struct debugger *d = NEW(a, struct debugger);
	d->arena = a;
	d->radix = 16;
	d->kframes = LIMIT_KFRAMES_DEFAULT;
	return d;
}

static void append(struct debugger *d, struct session *s)
{
	if (d->n_systems == d->cap_systems) {
		d->cap_systems = 2 * d->cap_systems + 1;
		struct session **more = NEW_N(d->arena, struct session *, d->cap_systems);
		if (d->n_systems)
			memcpy(more, d->systems, d->n_systems * sizeof(struct session *));
		d->systems = more;
	}
	d->systems[d->n_systems++] = s;
}

err_t debugger_add(struct debugger *d, struct session *s, struct arena *owned)
{
	if (d->n_systems >= LIMIT_SYSTEMS)
		return fail(E_LIMIT, "too many dumps are open", LIMIT_SYSTEMS);
	const struct target *t = s->target;
	d->last_path = arena_strdup(d->arena, t->path ? t->path : "");
	d->last_inner = t->inner ? arena_strdup(d->arena, t->inner) : NULL;
	append(d, s);
	s->dbg = d;
	s->owned = owned;
	s->number = d->next_number++;
	d->current = d->event = s;
	return ok();
}

struct opening {
	struct debugger *d;
	struct arena *a;
	const char *path, *inner;
	struct session *s;
};

static err_t open_system(void *ctx)
{
	struct opening *o = ctx;
	struct debugger *d = o->d;
	if (d->open)
		return d->open(d, o->a, o->path, o->inner, &o->s);
	const struct target *like = d->current->target;
	struct target *t;
	TRY(target_open(o->a, o->path, o->inner, &t));
	TRY(session_over(o->a, t, like ? like->image_path.text : NULL, &o->s));
	if (like) {
		target_set_symbol_path(t, like->symbol_path.text);
		t->symbol_options = like->symbol_options;
	}
	return ok();
}

static void free_session(struct session *s)
{
	if (s->target)
		target_close(s->target);
	arena_free(s->owned);
}

err_t debugger_open(struct debugger *d, const char *path, const char *inner, struct session **ret)
{
	struct arena *a = arena_child(d->arena, LIMIT_SESSION_MEMORY);
	struct opening o = { d, a, path, inner, NULL };
	err_t e = arena_guard(a, NULL, open_system, &o);
	if (!e.code)
		e = debugger_add(d, o.s, a);
	if (!e.code) {
		*ret = o.s;
		return e;
	}
	// The error's text may lie in the arena that ends here.
	e.what = e.what ? arena_strdup(d->arena, e.what) : NULL;
	if (o.s)
		target_close(o.s->target);
	arena_free(a);
	return e;
}

struct session *debugger_system(const struct debugger *d, uint64_t number)
{
	for (size_t i = 0; i < d->n_systems; i++)
		if (d->systems[i]->number == number)
			return d->systems[i];
	return NULL;
}

struct session *debugger_remove(struct debugger *d, struct session *s)
{
	size_t at = 0;
	while (at < d->n_systems && d->systems[at] != s)
		at++;
	if (at == d->n_systems)
		return NULL;
	d->n_systems--;
	memmove(d->systems + at, d->systems + at + 1, (d->n_systems - at) * sizeof(struct session *));
	s->next_closed = d->closed;
	d->closed = s;
	if (d->event == s)
		d->event = NULL;
	if (d->current == s && d->n_systems) {
		d->current = d->systems[0];
	} else if (d->current == s) {
		d->current = NEW(d->arena, struct session);
		*d->current = (struct session){ .dbg = d, .arena = d->arena, .thread = SIZE_MAX };
	}
	return d->n_systems ? d->current : NULL;
}

void debugger_reap(struct debugger *d)
{
	while (d->closed) {
		struct session *s = d->closed;
		d->closed = s->next_closed;
		free_session(s);
	}
}

void debugger_close(struct debugger *d)
{
	for (size_t i = 0; i < d->n_systems; i++)
		free_session(d->systems[i]);
	d->n_systems = 0;
	debugger_reap(d);
}
