// SPDX-License-Identifier: Apache-2.0
// fulldump.h: what the writer (fulldump.c) and the debug loop (fulldump_run.c) share.
#pragma once
#include <windows.h> // before dbghelp.h, which does not include it

#include <dbghelp.h>
#include <stdint.h>

enum {
	MAX_THREADS = 1024,
	MAX_UNLOADED = 64,
	MAX_STREAMS = 16,
	DLL_NAME = 64,
	PAGE = 4096,
};

// One run of the program writes one dump: its state is here.
struct dumper {
	HANDLE file, process;
	uint32_t pid;
	uint64_t pos;
	MINIDUMP_DIRECTORY dir[MAX_STREAMS];
	uint32_t streams;
	HANDLE threads[MAX_THREADS];
	MINIDUMP_THREAD thread[MAX_THREADS];
	uint32_t thread_count;
	MINIDUMP_UNLOADED_MODULE unloaded[MAX_UNLOADED];
	char unloaded_name[MAX_UNLOADED][DLL_NAME];
	uint32_t unloaded_count;
	const EXCEPTION_RECORD *exception; // NULL: no exception stream
	DWORD exception_tid;
};

int fail(const char *what); // prints `what` and GetLastError(); returns 1

// The PE headers of a mapped image, or NULL. The result points into `page`.
IMAGE_NT_HEADERS *read_headers(HANDLE process, char *base, char page[PAGE]);

// Suspends the threads of d->process (id d->pid) and writes the dump. Returns the exit code.
int write_dump(struct dumper *d, const char *path);
