// SPDX-License-Identifier: Apache-2.0
// servers.c: lets look-ups ask symbol servers, and shows on a terminal what comes.
#include "front/servers.h"

#include <stdio.h>
#include <unistd.h>

static void show_progress(void *ctx, const struct fetch_progress *p)
{
	(void)ctx;
	if (!p) {
		fputs("\r\x1b[K", stderr);
		return;
	}
	char line[120];
	const double mib = 1048576;
	int n = snprintf(line, sizeof(line), "%zu of %zu files, %.1f MiB", p->done, p->n, (double)p->bytes / mib);
	if (p->expects)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " of %.1f (%u %%)", (double)p->expects / mib,
			      (unsigned)(p->bytes * 100 / p->expects));
	snprintf(line + n, sizeof(line) - (size_t)n, ", %.1f MiB/s", (double)p->per_second / mib);
	fprintf(stderr, "\r\x1b[K%s", line);
}

struct web *front_ask_servers(struct arena *a, struct store *s, volatile int *cancel)
{
	const char *setting = os_env("DUMPSCOPE_NETSYMS");
	if (setting && str_ieq(setting, "no"))
		return NULL;
	struct fetch_env env;
	err_t e = fetch_env(a, &env);
	if (e.code)
		fprintf(stderr, "dumpscope: note: %s\n", e.what);
	env.cancel = cancel;
	env.progress = os_is_tty(STDERR_FILENO) ? show_progress : NULL;
	struct web *w = web_new(a, &env);
	w->store = s;
	s->fetcher = web_fetcher(w);
	return w;
}
