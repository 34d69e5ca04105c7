// SPDX-License-Identifier: Apache-2.0
// The command line and debug loop of fulldump, the dump writer for Wine. Built with mingw-w64 for x64 and x86:
//   x86_64-w64-mingw32-gcc -O1 -Wall -o fulldump64.exe fulldump.c fulldump_run.c -lversion
//
//   fulldump PID OUT.dmp                            dump of a running process
//   fulldump [-b RVA] [-e BLOCK] -x OUT.dmp MS PROGRAM [ARGS]
//       runs PROGRAM under the debug API; dumps at its second-chance exception, or after MS milliseconds
//       (0: no limit) as a hang. -b sets a breakpoint at RVA of the main image and dumps when it is hit.
//       -e "A=1;B=2" gives PROGRAM exactly this environment, so that none of the host's is in the dump.
// Exit codes: 0 dumped, 1 failed, 2 the program ended first.
#include "fulldump.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_DLLS = 512,
	MAX_COMMAND = 8192,
	PEB_BEING_DEBUGGED = 2,
};
struct loaded_dll {
	char *base;
	char name[DLL_NAME];
	uint32_t time, checksum, size;
};
// One program under the debug API.
struct run {
	struct dumper dumper;
	PROCESS_INFORMATION pi;
	const char *out;
	char *image;
	uint64_t breakpoint; // RVA; 0: none
	unsigned char saved; // the byte under the breakpoint
	bool started;        // the loader's own breakpoint is past
	struct loaded_dll dll[MAX_DLLS];
	uint32_t dlls;
};

static void poke(struct run *r, char *at, unsigned char byte, unsigned char *old)
{
	DWORD protect;
	VirtualProtectEx(r->pi.hProcess, at, 1, PAGE_EXECUTE_READWRITE, &protect);
	if (old)
		ReadProcessMemory(r->pi.hProcess, at, old, 1, NULL);
	WriteProcessMemory(r->pi.hProcess, at, &byte, 1, NULL);
	VirtualProtectEx(r->pi.hProcess, at, 1, protect, &protect);
}

// The flag is cleared only now: Wine sends no debug events while PEB.BeingDebugged is 0.
static void hide_debugger(const struct run *r)
{
	typedef LONG WINAPI query_fn(HANDLE, ULONG, void *, ULONG, ULONG *);
	query_fn *query = (query_fn *)(void *)GetProcAddress(GetModuleHandleA("ntdll"), "NtQueryInformationProcess");
	void *basic[6]; // PROCESS_BASIC_INFORMATION
	char zero = 0;
	if (!query(r->pi.hProcess, 0, basic, sizeof basic, NULL))
		WriteProcessMemory(r->pi.hProcess, (char *)basic[1] + PEB_BEING_DEBUGGED, &zero, 1, NULL);
}

static int dump_and_end(struct run *r)
{
	hide_debugger(r);
	r->dumper.process = r->pi.hProcess;
	r->dumper.pid = r->pi.dwProcessId;
	int rc = write_dump(&r->dumper, r->out);
	TerminateProcess(r->pi.hProcess, 0);
	return rc;
}

// Without an export name it is a data mapping (tzres.dll): Windows keeps no unload record of those, nor do we.
static void note_load(struct run *r, const LOAD_DLL_DEBUG_INFO *info)
{
	static char page[PAGE];
	if (info->hFile)
		CloseHandle(info->hFile);
	IMAGE_NT_HEADERS *nt = read_headers(r->pi.hProcess, info->lpBaseOfDll, page);
	if (!nt || r->dlls == MAX_DLLS)
		return;
	struct loaded_dll *d = &r->dll[r->dlls++];
	*d = (struct loaded_dll){ .base = info->lpBaseOfDll };
	d->time = nt->FileHeader.TimeDateStamp;
	d->checksum = nt->OptionalHeader.CheckSum;
	d->size = nt->OptionalHeader.SizeOfImage;
	DWORD exports = nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress;
	IMAGE_EXPORT_DIRECTORY e;
	if (exports && ReadProcessMemory(r->pi.hProcess, d->base + exports, &e, sizeof e, NULL))
		ReadProcessMemory(r->pi.hProcess, d->base + e.Name, d->name, DLL_NAME - 1, NULL);
}

static void note_unload(struct run *r, const void *base)
{
	struct dumper *d = &r->dumper;
	for (uint32_t i = 0; i < r->dlls; i++) {
		struct loaded_dll *l = &r->dll[i];
		if (l->base != base)
			continue;
		if (d->unloaded_count < MAX_UNLOADED && l->name[0]) {
			MINIDUMP_UNLOADED_MODULE *u = &d->unloaded[d->unloaded_count];
			u->BaseOfImage = (ULONG_PTR)base;
			u->SizeOfImage = l->size;
			u->CheckSum = l->checksum;
			u->TimeDateStamp = l->time;
			memcpy(d->unloaded_name[d->unloaded_count++], l->name, DLL_NAME);
		}
		*l = r->dll[--r->dlls];
		return;
	}
}

