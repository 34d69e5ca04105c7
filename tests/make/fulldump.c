// SPDX-License-Identifier: Apache-2.0
// fulldump: writes user-mode minidumps under Wine, whose own MiniDumpWriteDump leaves out handles, thread
// information, memory information and CodeView records. Layouts: Microsoft's minidumpapiset.h (the structures
// that mingw-w64's dbghelp.h lacks are declared here). fulldump_run.c has the command line.
#include "fulldump.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tlhelp32.h>
#include <wchar.h>
#include <winternl.h>

enum {
	MAX_MODULES = 512,
	MAX_HANDLES = 8192,
	MAX_REGIONS = 100000,
	MAX_CODEVIEW = 1024,
	COPY = 1 << 20,
	STREAM_THREAD_NAMES = 24,
	THREAD_BASIC = 0,         // THREADINFOCLASS
	THREAD_START_ADDRESS = 9, // THREADINFOCLASS
	SYSTEM_HANDLES = 16,      // SYSTEM_INFORMATION_CLASS
	FILETIME_SECOND = 10000000,
	STATUS_RUNNING = 259,
};
static const uint64_t UNIX_EPOCH = 116444736000000000ull; // as a FILETIME

// What mingw-w64's dbghelp.h does not have. Fixed-width members only: the file layout is the same on x86.
#pragma pack(push, 4)
struct memory_info {
	uint64_t base, allocation_base;
	uint32_t allocation_protect, pad1;
	uint64_t size;
	uint32_t state, protect, type, pad2;
};
struct thread_info {
	uint32_t tid, flags, error, exit_status;
	uint64_t create_time, exit_time, kernel_time, user_time, start, affinity;
};
struct handle_descriptor_2 {
	uint64_t handle;
	uint32_t type_rva, name_rva, attributes, access, handle_count, pointer_count, info_rva, reserved;
};
struct thread_name {
	uint32_t tid;
	uint64_t rva;
};
struct misc_info_4 {
	uint32_t size, flags, pid, create_time, user_time, kernel_time;
	uint32_t max_mhz, current_mhz, mhz_limit, max_idle, current_idle;
	uint32_t integrity, execute_flags, protected_process, time_zone_id;
	uint8_t time_zone[172];
	uint16_t build[260], debugger_build[40];
};
#pragma pack(pop)
struct thread_basic {
	void *exit_status, *teb;
	HANDLE pid, tid;
	ULONG_PTR affinity;
	LONG priority, base_priority;
};
struct handle_entry { // SYSTEM_HANDLE_ENTRY
	USHORT pid, backtrace;
	UCHAR type, flags;
	USHORT value;
	void *object;
	ULONG access;
};
typedef LONG WINAPI query_fn(HANDLE, ULONG, void *, ULONG, ULONG *);
typedef LONG WINAPI query_system_fn(ULONG, void *, ULONG, ULONG *);
typedef LONG WINAPI version_fn(OSVERSIONINFOEXW *);
typedef HRESULT WINAPI thread_description_fn(HANDLE, PWSTR *);

static void *ntdll_proc(const char *name)
{
	return (void *)GetProcAddress(GetModuleHandleA("ntdll"), name);
}

int fail(const char *what)
{
	fprintf(stderr, "fulldump: %s: error %lu\n", what, GetLastError());
	return 1;
}

static void put(struct dumper *d, const void *bytes, size_t n)
{
	DWORD done;
	if (!WriteFile(d->file, bytes, (DWORD)n, &done, NULL) || done != n)
		exit(fail("write"));
	d->pos += n;
}

static void put_at(struct dumper *d, uint64_t at, const void *bytes, size_t n)
{
	LARGE_INTEGER to = { .QuadPart = (LONGLONG)at };
	uint64_t back = d->pos;
	SetFilePointerEx(d->file, to, NULL, FILE_BEGIN);
	put(d, bytes, n);
	to.QuadPart = (LONGLONG)back;
	SetFilePointerEx(d->file, to, NULL, FILE_BEGIN);
	d->pos = back;
}

