// SPDX-License-Identifier: Apache-2.0
// search_code.c: #: searches disassembled text, documented in Microsoft's "# (Search for Disassembly Pattern)".
#include "base/limits.h"
#include "cmd/insn.h"

#include <inttypes.h>
#include <stdio.h>

extern const struct cmd cmd_search_code;

// The line of the row as the user sees it: the pattern may match any part of it.
static bool line_matches(const struct session *s, va_t va, const struct insn *in, const uint8_t *bytes, size_t n)
{
	const struct target *t = s->target;
	char hex[2 * 16 + 1] = "", line[512];
	bool word = t->machine == MACHINE_ARM64 && n == 4;
	for (size_t i = 0; i < n && i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[word ? 3 - i : i]);
	if (t->ptr_bytes == 8)
		snprintf(line, sizeof(line), "%08" PRIx32 "`%08" PRIx32 " %-15s %-7s %s", (uint32_t)(va >> 32),
			 (uint32_t)va, hex, in->valid ? in->mnemonic : "???", in->operands);
	else
		snprintf(line, sizeof(line), "%08" PRIx32 " %-15s %-7s %s", (uint32_t)va, hex,
			 in->valid ? in->mnemonic : "???", in->operands);
	return str_wild(s->search_pattern, line);
}

static err_t parse(struct session *s, struct call *c, uint64_t *count)
{
	*count = 0;
	const char *pattern = arg_word(c);
	if (pattern) {
		s->search_pattern = arena_printf(s->arena, "*%s*", pattern);
		if (s->regs_known)
			s->next_search = reg_get(&s->regs, reg_pc(s->target->machine));
	}
	if (!arg_end(c)) {
		TRY(arg_expr(c, &s->next_search));
		if (s->target->ptr_bytes == 4)
			s->next_search &= UINT32_MAX;
	}
	arg_blanks(c);
	if ((*c->p | 0x20) == 'l') {
		c->p++;
		c->p += *c->p == '?';
		TRY(arg_expr(c, count));
	}
	return arg_done(c);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t count;
	bool first = !s->search_pattern;
	TRY(parse(s, c, &count));
	if (!s->search_pattern || (first && !s->next_search))
		return ok(); // as documented: nothing is searched until there are a pattern and an address
	uint64_t steps = count ? count : LIMIT_SEARCH_INSNS;
	for (uint64_t i = 0; i < steps; i++) {
		struct insn in;
		uint8_t bytes[16];
		va_t va = s->next_search;
		TRY(session_poll(s));
		size_t n = insn_fetch(s->target, va, &in, bytes);
		if (!n)
			return cmd_fail(c, E_ABSENT, va, "Search hit unreadable memory");
		s->next_search += n;
		if (!line_matches(s, va, &in, bytes, n))
			continue;
		insn_emit_location(s, c, out, va);
		insn_emit(s, c, out, va, &in, bytes, n, NULL, NULL);
		if (!count)
			return ok();
	}
	return ok();
}

static const struct schema *const rows[] = { &row_code_location, &row_insn, NULL };
const struct cmd cmd_search_code = {
	.names = "#",
	.any_tail = true,
	.group = "Memory and code",
	.args = "[PATTERN] [ADDRESS [L COUNT]]",
	.summary = "Search the text of disassembled code",
	.help = "# call rip       the first line from rip on that holds \"call\"\n"
		"# mov*eax rip L100   all such lines of 100 (hex) instructions\n"
		"#                the same pattern, from where the last search ended\n",
	.run = run,
	.rows = rows,
};