// True when this exception is the one to dump; else *how is how to continue.
static bool on_exception(struct run *r, const DEBUG_EVENT *ev, DWORD *how)
{
	const EXCEPTION_DEBUG_INFO *x = &ev->u.Exception;
	const EXCEPTION_RECORD *rec = &x->ExceptionRecord;
	char *at = r->image + r->breakpoint;
	if (rec->ExceptionCode == EXCEPTION_BREAKPOINT && !r->started) {
		r->started = true;
		if (r->breakpoint)
			poke(r, at, 0xcc, &r->saved);
		return false;
	}
	if (r->breakpoint && rec->ExceptionAddress == at) {
		poke(r, at, r->saved, NULL);
	} else if (x->dwFirstChance) {
		*how = DBG_EXCEPTION_NOT_HANDLED;
		return false;
	}
	r->dumper.exception = rec;
	r->dumper.exception_tid = ev->dwThreadId;
	return true;
}

static int debug_loop(struct run *r, DWORD limit)
{
	DWORD begin = GetTickCount();
	for (;;) {
		DWORD spent = GetTickCount() - begin, how = DBG_CONTINUE;
		DEBUG_EVENT ev;
		if (!WaitForDebugEvent(&ev, !limit ? INFINITE : spent < limit ? limit - spent : 0))
			return dump_and_end(r);
		switch (ev.dwDebugEventCode) {
		case CREATE_PROCESS_DEBUG_EVENT:
			r->image = ev.u.CreateProcessInfo.lpBaseOfImage;
			break;
		case EXCEPTION_DEBUG_EVENT:
			if (on_exception(r, &ev, &how))
				return dump_and_end(r);
			break;
		case LOAD_DLL_DEBUG_EVENT:
			note_load(r, &ev.u.LoadDll);
			break;
		case UNLOAD_DLL_DEBUG_EVENT:
			note_unload(r, ev.u.UnloadDll.lpBaseOfDll);
			break;
		case EXIT_PROCESS_DEBUG_EVENT:
			fprintf(stderr, "fulldump: the program ended with %lu\n", ev.u.ExitProcess.dwExitCode);
			return 2;
		}
		ContinueDebugEvent(ev.dwProcessId, ev.dwThreadId, how);
	}
}

// "A=1;B=2" to an environment block; NULL stays NULL, which inherits ours.
static char *environment(const char *text)
{
	size_t n = text ? strlen(text) : 0;
	char *block = text ? calloc(1, n + 2) : NULL;
	for (size_t i = 0; i < n; i++)
		block[i] = text[i] == ';' ? 0 : text[i];
	return block;
}

static int run_program(struct run *r, DWORD limit, char **args, char *env)
{
	static char command[MAX_COMMAND];
	for (size_t n = 0; *args; args++)
		n += (size_t)snprintf(command + n, n < sizeof command ? sizeof command - n : 0, "%s%s", n ? " " : "",
				      *args);
	STARTUPINFOA si = { .cb = sizeof si };
	if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, DEBUG_ONLY_THIS_PROCESS, environment(env), NULL, &si,
			    &r->pi))
		return fail("CreateProcess");
	return debug_loop(r, limit);
}

int main(int argc, char **argv)
{
	static struct run r;
	char *env = NULL;
	int at = 1;
	for (; at + 1 < argc && argv[at][0] == '-' && argv[at][1] != 'x'; at += 2) {
		if (argv[at][1] == 'b')
			r.breakpoint = strtoull(argv[at + 1], NULL, 16);
		else if (argv[at][1] == 'e')
			env = argv[at + 1];
	}
	if (argc - at >= 4 && !strcmp(argv[at], "-x")) {
		r.out = argv[at + 1];
		return run_program(&r, strtoul(argv[at + 2], NULL, 0), argv + at + 3, env);
	}
	if (argc - at != 2) {
		fprintf(stderr, "usage: fulldump PID OUT.dmp | [-b RVA] [-e BLOCK] -x OUT.dmp MS PROGRAM [ARGS]\n");
		return 1;
	}
	r.dumper.pid = strtoul(argv[at], NULL, 0);
	r.dumper.process = OpenProcess(PROCESS_ALL_ACCESS, FALSE, r.dumper.pid);
	return r.dumper.process ? write_dump(&r.dumper, argv[at + 1]) : fail("OpenProcess");
}