static uint32_t align(struct dumper *d, size_t to)
{
	static const char zeros[PAGE];
	put(d, zeros, (to - d->pos % to) % to);
	return (uint32_t)d->pos;
}

static uint32_t put_string(struct dumper *d, const wchar_t *text)
{
	uint32_t rva = align(d, 4), n = (uint32_t)(wcslen(text) * 2);
	put(d, &n, 4);
	put(d, text, n + 2);
	return rva;
}

// A stream of a header and an array, 8-aligned as dbghelp does it.
static uint32_t put_stream(struct dumper *d, uint32_t type, const void *head, size_t head_size, const void *body,
			   size_t body_size)
{
	uint32_t rva = align(d, 8);
	put(d, head, head_size);
	put(d, body, body_size);
	d->dir[d->streams++] = (MINIDUMP_DIRECTORY){ type, { (ULONG32)(head_size + body_size), rva } };
	return rva;
}

static void write_system_info(struct dumper *d)
{
	SYSTEM_INFO s;
	GetSystemInfo(&s);
	OSVERSIONINFOEXW v = { .dwOSVersionInfoSize = sizeof v };
	((version_fn *)ntdll_proc("RtlGetVersion"))(&v);
	MINIDUMP_SYSTEM_INFO si = { .ProcessorArchitecture = s.wProcessorArchitecture };
	si.ProcessorLevel = s.wProcessorLevel;
	si.ProcessorRevision = s.wProcessorRevision;
	si.NumberOfProcessors = (UCHAR)s.dwNumberOfProcessors;
	si.ProductType = v.wProductType;
	si.MajorVersion = v.dwMajorVersion;
	si.MinorVersion = v.dwMinorVersion;
	si.BuildNumber = v.dwBuildNumber;
	si.PlatformId = v.dwPlatformId;
	si.SuiteMask = v.wSuiteMask;
	si.CSDVersionRva = put_string(d, v.szCSDVersion);
	put_stream(d, SystemInfoStream, &si, sizeof si, NULL, 0);
}

