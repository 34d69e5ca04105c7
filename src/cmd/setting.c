// SPDX-License-Identifier: Apache-2.0
// setting.c: settings that scripts make before they begin. Those without an effect here say so, and the script goes on.
#include "cmd/script.h"

#include <inttypes.h>

extern const struct cmd cmd_setting;

SCHEMA(debugger_setting, "A setting of the debugger", NULL, "{text}", { "name", R_STR, "its command" },
       { "value", R_HEX, "what it is now" }, { "text", R_STR, "what the debugger says; null: nothing" },
       { "effect", R_STR, "why it has none; null: it has one" });

static const struct layout silent = { NULL, NULL };

struct known {
	const char *name;
	enum setting id;
	bool kernel_only;
	const char *words[2]; // what the debugger says when it is off or on; NULL: not known
	const char *effect;   // of the value 1; NULL: it acts
};
static const struct known list[] = {
	{ ".prefer_dml",
	  SETTING_PREFER_DML,
	  false,
	  { "DML versions of commands off by default", "DML versions of commands on by default" },
	  "not supported: markup; output is plain text" },
	{ ".enable_unicode",
	  SETTING_UNICODE,
	  false,
	  { 0 },
	  "not supported: arrays of 16-bit numbers as text; those of WCHAR are shown as text always" },
	{ ".enable_long_status", SETTING_LONG_STATUS, false, { 0 }, "not supported: long integers in another base" },
	{ ".force_radix_output", SETTING_FORCE_RADIX, false, { 0 }, "not supported: integers in another base" },
	{ ".ignore_missing_pages",
	  SETTING_MISSING_PAGES,
	  true,
	  { 0 },
	  "not supported: what is missing from a dump is always told" },
	{ ".echocpunum",
	  SETTING_ECHO_CPU,
	  true,
	  { 0 },
	  "it acts on live targets alone; the prompt shows the processor" },
};

static err_t on_off(struct session *s, struct call *c, struct doc *out, const struct known *k)
{
	uint64_t value = s->target && k->kernel_only && !s->target->kernel ? 2 : 0;
	uint32_t *now = &script_of(s)->settings[k->id];
	if (value)
		return cmd_fail(c, E_UNSUPPORTED, 0, "%s is for kernel dumps; this is the dump of a process", k->name);
	bool given = !arg_end(c);
	if (given)
		TRY(arg_expr(c, &value));
	TRY(arg_done(c));
	*now = !given ? *now : value != 0;
	ROW_AS(out, debugger_setting, k->words[*now] ? NULL : &silent, VS(k->name), V(*now), VS(k->words[*now]),
	       VS(k->effect));
	if (given && *now && k->effect)
		doc_note(out, NOTE_INFO, "setting.no_effect", "%s: %s", k->name, k->effect);
	return ok();
}

// The mask is kept, and everything is shown all the same: what a script hides is what its reader misses.
static err_t output_mask(struct session *s, struct call *c, struct doc *out)
{
	static const char effect[] = "not supported: all output is shown, whatever the mask";
	uint32_t *now = &script_of(s)->settings[SETTING_OUTMASK];
	bool without = str_ieq(c->name, ".outmask-");
	uint64_t bits = 0;
	(void)arg_switch(c, "/l");
	if (arg_switch(c, "/a"))
		*now = UINT32_MAX;
	else if (arg_switch(c, "/d"))
		*now = OUTMASK_DEFAULT;
	else if (arg_end(c))
		return usage(c, "Usage: %s [/l] MASK | /a | /d", c->name);
	else
		TRY(arg_expr(c, &bits));
	TRY(arg_done(c));
	*now = without ? *now & ~(uint32_t)bits : *now | (uint32_t)bits;
	ROW_AS(out, debugger_setting, &silent, VS(".outmask"), V(*now), V_ABSENT, VS(effect));
	if (*now != OUTMASK_DEFAULT)
		doc_note(out, NOTE_INFO, "setting.no_effect", ".outmask: %s", effect);
	return ok();
}

