// SPDX-License-Identifier: Apache-2.0
// editline_none.c: built without libedit's header: lines are read as they come.
#include "front/line.h"

struct editor *editor_new(struct arena *a, const struct line_setup *how)
{
	(void)a;
	(void)how;
	return NULL;
}

enum line_result editor_read(struct editor *e, const char *prompt, const char **ret)
{
	(void)e;
	(void)prompt;
	(void)ret;
	return LINE_END;
}

void editor_remember(struct editor *e, const char *line)
{
	(void)e;
	(void)line;
}

void editor_close(struct editor *e)
{
	(void)e;
}