static uint64_t filetime(FILETIME t)
{
	return (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
}

// Flags 103h: process id, times, build string. The rest of MISC_INFO_4 stays zero and is not announced.
static void write_misc_info(struct dumper *d)
{
	static struct misc_info_4 m;
	FILETIME created, exited, kernel, user;
	OSVERSIONINFOEXW v = { .dwOSVersionInfoSize = sizeof v };
	((version_fn *)ntdll_proc("RtlGetVersion"))(&v);
	m.size = sizeof m;
	m.flags = 0x103;
	m.pid = d->pid;
	if (GetProcessTimes(d->process, &created, &exited, &kernel, &user)) {
		m.create_time = (uint32_t)((filetime(created) - UNIX_EPOCH) / FILETIME_SECOND);
		m.user_time = (uint32_t)(filetime(user) / FILETIME_SECOND);
		m.kernel_time = (uint32_t)(filetime(kernel) / FILETIME_SECOND);
	}
	_snwprintf((wchar_t *)m.build, 259, L"%lu (Wine)", v.dwBuildNumber);
	wcscpy((wchar_t *)m.debugger_build,
	       sizeof(void *) == 8 ? L"dumpscope fulldump amd64" : L"dumpscope fulldump i386");
	put_stream(d, MiscInfoStream, &m, sizeof m, NULL, 0);
}

static void suspend_threads(struct dumper *d)
{
	HANDLE snap = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
	THREADENTRY32 e = { .dwSize = sizeof e };
	for (BOOL more = Thread32First(snap, &e); more; more = Thread32Next(snap, &e)) {
		HANDLE h = NULL;
		if (e.th32OwnerProcessID == d->pid && d->thread_count < MAX_THREADS)
			h = OpenThread(THREAD_ALL_ACCESS, 0, e.th32ThreadID);
		if (!h)
			continue;
		MINIDUMP_THREAD *t = &d->thread[d->thread_count];
		DWORD count = SuspendThread(h);
		t->ThreadId = e.th32ThreadID;
		t->SuspendCount = count == (DWORD)-1 ? 0 : count;
		t->PriorityClass = NORMAL_PRIORITY_CLASS;
		t->Priority = (ULONG32)GetThreadPriority(h);
		d->threads[d->thread_count++] = h;
	}
	CloseHandle(snap);
}

// Wine leaves the instruction pointer behind an int3; Windows reports it at the int3, as ExceptionAddress.
static void undo_int3(const struct dumper *d, const MINIDUMP_THREAD *t, CONTEXT *c)
{
	if (!d->exception || t->ThreadId != d->exception_tid || d->exception->ExceptionCode != EXCEPTION_BREAKPOINT)
		return;
#ifdef _WIN64
	c->Rip = (ULONG_PTR)d->exception->ExceptionAddress;
#else
	c->Eip = (ULONG_PTR)d->exception->ExceptionAddress;
#endif
}

static void write_context(struct dumper *d, HANDLE h, MINIDUMP_THREAD *t)
{
	CONTEXT *c = _aligned_malloc(sizeof *c, 16);
	memset(c, 0, sizeof *c);
	c->ContextFlags = CONTEXT_ALL;
	if (!GetThreadContext(h, c))
		fail("GetThreadContext");
	undo_int3(d, t, c);
	ULONG_PTR base = 0;
	ReadProcessMemory(d->process, (char *)(ULONG_PTR)t->Teb + sizeof base, &base, sizeof base, NULL);
#ifdef _WIN64
	ULONG_PTR sp = c->Rsp;
#else
	ULONG_PTR sp = c->Esp;
#endif
	t->Stack.StartOfMemoryRange = sp;
	t->Stack.Memory.DataSize = base > sp ? (ULONG32)(base - sp) : 0;
	t->ThreadContext.Rva = align(d, 16);
	t->ThreadContext.DataSize = sizeof *c;
	put(d, c, sizeof *c);
	_aligned_free(c);
}

// Fills d->thread; the list itself is written last, when the stacks' places in the file are known.
static void write_threads(struct dumper *d)
{
	static struct thread_info info[MAX_THREADS];
	static struct thread_name name[MAX_THREADS];
	uint32_t names = 0;
	query_fn *query = (query_fn *)ntdll_proc("NtQueryInformationThread");
	thread_description_fn *describe =
		(void *)GetProcAddress(GetModuleHandleA("kernelbase"), "GetThreadDescription");
	for (uint32_t i = 0; i < d->thread_count; i++) {
		HANDLE h = d->threads[i];
		struct thread_basic basic = { 0 };
		void *start = NULL;
		PWSTR text = NULL;
		FILETIME created, exited, kernel, user;
		query(h, THREAD_BASIC, &basic, sizeof basic, NULL);
		query(h, THREAD_START_ADDRESS, &start, sizeof start, NULL);
		d->thread[i].Teb = (ULONG_PTR)basic.teb;
		write_context(d, h, &d->thread[i]);
		info[i] = (struct thread_info){ .tid = d->thread[i].ThreadId, .exit_status = STATUS_RUNNING };
		info[i].start = (ULONG_PTR)start;
		info[i].affinity = basic.affinity;
		if (GetThreadTimes(h, &created, &exited, &kernel, &user)) {
			info[i].create_time = filetime(created);
			info[i].kernel_time = filetime(kernel);
			info[i].user_time = filetime(user);
		}
		if (describe && SUCCEEDED(describe(h, &text)) && text && *text)
			name[names++] = (struct thread_name){ d->thread[i].ThreadId, put_string(d, text) };
	}
	uint32_t head[3] = { sizeof head, sizeof info[0], d->thread_count };
	put_stream(d, ThreadInfoListStream, head, sizeof head, info, d->thread_count * sizeof info[0]);
	if (names)
		put_stream(d, STREAM_THREAD_NAMES, &names, sizeof names, name, names * sizeof name[0]);
}

static void read_codeview(struct dumper *d, char *base, IMAGE_DATA_DIRECTORY dir, MINIDUMP_MODULE *m)
{
	IMAGE_DEBUG_DIRECTORY e;
	char cv[MAX_CODEVIEW];
	for (DWORD at = 0; at + sizeof e <= dir.Size; at += sizeof e) {
		if (!ReadProcessMemory(d->process, base + dir.VirtualAddress + at, &e, sizeof e, NULL))
			return;
		if (e.Type != IMAGE_DEBUG_TYPE_CODEVIEW || e.SizeOfData > sizeof cv || !e.AddressOfRawData)
			continue;
		if (!ReadProcessMemory(d->process, base + e.AddressOfRawData, cv, e.SizeOfData, NULL))
			continue;
		m->CvRecord.Rva = align(d, 4);
		m->CvRecord.DataSize = e.SizeOfData;
		put(d, cv, e.SizeOfData);
		return;
	}
}

IMAGE_NT_HEADERS *read_headers(HANDLE process, char *base, char page[PAGE])
{
	if (!ReadProcessMemory(process, base, page, PAGE, NULL))
		return NULL;
	IMAGE_DOS_HEADER *dos = (IMAGE_DOS_HEADER *)page;
	if (dos->e_magic != IMAGE_DOS_SIGNATURE || dos->e_lfanew < 0 ||
	    (size_t)dos->e_lfanew > PAGE - sizeof(IMAGE_NT_HEADERS))
		return NULL;
	return (IMAGE_NT_HEADERS *)(page + dos->e_lfanew);
}

static void read_version(const wchar_t *path, VS_FIXEDFILEINFO *ret)
{
	DWORD ignored, size = GetFileVersionInfoSizeW(path, &ignored);
	void *block = size ? malloc(size) : NULL, *fixed;
	UINT n;
	if (block && GetFileVersionInfoW(path, 0, size, block) && VerQueryValueW(block, L"\\", &fixed, &n))
		memcpy(ret, fixed, sizeof *ret);
	free(block);
}

static void write_modules(struct dumper *d)
{
	static MINIDUMP_MODULE m[MAX_MODULES];
	static char page[PAGE];
	uint32_t n = 0;
	HANDLE snap = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE | TH32CS_SNAPMODULE32, d->pid);
	MODULEENTRY32W e = { .dwSize = sizeof e };
	for (BOOL more = Module32FirstW(snap, &e); more && n < MAX_MODULES; more = Module32NextW(snap, &e), n++) {
		m[n].BaseOfImage = (ULONG_PTR)e.modBaseAddr;
		m[n].SizeOfImage = e.modBaseSize;
		m[n].ModuleNameRva = put_string(d, e.szExePath);
		read_version(e.szExePath, &m[n].VersionInfo);
		IMAGE_NT_HEADERS *nt = read_headers(d->process, (char *)e.modBaseAddr, page);
		if (!nt)
			continue;
		m[n].CheckSum = nt->OptionalHeader.CheckSum;
		m[n].TimeDateStamp = nt->FileHeader.TimeDateStamp;
		read_codeview(d, (char *)e.modBaseAddr, nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_DEBUG],
			      &m[n]);
	}
	CloseHandle(snap);
	put_stream(d, ModuleListStream, &n, sizeof n, m, n * sizeof m[0]);
}

