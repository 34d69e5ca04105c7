// SPDX-License-Identifier: Apache-2.0
// api.c: the public calls of dumpscope.h over a session.
#include "front/api_int.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)DS_E_IO == (int)E_IO && (int)DS_E_CANCELLED == (int)E_CANCELLED && (int)DS_E_LIMIT == (int)E_LIMIT,
	       "ds_status and err_code are the same list");

struct opening {
	struct ds_session *ds;
	const char *path;
	const struct ds_options *o;
};

static err_t open_session(void *ctx)
{
	const struct opening *o = ctx;
	struct ds_session *ds = o->ds;
	ds->path = arena_strdup(ds->arena, o->path);
	TRY(session_open(ds->arena, ds->path, o->o->image_path, &ds->s));
	target_set_symbol_path(ds->s->target, o->o->symbol_path ? o->o->symbol_path : "");
	return ok();
}

enum ds_status ds_open(const char *path, const struct ds_options *options, struct ds_session **session_ret, char *why,
		       size_t why_size)
{
	struct ds_options opt = { 0 };
	if (options)
		memcpy(&opt, options, MIN(options->size, sizeof(opt)));
	struct arena *a = arena_try_new(opt.max_memory ? opt.max_memory : LIMIT_SESSION_MEMORY);
	struct ds_session *ds = NULL;
	err_t e = fail(E_LIMIT, "max_memory is too small", opt.max_memory);
	if (a && (!opt.max_memory || opt.max_memory >= sizeof(*ds) + 64)) {
		ds = arena_try_alloc(a, sizeof(*ds));
		e = fail(E_LIMIT, "out of memory", 0);
	}
	if (ds) {
		ds->arena = a;
		ds->timeout_ms = opt.timeout_ms;
		e = arena_guard(a, NULL, open_session, &(struct opening){ ds, path, &opt });
		if (e.code && ds->s)
			session_close(ds->s);
	}
	if (e.code) {
		if (why && why_size)
			snprintf(why, why_size, "%s: %s", path, e.what ? e.what : err_name(e.code));
		arena_free(a);
		return (enum ds_status)e.code;
	}
	ds->s->dbg->cancel = &ds->cancel;
	*session_ret = ds;
	return DS_OK;
}

struct running {
	struct ds_session *ds;
	const char *line;
	struct doc *(*renderer)(struct arena *a, const struct ds_session *ds, void *ctx);
	void *ctx;
};

static err_t run_line(void *ctx)
{
	const struct running *r = ctx;
	struct arena *a = arena_child(r->ds->arena, LIMIT_COMMAND_MEMORY);
	cmd_line(r->ds->s->dbg->current, r->line, r->renderer(a, r->ds, r->ctx));
	arena_free(a);
	return ok();
}

enum ds_status api_run(struct ds_session *ds, const char *line, api_renderer_fn *renderer, void *ctx)
{
	struct debugger *d = ds->s->dbg;
	ds->cancel = 0;
	d->first_error = OK;
	d->nesting = 0;
	d->deadline_us = ds->timeout_ms ? os_now_us() + ds->timeout_ms * 1000ull : 0;
	err_t e = arena_guard(ds->arena, NULL, run_line, &(struct running){ ds, line, renderer, ctx });
	return (enum ds_status)(e.code ? e.code : d->first_error);
}

unsigned api_ptr_bytes(const struct ds_session *ds)
{
	const struct target *t = ds->s->dbg->current->target; // NULL after .detach
	return t ? t->ptr_bytes : 8;
}

struct bytes {
	enum ds_format format;
	struct sink out;
};

static struct doc *bytes_renderer(struct arena *a, const struct ds_session *ds, void *ctx)
{
	const struct bytes *b = ctx;
	unsigned ptr_bytes = api_ptr_bytes(ds);
	return b->format == DS_JSON ? doc_json_new(a, b->out, ptr_bytes) : doc_text_new(a, b->out, ptr_bytes, false);
}

enum ds_status ds_run(struct ds_session *ds, const char *line, enum ds_format format, ds_write_fn *write, void *ctx)
{
	return api_run(ds, line, bytes_renderer, &(struct bytes){ format, { write, ctx } });
}

void ds_cancel(struct ds_session *ds)
{
	ds->cancel = 1;
}

void ds_close(struct ds_session *ds)
{
	if (!ds)
		return;
	debugger_close(ds->s->dbg);
	arena_free(ds->arena);
}

const char *ds_status_name(enum ds_status status)
{
	return err_name((enum err_code)status);
}

const char *ds_version(void)
{
	return DUMPSCOPE_VERSION;
}
