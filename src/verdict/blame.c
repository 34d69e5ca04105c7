// SPDX-License-Identifier: Apache-2.0
// blame.c: the scan for the frame to blame.
#include "verdict/verdict_int.h"

#include <string.h>

enum { LONGEST_MODULE = 128 };

static bool rule_matches(const struct triage_rule *r, const char *module, const char *function)
{
	char pattern[LONGEST_MODULE];
	const char *bang = strchr(r->pattern, '!');
	if (!bang)
		return str_wild(r->pattern, module);
	size_t n = (size_t)(bang - r->pattern);
	if (!function || n >= sizeof(pattern))
		return false;
	memcpy(pattern, r->pattern, n);
	pattern[n] = 0;
	return str_wild(pattern, module) && str_wild(bang + 1, function);
}

enum triage triage_class_in(const struct triage_rule *rules, const char *module, const char *function)
{
	const struct triage_rule *best = NULL;
	size_t best_rank = 0;
	for (const struct triage_rule *r = rules; r->pattern; r++) {
		size_t rank = strlen(r->pattern) + (strchr(r->pattern, '!') ? 1000 : 0);
		if ((!best || rank > best_rank) && rule_matches(r, module, function)) {
			best = r;
			best_rank = rank;
		}
	}
	return best ? best->class : TRIAGE_DEFINITE;
}

enum triage triage_class(const char *module, const char *function)
{
	return triage_class_in(triage_rules, module, function);
}

static enum triage class_of(const struct triage_rule *rules, const struct blame_frame *f)
{
	return f->unloaded ? TRIAGE_DEFINITE : triage_class_in(rules, f->module, f->function);
}

void blame_find(const struct blame_frame *f, size_t n, bool exception, struct blame *ret)
{
	blame_find_in(triage_rules, f, n, exception, ret);
}

void blame_find_in(const struct triage_rule *rules, const struct blame_frame *f, size_t n, bool exception,
		   struct blame *ret)
{
	*ret = (struct blame){ .frame = SIZE_MAX, .class = TRIAGE_IGNORE };
	size_t first[TRIAGE_DEFINITE + 1] = { SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX };
	for (size_t i = 0; i < n; i++) {
		if (!f[i].module)
			continue;
		enum triage c = class_of(rules, &f[i]);
		if (first[c] == SIZE_MAX)
			first[c] = i;
		if (c == TRIAGE_DEFINITE || (!exception && c == TRIAGE_MAYBE))
			break;
	}
	for (int c = TRIAGE_DEFINITE; c >= TRIAGE_IGNORE && ret->frame == SIZE_MAX; c--) {
		ret->frame = first[c];
		ret->class = (enum triage)c;
	}
	ret->trust = TRUST_CONTEXT;
	for (size_t i = 0; ret->frame != SIZE_MAX && i <= ret->frame; i++) {
		ret->trust = MIN(ret->trust, f[i].trust);
		ret->after_unknown = ret->after_unknown || !f[i].module;
	}
}
