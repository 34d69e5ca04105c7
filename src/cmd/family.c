// SPDX-License-Identifier: Apache-2.0
// family.c: the extension DLLs of the debugger whose commands are built in. Which command is whose: the "DLL" tables of
// Microsoft's pages; their order: using-debugger-extension-commands.md.
#include "cmd/names.h"

#include <string.h>

const struct family families[] = {
	{ "dbghelp", "symbols and images", "chksym dh itoldyouso lmi sym" },
	{ "ext", "any dump",
	  "address analyze blackboxbsd blackboxntfs blackboxpnp blackboxwinlogon cpuid cxr elog_str error exchain "
	  "for_each_frame for_each_function for_each_local for_each_module for_each_process for_each_register "
	  "for_each_thread gle imggp list obja owner patterns pde rtlavl str triage ustr" },
	{ "exts", "what user and kernel mode share",
	  "acl avrf cs dlls gflag gle heap peb sd sid slist teb threadtoken tls token tp" },
	{ "kext", "physical memory", "db dc dd dp dq du dw eb ed filecache" },
	{ "uext", "dumps of a process", "dumpfa findstack handle runaway uniqstack vadump vprot" },
	{ "ntsdexts", "dumps of a process", "critsec handle htrace igrep locks runaway" },
	{ "kdexts", "kernel dumps", "" },
	{ NULL, NULL, NULL },
};

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		if (len == n && str_ieqn(p, word, n))
			return true;
		p += len;
	}
	return false;
}

static const char *dll_name(struct arena *a, const char *path)
{
	const char *base = path_base(path);
	return arena_strndup(a, base, strlen(base) - (str_iends(base, ".dll") ? 4 : 0));
}

// Those that people load most, and what there is instead.
static const char *instead(const char *name)
{
	static const struct {
		const char *name, *text;
	} list[] = {
		{ "sos", "managed code (SOS)" }, { "psscor4", "managed code" },
		{ "psscor2", "managed code" },   { "mex", "MEX" },
		{ "netext", "managed code" },    { "pykd", "Python; the program's --json is for scripts" },
		{ "jsprovider", "JavaScript" },
	};
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (str_ieq(list[i].name, name))
			return list[i].text;
	return "extension DLLs; what is built in is listed by .chain";
}

err_t names_no_dll(struct arena *a, const char *dll)
{
	return fail(
		E_UNSUPPORTED,
		arena_printf(a,
			     "The call to LoadLibrary(%s) failed, Win32 error 0n126\n    \"The specified module could "
			     "not be found.\"\nnot supported: %s",
			     dll, instead(dll_name(a, dll))),
		0);
}

const struct family *family_find(const char *dll, size_t n)
{
	size_t start = n;
	while (start && !strchr("/\\", dll[start - 1]))
		start--;
	if (n - start > 4 && str_ieqn(dll + n - 4, ".dll", 4))
		n -= 4;
	for (const struct family *f = families; f->name; f++)
		if (strlen(f->name) == n - start && str_ieqn(f->name, dll + start, n - start))
			return f;
	return NULL;
}

const struct family *family_of(const struct cmd *c, const char *name)
{
	const struct family *last = families;
	for (const struct family *f = families; f->name; f++) {
		if (has_word(f->names, name + 1))
			return f;
		last = f;
	}
	return c->kernel_only ? last : families + 1;
}

size_t names_qualifier(const char *text)
{
	if (text[0] != '!')
		return 0;
	size_t n = 1 + strcspn(text + 1, " \t\r\n;.\"{}");
	bool call = text[n] == '.' && text[n + 1] && !strchr(" \t\r\n;.", text[n + 1]);
	return n > 1 && call ? n : 0;
}
