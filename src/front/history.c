// SPDX-License-Identifier: Apache-2.0
// history.c: what was typed in earlier runs. Lines are added as they are typed, so that sessions side by side lose
// nothing of each other's.
#include "base/limits.h"
#include "front/line.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HISTORY_DEFAULT = 1000 };

unsigned history_size(unsigned asked)
{
	const char *env = os_env("_NT_DEBUG_HISTORY_SIZE");
	if (asked || !env)
		return asked ? asked : HISTORY_DEFAULT;
	char *end;
	unsigned long n = strtoul(env, &end, 10);
	return *end || *env == '-' ? HISTORY_DEFAULT : (unsigned)MIN(n, (unsigned long)LIMIT_HISTORY_LINES);
}

// Makes the file anew, with its last lines only.
static void shorten(const char *dir, struct span tail)
{
	struct os_new_file f;
	if (os_new_file_open(dir, NULL, 0, &f).code)
		return;
	if (!os_write_all(f.fd, tail).code)
		(void)os_new_file_name(&f, "history", true).code;
	os_new_file_close(&f);
}

void history_load(struct arena *a, unsigned most, void (*fn)(void *ctx, const char *line), void *ctx)
{
	const char *dir = os_state_dir(a);
	struct file_map map;
	if (!dir || file_map_open(path_join(a, dir, "history"), &map).code)
		return;
	const char *text = (const char *)map.bytes.p;
	size_t low = map.bytes.n - MIN(map.bytes.n, (size_t)LIMIT_SCRIPT_TEXT), from = low, lines = 0;
	for (size_t i = map.bytes.n; i-- > low;)
		if (text[i] == '\n' && i + 1 < map.bytes.n && ++lines == most)
			from = i + 1;
	for (size_t i = from; i < map.bytes.n;) {
		const char *end = memchr(text + i, '\n', map.bytes.n - i);
		size_t len = end ? (size_t)(end - text) - i : map.bytes.n - i;
		if (len && !memchr(text + i, 0, len))
			fn(ctx, arena_strndup(a, text + i, len));
		i += len + 1;
	}
	if (lines > 2 * (size_t)most || low)
		shorten(dir, (struct span){ map.bytes.p + from, map.bytes.n - from });
	file_map_close(&map);
}

void history_add(struct arena *a, const char *line)
{
	const char *dir = os_state_dir(a);
	struct os_new_file made;
	if (!dir || os_new_file_open(dir, NULL, 0, &made).code) // makes the folder
		return;
	os_new_file_close(&made);
	int fd = open(path_join(a, dir, "history"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	// One write: lines of sessions side by side do not mix. A full disk costs the history, nothing else.
	const char *text = arena_printf(a, "%s\n", line);
	(void)os_write_all(fd, (struct span){ (const uint8_t *)text, strlen(text) }).code;
	close(fd);
}
