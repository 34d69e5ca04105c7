// SPDX-License-Identifier: Apache-2.0
// file.c: a dump as a file that is there whole or not at all.
#include "base/str.h"
#include "write/write.h"

#include <string.h>

static const struct field dump_written_fields[] = {
	{ "path", R_STR, "the new file" },
	{ "kind", R_STR, "what it is" },
	{ "type", R_HEX, "MINIDUMP_TYPE in its header; null for other dumps" },
	{ "bytes", R_DEC, "size of the file" },
	{ "streams", R_DEC, "how many; null for other dumps" },
	{ "ranges", R_DEC, "ranges of memory; null when the file was copied" },
	{ "memory", R_DEC, "bytes of memory; null when the file was copied" },
};
const struct schema dump_written = {
	.name = "dump_written",
	.doc = "A dump that was written",
	.layout = { NULL, "Creating {path} - {kind}\nDump successfully written" },
	.fields = dump_written_fields,
	.n_fields = ARRAY_LEN(dump_written_fields),
};

void write_report(struct doc *d, const char *path, const char *kind, const struct write_result *r)
{
	bool mini = r->n_streams != 0, known = r->memory != 0 || mini;
	const struct val v[] = { VS(path),
				 VS(kind),
				 V_IF(mini, r->type),
				 V(r->bytes),
				 V_IF(mini, r->n_streams),
				 V_IF(known, r->ranges),
				 V_IF(known, r->memory) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(dump_written_fields), "dump_written: wrong arity");
	doc_row(d, &dump_written, NULL, v, false);
	for (size_t i = 0; i < r->n_notes; i++)
		doc_note(d, NOTE_INFO, "dump.note", "%s", r->notes[i]);
}

static err_t put(void *ctx, struct span bytes)
{
	struct os_new_file *f = ctx;
	return os_write_all(f->fd, bytes);
}

static bool exists(const char *path)
{
	return file_exists(path) || folder_exists(path);
}

struct filling {
	err_t (*fill)(void *ctx, struct write_sink sink);
	void *ctx;
	struct os_new_file file;
};

static err_t fill_it(void *ctx)
{
	struct filling *f = ctx;
	return f->fill(f->ctx, (struct write_sink){ put, &f->file });
}

err_t write_file(struct arena *a, struct arena *b, const char *path, bool replace,
		 err_t (*fill)(void *ctx, struct write_sink sink), void *ctx)
{
	static const char there[] = "The file exists.";
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dir = !slash ? "." : slash == path ? "/" : arena_strndup(a, path, (size_t)(slash - path));
	struct filling f = { fill, ctx, { .dir = -1, .fd = -1 } };
	if (!replace && exists(path))
		return fail(E_USAGE, there, 0);
	if (!folder_exists(dir))
		return fail(E_NOTFOUND, "The system cannot find the path specified.", 0);
	TRY(os_new_file_open(dir, NULL, 0, &f.file));
	err_t e = arena_guard(a, b, fill_it, &f); // here, so that a file that has no name yet goes on every way out
	if (!e.code)
		e = os_new_file_name(&f.file, name, replace);
	if (!e.code && f.file.temp[0]) // somebody else made it meanwhile
		e = fail(E_USAGE, there, 0);
	os_new_file_close(&f.file);
	return e;
}

const char *write_unique_name(struct arena *a, const char *path, uint32_t pid)
{
	const char *name = path_base(path), *dot = strrchr(name, '.');
	size_t stem = dot && dot != name ? (size_t)(dot - path) : strlen(path);
	char time[40];
	if (!os_local_time(time, sizeof(time), "%Y-%m-%d_%H-%M-%S"))
		time[0] = 0;
	return arena_printf(a, "%.*s_%s-%03u_%04x%s", (int)stem, path, time, (unsigned)(os_now_us() / 1000 % 1000), pid,
			    path + stem);
}
