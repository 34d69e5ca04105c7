// SPDX-License-Identifier: Apache-2.0
// line.c: lines from standard input, as they come or through the editor.
#include "front/line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line_reader {
	struct editor *editor; // NULL: lines as they come
	char *line;
	size_t cap;
};

struct line_reader *line_new(struct arena *a, const struct line_setup *how)
{
	struct line_reader *r = NEW(a, struct line_reader);
	const char *term = os_env("TERM");
	if (how->edit && term && !str_eq(term, "dumb"))
		r->editor = editor_new(a, how);
	return r;
}

bool line_shows_prompt(const struct line_reader *r)
{
	return r->editor;
}

enum line_result line_read(struct line_reader *r, const char *prompt, const char **ret)
{
	if (r->editor)
		return editor_read(r->editor, prompt, ret);
	errno = 0;
	if (getline(&r->line, &r->cap, stdin) < 0) {
		bool interrupted = errno == EINTR;
		clearerr(stdin);
		return interrupted ? LINE_INTERRUPTED : LINE_END;
	}
	r->line[strcspn(r->line, "\r\n")] = 0;
	*ret = r->line;
	return LINE_READ;
}

void line_remember(struct line_reader *r, const char *line)
{
	if (r->editor)
		editor_remember(r->editor, line);
}

void line_close(struct line_reader *r)
{
	if (r->editor)
		editor_close(r->editor);
	free(r->line);
	r->line = NULL;
}
