// SPDX-License-Identifier: Apache-2.0
// log.c: the log file, as UTF-8 or UTF-16.
#include "front/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct chunk {
	const struct log *l;
	uint8_t buf[4096];
	size_t n;
};

static void chunk_end(struct chunk *c)
{
	// A full disk ends no session; what was typed is still on the terminal.
	(void)os_write_all(c->l->fd, (struct span){ c->buf, c->n }).code;
	c->n = 0;
}

static void put_byte(struct chunk *c, unsigned byte)
{
	if (c->n == sizeof(c->buf))
		chunk_end(c);
	c->buf[c->n++] = (uint8_t)byte;
}

static void put_unit(struct chunk *c, uint32_t unit)
{
	put_byte(c, unit & 0xff);
	put_byte(c, unit >> 8);
}

static void put_point(struct chunk *c, uint32_t point)
{
	if (point >= 0x10000) {
		put_unit(c, 0xd800 + ((point - 0x10000) >> 10 & 0x3ff));
		put_unit(c, 0xdc00 + ((point - 0x10000) & 0x3ff));
	} else {
		put_unit(c, point);
	}
}

static void put_utf16(struct log *l, struct chunk *c, uint8_t byte)
{
	const uint32_t replacement = 0xfffd;
	if (l->missing && (byte & 0xc0) == 0x80) {
		l->point = l->point << 6 | (byte & 0x3f);
		if (!--l->missing)
			put_point(c, l->point);
		return;
	}
	if (l->missing)
		put_point(c, replacement);
	l->missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
	l->point = byte & (0x3fu >> l->missing);
	if (!l->missing)
		put_point(c, byte < 0x80 ? byte : replacement);
}

// Leaves out ESC [ ... letter. Returns whether the byte is text.
static bool is_text(struct log *l, char b)
{
	if (l->escape == 1)
		l->escape = b == '[' ? 2 : 0;
	else if (l->escape == 2)
		l->escape = b >= 0x40 && b <= 0x7e ? 0 : 2;
	else if (b == '\x1b')
		l->escape = 1;
	else
		return true;
	return false;
}

void log_write(struct log *l, const char *bytes, size_t n)
{
	if (l->fd < 0)
		return;
	struct chunk c = { .l = l };
	for (size_t i = 0; i < n; i++) {
		if (!is_text(l, bytes[i]))
			continue;
		if (l->utf16)
			put_utf16(l, &c, (uint8_t)bytes[i]);
		else
			put_byte(&c, (uint8_t)bytes[i]);
	}
	chunk_end(&c);
}

static void switch_now(struct log *l)
{
	output_flush(l->out);
	fd_close(&l->fd);
	l->fd = l->next_fd;
	l->utf16 = l->next_utf16;
	l->next_fd = -1;
	l->pending = false;
	l->escape = l->missing = 0;
}

void log_line_end(struct log *l)
{
	if (l->pending)
		switch_now(l);
}

static void change(struct log *l, int fd, bool utf16)
{
	fd_close(&l->next_fd);
	l->next_fd = fd;
	l->next_utf16 = utf16;
	l->pending = true;
	if (!l->by_line)
		switch_now(l);
}

static err_t open_log(struct console *con, const char *path, bool append, bool utf16)
{
	struct log *l = (struct log *)con;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (append ? O_APPEND : O_TRUNC), 0666);
	if (fd < 0)
		return fail(E_IO, arena_strdup(l->a, strerror(errno)), 0);
	static const uint8_t mark[] = { 0xff, 0xfe };
	if (utf16 && lseek(fd, 0, SEEK_END) <= 0)
		(void)os_write_all(fd, (struct span){ mark, sizeof(mark) }).code;
	con->log_path = arena_strdup(l->a, path);
	con->log_append = append;
	change(l, fd, utf16);
	return ok();
}

static void close_log(struct console *con)
{
	con->log_path = NULL;
	change((struct log *)con, -1, false);
}

struct log *log_new(struct arena *a, struct output *out, bool by_line)
{
	struct log *l = NEW(a, struct log);
	*l = (struct log){ .console = { .open_log = open_log, .close_log = close_log },
			   .out = out,
			   .a = a,
			   .fd = -1,
			   .next_fd = -1,
			   .by_line = by_line };
	out->log = l;
	return l;
}

void log_end(struct log *l)
{
	change(l, -1, false);
	if (l->pending)
		switch_now(l);
}
