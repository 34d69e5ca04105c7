// SPDX-License-Identifier: Apache-2.0
// api_int.h: what the files behind dumpscope.h share.
#pragma once
#include "cmd/cmd.h"
#include "dumpscope.h"

struct ds_session {
	struct arena *arena;
	struct session *s; // of the first dump; commands work on the debugger's current one
	const char *path;
	unsigned timeout_ms;
	volatile int cancel;
};
typedef struct doc *api_renderer_fn(struct arena *a, const struct ds_session *ds, void *ctx);
// Runs a line into the document that `renderer` makes. A limit that even the line's own bookkeeping meets is the
// answer.
enum ds_status api_run(struct ds_session *ds, const char *line, api_renderer_fn *renderer, void *ctx);
unsigned api_ptr_bytes(const struct ds_session *ds); // of the current dump
