// SPDX-License-Identifier: Apache-2.0
// fuzz_script.c: the command language: the input is typed at the prompt, line by line, over a small dump with a stack,
// a ring of list entries and text; odd inputs as JSON. Oracle: no crash, no hang, no loop left open; the aliases of a
// round (@#...) and of a script file ($arg...) are gone when a line has ended.
#include "base/limits.h"
#include "cmd/script.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	COMMAND_US = 100000,
	INPUT_MOST = 4096,
	STREAMS = 4,
	AT_DIRECTORY = 32,
	AT_SYSTEM = 0x80,
	AT_THREADS = 0x100,
	AT_MODULES = 0x180,
	AT_MEMORY = 0x200,
	AT_NAME = 0x280,
	AT_CONTEXT = 0x300,
	AT_DATA = 0x900,
	DATA_BYTES = 0x200,
	FILE_BYTES = AT_DATA + 2 * DATA_BYTES,
	DATA_VA = 0x10000,
	STACK_VA = 0x20000,
};

static void put(uint8_t *file, size_t at, unsigned bytes, uint64_t v)
{
	for (unsigned i = 0; i < bytes; i++)
		file[at + i] = (uint8_t)(v >> 8 * i);
}

static void stream(uint8_t *file, size_t i, uint32_t type, size_t at, size_t n)
{
	put(file, AT_DIRECTORY + 12 * i, 4, type);
	put(file, AT_DIRECTORY + 12 * i + 4, 4, n);
	put(file, AT_DIRECTORY + 12 * i + 8, 4, at);
}

// MINIDUMP_HEADER and the streams of minidumpapiset.h: system, one thread, one module, two ranges of memory.
static void make_dump(uint8_t *f)
{
	put(f, 0, 4, 0x504d444d);
	put(f, 4, 4, 0xa793);
	put(f, 8, 4, STREAMS);
	put(f, 12, 4, AT_DIRECTORY);
	stream(f, 0, 7, AT_SYSTEM, 56);
	put(f, AT_SYSTEM, 2, 9); // x64
	put(f, AT_SYSTEM + 8, 4, 10);
	put(f, AT_SYSTEM + 16, 4, 19041);
	put(f, AT_SYSTEM + 20, 4, 2);
	stream(f, 1, 3, AT_THREADS, 4 + 48);
	put(f, AT_THREADS, 4, 1);
	put(f, AT_THREADS + 4, 4, 0x10);
	put(f, AT_THREADS + 4 + 24, 8, STACK_VA);
	put(f, AT_THREADS + 4 + 32, 4, DATA_BYTES);
	put(f, AT_THREADS + 4 + 36, 4, AT_DATA + DATA_BYTES);
	put(f, AT_THREADS + 4 + 40, 4, 1232);
	put(f, AT_THREADS + 4 + 44, 4, AT_CONTEXT);
	put(f, AT_CONTEXT + 0x30, 4, 0x10000f);
	put(f, AT_CONTEXT + 0x98, 8, STACK_VA);
	put(f, AT_CONTEXT + 0xf8, 8, 0x140001000);
	stream(f, 2, 4, AT_MODULES, 4 + 108);
	put(f, AT_MODULES, 4, 1);
	put(f, AT_MODULES + 4, 8, 0x140000000);
	put(f, AT_MODULES + 12, 4, 0x5000);
	put(f, AT_MODULES + 24, 4, AT_NAME);
	put(f, AT_NAME, 4, 14);
	for (size_t i = 0; i < 7; i++)
		f[AT_NAME + 4 + 2 * i] = (uint8_t) "app.exe"[i];
	stream(f, 3, 5, AT_MEMORY, 4 + 16);
	put(f, AT_MEMORY, 4, 1);
	put(f, AT_MEMORY + 4, 8, DATA_VA);
	put(f, AT_MEMORY + 12, 4, DATA_BYTES);
	put(f, AT_MEMORY + 16, 4, AT_DATA);
	for (size_t i = 0; i < 4; i++) { // a ring of LIST_ENTRY
		put(f, AT_DATA + 16 * i, 8, DATA_VA + 16 * ((i + 1) % 4));
		put(f, AT_DATA + 16 * i + 8, 8, DATA_VA + 16 * ((i + 3) % 4));
	}
	memcpy(f + AT_DATA + 0x80, "some text", 10);
	put(f, AT_DATA + 0x90, 4, 0x120006); // UNICODE_STRING
	put(f, AT_DATA + 0x98, 8, DATA_VA + 0xa0);
	put(f, AT_DATA + 0xa0, 8, 0x6300620061);
	put(f, AT_DATA + DATA_BYTES + 8, 8, 0x140001100);
}

static void count(void *ctx, const char *bytes, size_t n)
{
	(void)bytes;
	*(size_t *)ctx += n;
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

// Commands that write files of the host are not for a fuzzer's inputs.
static bool writes_files(const char *line)
{
	static const char *const names[] = { ".writemem", ".log", ".dump", "mem" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (const char *p = line; *p; p++)
			if (str_ieqn(p, names[i], strlen(names[i])))
				return true;
	return false;
}

static void type_lines(struct session *s, struct doc *d, const char *text)
{
	while (*text && !s->dbg->quit) {
		size_t n = strcspn(text, "\n");
		struct arena *a = arena_new(2 * INPUT_MOST);
		const char *line = arena_strndup(a, text, n);
		if (!writes_files(line))
			cmd_line(s->dbg->current, line, d);
		arena_free(a);
		text += n + (text[n] != 0);
		const struct script *p = script_of(s->dbg->current);
		must(!p->loops && !p->catches && !p->files && !s->dbg->nesting && !p->extret_known);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new((size_t)1 << 28);
	struct target *t;
	struct session *s;
	uint8_t *file = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(file != MAP_FAILED);
	make_dump(file);
	struct file_map map = { .bytes = { file, FILE_BYTES } };
	must(!target_open_map(a, "fuzz.dmp", NULL, map, &t).code);
	must(!session_over(a, t, NULL, &s).code);
	s->dbg->command_us = COMMAND_US;
	size_t n = 0;
	struct sink sink = { count, &n };
	struct doc *d = size & 1 ? doc_json_new(a, sink, t->ptr_bytes) : doc_text_new(a, sink, t->ptr_bytes, false);
	type_lines(s, d, arena_strndup(a, (const char *)data, MIN(size, (size_t)INPUT_MOST)));
	debugger_close(s->dbg);
	arena_free(a);
	return 0;
}