static void write_unloaded(struct dumper *d)
{
	wchar_t name[DLL_NAME];
	for (uint32_t i = 0; i < d->unloaded_count; i++) {
		MultiByteToWideChar(CP_ACP, 0, d->unloaded_name[i], -1, name, DLL_NAME);
		d->unloaded[i].ModuleNameRva = put_string(d, name);
	}
	uint32_t head[3] = { sizeof head, sizeof d->unloaded[0], d->unloaded_count };
	put_stream(d, UnloadedModuleListStream, head, sizeof head, d->unloaded,
		   d->unloaded_count * sizeof d->unloaded[0]);
}

static uint32_t query_string(struct dumper *d, query_fn *query, HANDLE h, ULONG what)
{
	static char buf[8192];
	ULONG n;
	memset(buf, 0, sizeof buf);
	UNICODE_STRING *text = (UNICODE_STRING *)buf;
	if (query(h, what, buf, sizeof buf - 2, &n) || !text->Buffer || !text->Length)
		return 0;
	return put_string(d, text->Buffer);
}

static void describe_handle(struct dumper *d, struct handle_descriptor_2 *o)
{
	query_fn *query = (query_fn *)ntdll_proc("NtQueryObject");
	HANDLE h;
	ULONG basic[14], n; // OBJECT_BASIC_INFORMATION
	if (!DuplicateHandle(d->process, (HANDLE)(ULONG_PTR)o->handle, GetCurrentProcess(), &h, 0, 0,
			     DUPLICATE_SAME_ACCESS))
		return;
	o->type_rva = query_string(d, query, h, 2);
	if (!query(h, 0, basic, sizeof basic, &n)) {
		o->attributes = basic[0];
		o->handle_count = basic[2] - 1; // without our duplicate
		o->pointer_count = basic[3];
	}
	if (GetFileType(h) != FILE_TYPE_PIPE) // asking for a pipe's name can block for ever
		o->name_rva = query_string(d, query, h, 1);
	CloseHandle(h);
}

