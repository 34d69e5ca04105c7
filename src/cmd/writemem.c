// SPDX-License-Identifier: Apache-2.0
// writemem.c: .writemem: memory to a file, documented in Microsoft's ".writemem (Write Memory to File)".
#include "base/limits.h"
#include "cmd/cmd.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_writemem;

SCHEMA(memory_written, "A file that memory was written to", NULL, "Writing {bytes} bytes{dots}",
       { "bytes", R_HEX, "that were asked for" }, { "dots", R_STR, "one for each 2 KiB that was written" },
       { "written", R_DEC, "bytes of the file" }, { "file", R_STR, "as the user named it" },
       { "address", R_PTR, "of the first byte" }, { "missing_at", R_PTR, "what could not be read; null: all is there" },
       { "why", R_STR, "why it could not be read" });

enum { PIECE = 2048 };
struct copy {
	struct session *s;
	va_t at;
	uint64_t n, done;
	struct sb dots;
	int fd;
};

static err_t copy(struct copy *w, bool *stopped_ret)
{
	uint8_t buf[PIECE];
	*stopped_ret = false;
	while (w->done < w->n && !*stopped_ret) {
		size_t want = (size_t)MIN((uint64_t)PIECE, w->n - w->done), got = 0;
		TRY(session_poll(w->s));
		if (space_read(w->s->target->space, w->at + w->done, buf, want, &got).code)
			got = 0;
		if (got) {
			TRY(os_write_all(w->fd, (struct span){ buf, got }));
			if (w->dots.n < LIMIT_RANGE_BYTES / PIECE)
				sb_ch(&w->dots, '.');
		}
		w->done += got;
		*stopped_ret = got < want;
	}
	return ok();
}

static err_t write_file(struct call *c, struct doc *out, const char *path, struct copy *w)
{
	struct os_new_file f;
	const char *base = strrchr(path, '/');
	const char *dir = !base ? "." : base == path ? "/" : arena_strndup(c->a, path, (size_t)(base - path));
	bool stopped;
	base = base ? base + 1 : path;
	if (!*base || !folder_exists(dir))
		return cmd_fail(c, E_NOTFOUND, 0, "Unable to create file '%s'", path);
	TRY(os_new_file_open(dir, NULL, 0, &f));
	w->fd = f.fd;
	err_t e = copy(w, &stopped);
	if (!e.code && w->done)
		e = os_new_file_name(&f, base, true);
	os_new_file_close(&f);
	TRY(e);
	va_t missing = w->at + w->done;
	const char *why = stopped ? space_why_text(space_why(w->s->target->space, missing)) : NULL;
	if (!w->done)
		return cmd_fail(c, E_ABSENT, missing, "Unable to read memory at %" PRIx64 ": %s. No file was written",
				missing, why);
	ROW(out, memory_written, V(w->n), VS(sb_str(&w->dots)), V(w->done), VS(path), V(w->at), V_IF(stopped, missing),
	    VS(why));
	if (stopped)
		return cmd_fail(c, E_ABSENT, missing,
				"Unable to read memory at %" PRIx64 ": %s. The file holds the first %" PRIx64 " bytes",
				missing, why, w->done);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct expr_range r;
	const char *path = arg_word(c), *from = c->p;
	if (!path || !*path)
		return usage(c, "Usage: .writemem FILE RANGE");
	TRY(arg_range(c, 1, &r));
	TRY(arg_done(c));
	if (!r.has_addr || !r.has_count || !r.count)
		return usage(c, "Range error in '%s'", from);
	struct copy w = { .s = s, .at = r.addr, .n = r.count, .dots = sb_new(c->a) };
	return write_file(c, out, path, &w);
}

static const struct schema *const rows[] = { &memory_written, NULL };
const struct cmd cmd_writemem = {
	.names = ".writemem",
	.group = "Memory and code",
	.args = "FILE RANGE",
	.summary = "Write memory to a file",
	.help = ".writemem code.bin app L?1000   the file is replaced when there is one. It ends before the first "
		"byte\n"
		"that is not readable, and the command says so.\n",
	.run = run,
	.rows = rows,
};
