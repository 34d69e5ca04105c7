// SPDX-License-Identifier: Apache-2.0
// options_cdb.c: options of cdb, ntsd and kd that mean nothing to a dump on this host, as the two pages about their
// command lines list them.
#include "front/options.h"

#include <string.h>

static bool in(const char *const *list, size_t n, const char *name, bool exact)
{
	for (size_t i = 0; i < n; i++)
		if (exact ? str_eq(list[i], name) : str_ieq(list[i], name))
			return true;
	return false;
}

enum ignored options_ignored(const char *name, const char *next)
{
	static const char *const plain[] = {
		"-",    "2",   "b",  "bonc", "cimp", "d",    "ddefer", "hd",       "iae",    "isd",
		"kl",   "m",   "o",  "pb",   "pd",   "pe",   "pr",     "pv",       "pvr",    "w",
		"robp", "rtp", "vf", "x",    "mf",   "noio", "noinh",  "lsrcpath", "secure",
	};
	static const char *const valued[] = {
		"e", "iaec", "iu", "k",  "kx", "p",  "pn", "premote", "psn", "pt", "qr",
		"t", "wake", "xd", "xe", "xi", "xn", "xr", "zp",      "zd",  "W",  "WF",
	};
	// Nothing is started, sent or asked here; source lines and a quiet start are the default.
	static const char *const silent[] = { "kqm", "lines", "myob", "nosqm" };
	static const char *const exact[] = { "g", "G" }, *const exact_valued[] = { "remote", "server" };
	if (in(silent, ARRAY_LEN(silent), name, false))
		return IGNORED_SILENTLY;
	// "r" is a level for cdb, and stands alone for kd; "w" and "W" differ.
	if (str_ieq(name, "r"))
		return next && strlen(next) == 1 && strchr("0123", *next) ? IGNORED_WITH_VALUE : IGNORED;
	if (in(plain, ARRAY_LEN(plain), name, true) || in(exact, ARRAY_LEN(exact), name, true))
		return IGNORED;
	if (in(valued, ARRAY_LEN(valued), name, false) || in(exact_valued, ARRAY_LEN(exact_valued), name, true))
		return IGNORED_WITH_VALUE;
	bool known = in(plain, ARRAY_LEN(plain), name, false) || str_ieqn(name, "vf:", 3);
	return known ? IGNORED : IGNORED_NOT;
}

enum persona options_persona(const char *argv0)
{
	static const struct {
		const char *name;
		enum persona persona;
	} list[] = {
		{ "cdb", PERSONA_CDB }, { "ntsd", PERSONA_CDB }, { "kd", PERSONA_KD }, { "dumpchk", PERSONA_DUMPCHK }
	};
	const char *base = path_base(argv0);
	size_t n = strlen(base) - (str_iends(base, ".exe") ? 4 : 0);
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (strlen(list[i].name) == n && str_ieqn(base, list[i].name, n))
			return list[i].persona;
	return PERSONA_NONE;
}
