// SPDX-License-Identifier: Apache-2.0
// api.c: the public calls of dumpscope.h over a session.
#include "dumpscope.h"

#include "base/limits.h"
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)DS_E_IO == (int)E_IO && (int)DS_E_CANCELLED == (int)E_CANCELLED && (int)DS_E_LIMIT == (int)E_LIMIT,
	       "ds_status and err_code are the same list");

struct ds_session {
	struct arena *arena;
	struct session *s;
	unsigned timeout_ms;
	volatile int cancel;
};

struct opening {
	struct ds_session *ds;
	const char *path, *image_path;
};

static err_t open_session(void *ctx)
{
	const struct opening *o = ctx;
	return session_open(o->ds->arena, o->path, o->image_path, &o->ds->s);
}

enum ds_status ds_open(const char *path, const struct ds_options *options, struct ds_session **session_ret, char *why,
		       size_t why_size)
{
	struct ds_options opt = { 0 };
	if (options)
		memcpy(&opt, options, MIN(options->size, sizeof(opt)));
	struct arena *a = arena_new(opt.max_memory ? opt.max_memory : LIMIT_SESSION_MEMORY);
	struct ds_session *ds = NULL;
	err_t e = fail(E_LIMIT, "max_memory is too small", opt.max_memory);
	if (!opt.max_memory || opt.max_memory >= sizeof(*ds) + 64) {
		ds = NEW(a, struct ds_session);
		ds->arena = a;
		ds->timeout_ms = opt.timeout_ms;
		e = arena_guard(a, NULL, open_session, &(struct opening){ ds, path, opt.image_path });
	}
	if (e.code) {
		if (why && why_size)
			snprintf(why, why_size, "%s: %s", path, e.what ? e.what : err_name(e.code));
		arena_free(a);
		return (enum ds_status)e.code;
	}
	ds->s->cancel = &ds->cancel;
	*session_ret = ds;
	return DS_OK;
}

enum ds_status ds_run(struct ds_session *ds, const char *line, enum ds_format format, ds_write_fn *write, void *ctx)
{
	struct arena *a = arena_new(LIMIT_COMMAND_MEMORY);
	struct sink out = { write, ctx };
	unsigned ptr_bytes = ds->s->target->ptr_bytes;
	struct doc *d = format == DS_JSON ? doc_json_new(a, out, ptr_bytes) : doc_text_new(a, out, ptr_bytes, false);
	ds->cancel = 0;
	ds->s->first_error = OK;
	ds->s->deadline_us = ds->timeout_ms ? os_now_us() + ds->timeout_ms * 1000ull : 0;
	cmd_line(ds->s, line, d);
	arena_free(a);
	return (enum ds_status)ds->s->first_error;
}

void ds_cancel(struct ds_session *ds)
{
	ds->cancel = 1;
}

void ds_close(struct ds_session *ds)
{
	if (!ds)
		return;
	session_close(ds->s);
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