// Options of the cache are options of how a live target is read; .process and .thread choose the memory of a dump.
static err_t cache(struct call *c, struct doc *out)
{
	static const char effect[] = "a dump is read as it lies: .process and .thread say whose memory it is";
	const char *option = arg_rest(c);
	ROW_AS(out, debugger_setting, &silent, VS(".cache"), V_ABSENT, V_ABSENT, VS(effect));
	doc_note(out, NOTE_INFO, "setting.no_effect", ".cache%s%s: %s", *option ? " " : "", option, effect);
	return ok();
}

static const char *machine_text(uint16_t machine)
{
	return machine == MACHINE_X64   ? "x64 (AMD64)"
	       : machine == MACHINE_X86 ? "x86 compatible (x86)"
					: "ARM 64-bit (AArch64) (ARM64)"; // layout unverified
}

static err_t effective_machine(struct session *s, struct call *c, struct doc *out)
{
	static const struct {
		const char *name;
		uint16_t machine;
	} names[] = {
		{ "x86", MACHINE_X86 }, { "amd64", MACHINE_X64 }, { "x64", MACHINE_X64 }, { "arm64", MACHINE_ARM64 }
	};
	if (!s->target || !s->target->arch)
		return cmd_fail(c, E_UNSUPPORTED, 0, "there is no processor mode: no dump of a known machine is open");
	const char *word = arg_word(c);
	TRY(arg_done(c));
	uint16_t wanted = word && !str_eq(word, ".") && !str_eq(word, "#") ? 0 : s->target->machine;
	for (size_t i = 0; word && !wanted && i < ARRAY_LEN(names); i++)
		wanted = str_ieq(word, names[i].name) ? names[i].machine : 0;
	if (!wanted)
		return usage(c, "Unknown machine '%s'", word);
	if (wanted != s->target->machine)
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: another processor mode than the dump's (%s)",
				machine_text(s->target->machine));
	ROW(out, debugger_setting, VS(".effmach"), V(s->target->machine),
	    VS(arena_printf(c->a, "Effective machine: %s", machine_text(s->target->machine))), V_ABSENT);
	return ok();
}

// Words of the listing: layout unverified.
static err_t assembly(struct session *s, struct call *c, struct doc *out)
{
	static const char *const names[] = { "no_code_bytes", "ignore_output_width", "source_line", "verbose" };
	uint32_t *now = &script_of(s)->settings[SETTING_ASM];
	bool off = str_ieq(c->name, ".asm-");
	for (const char *word; (word = arg_word(c)) != NULL;) {
		size_t i = 0;
		while (i < ARRAY_LEN(names) && !str_ieq(word, names[i]))
			i++;
		if (i == ARRAY_LEN(names))
			return usage(c, "Unknown option '%s'", word);
		if (i > 1)
			return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: .asm %s", names[i]);
		*now = off ? *now & ~(1u << i) : *now | 1u << i;
	}
	struct sb text = sb_new(c->a);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (*now >> i & 1)
			sb_printf(&text, " %s", names[i]);
	ROW(out, debugger_setting, VS(".asm"), V(*now),
	    VS(arena_printf(c->a, "Assembly options:%s", *now ? sb_str(&text) : " <default>")), V_ABSENT);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (str_ieq(c->name, list[i].name))
			return on_off(s, c, out, &list[i]);
	if (str_ieq(c->name, ".cache"))
		return cache(c, out);
	if (str_ieq(c->name, ".effmach"))
		return effective_machine(s, c, out);
	return str_ieqn(c->name, ".asm", 4) ? assembly(s, c, out) : output_mask(s, c, out);
}

static const struct schema *const rows[] = { &debugger_setting, NULL };
const struct cmd cmd_setting = {
	.names =
		".prefer_dml .enable_unicode .enable_long_status .force_radix_output .ignore_missing_pages .echocpunum "
		".outmask .outmask- .cache .effmach .asm .asm-",
	.no_target = true,
	.group = "The prompt",
	.args = "[0|1] | MASK | OPTIONS",
	.summary = "Settings that scripts make; those without an effect here say so",
	.help = ".asm no_code_bytes   disassembly without its bytes; .asm- takes an option back\n"
		".effmach             the processor mode; no other than the dump's is supported\n",
	.run = run,
	.rows = rows,
};
