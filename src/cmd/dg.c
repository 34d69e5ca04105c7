// SPDX-License-Identifier: Apache-2.0
// dg.c: segment selectors. User dumps hold no descriptor tables; what is known of a selector is which segment
// registers hold it and, of FS and GS, the base.
#include "cmd/cmd.h"

#include <inttypes.h>

extern const struct cmd cmd_dg;

SCHEMA(selector, "A segment selector", NULL,
       "{selector:4} {base} \?\?\?\?\?\?\?\?\?\?\?\?\?\?\?\?\? <descriptor not captured in this dump>{?registers  in "
       "{registers}}",
       { "selector", R_HEX, "its value" }, { "base", R_PTR, "null: not known" },
       { "registers", R_STR, "segment registers of the current context that hold it" });
static const struct layout narrow = {
	NULL, "{selector:4} {base} \?\?\?\?\?\?\?\? <descriptor not captured in this dump>{?registers  in {registers}}"
};
enum { MOST_SELECTORS = 256, SELECTOR_STEP = 8 };

static void show(struct session *s, struct call *c, struct doc *out, uint64_t sel)
{
	static const char names[][3] = { "cs", "ss", "ds", "es", "fs", "gs" };
	struct sb in = sb_new(c->a);
	bool has_base = false;
	va_t base = 0;
	for (unsigned i = 0; s->regs_known && i < ARRAY_LEN(names); i++) {
		if (!reg_known(&s->regs, X64_CS + i) || reg_get(&s->regs, X64_CS + i) >> 3 != sel >> 3)
			continue;
		sb_printf(&in, "%s%s", in.n ? ", " : "", names[i]);
		unsigned reg = i == 4 ? X64_FSBASE : X64_GSBASE;
		if (i >= 4 && reg_known(&s->regs, reg)) {
			has_base = true;
			base = reg_get(&s->regs, reg);
		}
	}
	ROW_AS(out, selector, s->target->ptr_bytes == 4 ? &narrow : NULL, V(sel), V_IF(has_base, base),
	       VS(in.n ? sb_str(&in) : NULL));
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t first, last;
	TRY(arg_expr(c, &first));
	last = first;
	if (!arg_end(c))
		TRY(arg_expr(c, &last));
	TRY(arg_done(c));
	if (s->target->machine == MACHINE_ARM64)
		return cmd_fail(c, E_USAGE, 0, "ARM64 has no segment selectors");
	if (first > UINT16_MAX || last > UINT16_MAX || last < first || (last - first) / SELECTOR_STEP >= MOST_SELECTORS)
		return usage(c, "Range error: 16-bit selectors, at most %x of them", MOST_SELECTORS);
	s->last_d = "dg";
	if (s->target->ptr_bytes == 8)
		doc_text(out, "Sel        Base              Limit");
	else
		doc_text(out, "Sel    Base     Limit");
	doc_text(out,
		 s->target->ptr_bytes == 8 ? "---- ----------------- -----------------" : "---- -------- --------");
	for (uint64_t sel = first; sel <= last; sel += SELECTOR_STEP)
		show(s, c, out, sel);
	return ok();
}

static const struct schema *const rows[] = { &selector, NULL };
const struct cmd cmd_dg = {
	.names = "dg",
	.group = "Memory and code",
	.args = "FIRST [LAST]",
	.summary = "Display what is known of segment selectors",
	.run = run,
	.rows = rows,
};