static void write_handles(struct dumper *d)
{
	static struct handle_descriptor_2 list[MAX_HANDLES];
	query_system_fn *query = (query_system_fn *)ntdll_proc("NtQuerySystemInformation");
	char *buf = malloc(COPY);
	uint32_t n = 0;
	if (!query(SYSTEM_HANDLES, buf, COPY, NULL)) {
		ULONG total = *(ULONG *)buf;
		struct handle_entry *e = (struct handle_entry *)(buf + sizeof(void *));
		for (ULONG i = 0; i < total && n < MAX_HANDLES; i++) {
			if (e[i].pid != (USHORT)d->pid)
				continue;
			list[n].handle = e[i].value;
			list[n].access = e[i].access;
			describe_handle(d, &list[n++]);
		}
	}
	free(buf);
	uint32_t head[4] = { sizeof head, sizeof list[0], n, 0 };
	put_stream(d, HandleDataStream, head, sizeof head, list, n * sizeof list[0]);
}

static void write_exception(struct dumper *d)
{
	if (!d->exception)
		return;
	MINIDUMP_EXCEPTION_STREAM x = { .ThreadId = d->exception_tid };
	x.ExceptionRecord.ExceptionCode = d->exception->ExceptionCode;
	x.ExceptionRecord.ExceptionFlags = d->exception->ExceptionFlags;
	x.ExceptionRecord.ExceptionAddress = (ULONG_PTR)d->exception->ExceptionAddress;
	x.ExceptionRecord.NumberParameters = d->exception->NumberParameters;
	for (uint32_t i = 0; i < d->exception->NumberParameters && i < EXCEPTION_MAXIMUM_PARAMETERS; i++)
		x.ExceptionRecord.ExceptionInformation[i] = d->exception->ExceptionInformation[i];
	for (uint32_t i = 0; i < d->thread_count; i++)
		if (d->thread[i].ThreadId == d->exception_tid)
			x.ThreadContext = d->thread[i].ThreadContext;
	put_stream(d, ExceptionStream, &x, sizeof x, NULL, 0);
}

// Every region goes to MemoryInfoList, every readable one to `ranges`. Returns the number of ranges.
static uint32_t write_regions(struct dumper *d, MINIDUMP_MEMORY_DESCRIPTOR64 *ranges)
{
	struct memory_info *info = calloc(MAX_REGIONS, sizeof *info);
	struct {
		uint32_t head, entry;
		uint64_t count;
	} head = { 16, sizeof *info, 0 };
	uint32_t n = 0;
	char *at = NULL;
	MEMORY_BASIC_INFORMATION b;
	while (head.count < MAX_REGIONS && VirtualQueryEx(d->process, at, &b, sizeof b) == sizeof b) {
		struct memory_info *o = &info[head.count++];
		o->base = (ULONG_PTR)b.BaseAddress;
		o->allocation_base = (ULONG_PTR)b.AllocationBase;
		o->allocation_protect = b.AllocationProtect;
		o->size = b.RegionSize;
		o->state = b.State;
		o->protect = b.Protect;
		o->type = b.Type;
		if (b.State == MEM_COMMIT && !(b.Protect & (PAGE_GUARD | PAGE_NOACCESS)))
			ranges[n++] = (MINIDUMP_MEMORY_DESCRIPTOR64){ o->base, o->size };
		char *next = (char *)b.BaseAddress + b.RegionSize;
		if (next <= at)
			break;
		at = next;
	}
	put_stream(d, MemoryInfoListStream, &head, sizeof head, info, head.count * sizeof *info);
	free(info);
	return n;
}

