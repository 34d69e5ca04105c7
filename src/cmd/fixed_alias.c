// SPDX-License-Identifier: Apache-2.0
// fixed_alias.c: r $.u0=text, and the automatic aliases.
#include "cmd/fixed_alias.h"

#include "cmd/script.h"

#include <string.h>

size_t fixed_alias_assignment(const char *text, unsigned *n)
{
	const char *p = text + strspn(text, " \t");
	if (p[0] != '$' || p[1] != '.' || (p[2] | 0x20) != 'u' || p[3] < '0' || p[3] > '9')
		return 0;
	*n = (unsigned)(p[3] - '0');
	p += 4 + strspn(p + 4, " \t");
	return *p == '=' ? (size_t)(p + 1 - text) : 0;
}

err_t fixed_alias_set(struct session *s, struct arena *a, unsigned n, const char *text)
{
	static const char blanks[] = " \t\r\n";
	text += strspn(text, blanks);
	size_t len = strlen(text);
	while (len && strchr(blanks, text[len - 1]))
		len--;
	return alias_fix(script_of(s)->aliases, n, arena_strndup(a, text, len));
}

// "ntdll32" and the like: the module of 32-bit Windows in a 64-bit dump of a WOW64 process.
static const char *nt_of_wow64(const struct target *t)
{
	const char *plain = NULL;
	for (size_t i = 0; i < t->n_modules; i++) {
		const struct module *m = t->modules[i];
		if (!m->image_name || !str_ieq(m->image_name, "ntdll.dll"))
			continue;
		if (m->path && (strstr(m->path, "SysWOW64") || strstr(m->path, "syswow64")))
			return m->name;
		plain = plain ? plain : m->name;
	}
	return plain ? plain : "ntdll";
}

const char *automatic_alias(void *debugger, const char *name, struct arena *a)
{
	static const char *const names[] = { "$ntnsym",
					     "$ntsym",
					     "$ntwsym",
					     "$CurrentDumpFile",
					     "$CurrentDumpPath",
					     "$CurrentDumpArchiveFile",
					     "$CurrentDumpArchivePath" };
	const struct debugger *d = debugger;
	const struct target *t = d->current->target;
	size_t i = 0;
	while (i < ARRAY_LEN(names) && !str_ieq(names[i], name))
		i++;
	if (i == ARRAY_LEN(names))
		return NULL;
	if (i < 2)
		return !t ? "" : t->kernel ? "nt" : "ntdll";
	if (i == 2)
		return !t ? "" : t->kernel ? "nt" : nt_of_wow64(t);
	// The dump that was opened last, whichever is current.
	if (i >= 5 && !d->last_inner)
		return "";
	const char *file = i == 3 && d->last_inner ? d->last_inner : d->last_path ? d->last_path : "";
	const char *base = path_base(file);
	if (i % 2)
		return base;
	return base > file ? arena_strndup(a, file, (size_t)(base - file - 1)) : "";
}
