// SPDX-License-Identifier: Apache-2.0
// doc.c: the calls commands make; each goes to the sink.
#include "doc/doc.h"

#include <stdio.h>

void doc_begin(struct doc *d, const char *command)
{
	d->ops->begin(d, command);
}

void doc_end(struct doc *d)
{
	d->ops->end(d);
}

void doc_open(struct doc *d, const char *key, enum section_kind kind, const char *title)
{
	d->ops->open(d, key, kind, title);
}

void doc_close(struct doc *d)
{
	d->ops->close(d);
}

void doc_row(struct doc *d, const struct schema *s, const struct layout *l, const struct val *v, bool open)
{
	d->ops->row(d, s, l ? l : &s->layout, v, open);
}

void doc_row_end(struct doc *d)
{
	d->ops->row_end(d);
}

void doc_note(struct doc *d, enum note_level level, const char *code, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (level == NOTE_ERROR)
		d->n_errors++;
	d->ops->note(d, level, code, text);
}

void doc_error(struct doc *d, err_t e)
{
	doc_note(d, NOTE_ERROR, err_name(e.code), "%s", e.what ? e.what : err_name(e.code));
}

void doc_text(struct doc *d, const char *line)
{
	d->ops->note(d, NOTE_INFO, NULL, line);
}

static void null_begin(struct doc *d, const char *command)
{
	(void)d, (void)command;
}
static void null_event(struct doc *d)
{
	(void)d;
}
static void null_open(struct doc *d, const char *key, enum section_kind kind, const char *title)
{
	(void)d, (void)key, (void)kind, (void)title;
}
static void null_row(struct doc *d, const struct schema *s, const struct layout *l, const struct val *v, bool open)
{
	(void)d, (void)s, (void)l, (void)v, (void)open;
}
static void null_note(struct doc *d, enum note_level level, const char *code, const char *text)
{
	(void)d, (void)level, (void)code, (void)text;
}

struct doc *doc_null_new(struct arena *a, unsigned ptr_bytes)
{
	static const struct doc_ops ops = { null_begin, null_event, null_open, null_event,
					    null_row,   null_event, null_note };
	struct doc *d = NEW(a, struct doc);
	d->ops = &ops;
	d->ptr_bytes = ptr_bytes;
	return d;
}