// Pages that cannot be read although VirtualQueryEx calls them readable are written as zeros.
static void copy_range(struct dumper *d, char *at, uint64_t size, char *buf)
{
	while (size) {
		SIZE_T n = size < COPY ? (SIZE_T)size : COPY;
		if (!ReadProcessMemory(d->process, at, buf, n, NULL)) {
			memset(buf, 0, n);
			for (SIZE_T i = 0; i < n; i += PAGE)
				ReadProcessMemory(d->process, at + i, buf + i, PAGE, NULL);
		}
		put(d, buf, n);
		at += n;
		size -= n;
	}
}

static void write_memory(struct dumper *d)
{
	MINIDUMP_MEMORY_DESCRIPTOR64 *ranges = malloc(MAX_REGIONS * sizeof *ranges);
	char *buf = malloc(COPY);
	uint64_t head[2] = { write_regions(d, ranges), 0 };
	uint32_t rva = put_stream(d, Memory64ListStream, head, sizeof head, ranges, head[0] * sizeof *ranges);
	head[1] = align(d, PAGE);
	put_at(d, rva, head, sizeof head);
	for (uint64_t i = 0; i < head[0]; i++) {
		uint64_t start = ranges[i].StartOfMemoryRange, size = ranges[i].DataSize;
		for (uint32_t t = 0; t < d->thread_count; t++) {
			MINIDUMP_MEMORY_DESCRIPTOR *s = &d->thread[t].Stack;
			uint64_t off = s->StartOfMemoryRange - start;
			if (s->StartOfMemoryRange >= start && off < size && s->Memory.DataSize <= size - off &&
			    d->pos + off < UINT32_MAX)
				s->Memory.Rva = (ULONG32)(d->pos + off);
		}
		copy_range(d, (char *)(ULONG_PTR)start, size, buf);
	}
	free(buf);
	free(ranges);
}

int write_dump(struct dumper *d, const char *path)
{
	enum {
		FLAGS = MiniDumpWithFullMemory | MiniDumpWithHandleData | MiniDumpWithUnloadedModules |
			MiniDumpWithFullMemoryInfo | MiniDumpWithThreadInfo
	};
	d->file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
	if (d->file == INVALID_HANDLE_VALUE)
		return fail(path);
	FILETIME now;
	GetSystemTimeAsFileTime(&now);
	MINIDUMP_HEADER h = { .Signature = 0x504d444d, .Version = MINIDUMP_VERSION, .Flags = FLAGS };
	h.TimeDateStamp = (ULONG32)((filetime(now) - UNIX_EPOCH) / FILETIME_SECOND);
	put(d, &h, sizeof h);
	h.StreamDirectoryRva = (ULONG32)d->pos;
	put(d, d->dir, sizeof d->dir);
	suspend_threads(d);
	write_system_info(d);
	write_misc_info(d);
	write_threads(d);
	uint32_t list =
		put_stream(d, ThreadListStream, &d->thread_count, 4, d->thread, d->thread_count * sizeof d->thread[0]);
	write_modules(d);
	write_unloaded(d);
	write_handles(d);
	write_exception(d);
	write_memory(d);
	put_at(d, list + 4, d->thread, d->thread_count * sizeof d->thread[0]);
	h.NumberOfStreams = d->streams;
	put_at(d, 0, &h, sizeof h);
	put_at(d, h.StreamDirectoryRva, d->dir, sizeof d->dir);
	CloseHandle(d->file);
	printf("%s: %lu threads, %lu streams, %llu bytes\n", path, (unsigned long)d->thread_count,
	       (unsigned long)d->streams, (unsigned long long)d->pos);
	return 0;
}
