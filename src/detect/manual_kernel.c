// SPDX-License-Identifier: Apache-2.0
// manual_kernel.c: somebody stopped the system on purpose: keyboard, power button, NMI, a tool.
//
// Folklore: then there is no crash to explain, and the question is why somebody wanted one: a hang. Real case: a laptop
// whose power button was held for seven seconds writes 0x1C8. It lies for 0x80: faulty memory raises NMIs, too; and for
// a driver of one's own that has the name of the well-known tool.
#include "detect/detect.h"

#include <inttypes.h>

enum { REQUEST_CERTAIN = 98, REQUEST_TOOL = 80, REQUEST_NMI = 40 };
struct request {
	uint32_t code;
	unsigned confidence;
	const char *what;
};

static const struct request *request_of(uint32_t code)
{
	// Microsoft's bug check code reference.
	static const struct request list[] = {
		{ 0xe2, REQUEST_CERTAIN, "somebody asked for a crash: keyboard, debugger or a tool" },
		{ 0xdeaddead, REQUEST_CERTAIN, "a tool or a debugger asked for a crash" },
		{ 0x1c8, REQUEST_CERTAIN, "the power button was held" },
		{ 0x161, REQUEST_CERTAIN, "a live dump was asked for: the system went on" },
		{ 0x21c8, REQUEST_CERTAIN, "a live dump was taken as the power button was held: the system went on" },
		// Not Microsoft's: "MATT" with parameters "MOON" and "SOLS", as a dump of the wild has it.
		{ 0x5454414d, REQUEST_CERTAIN,
		  "a tool that copies memory (MoonSols' DumpIt) wrote the dump: the system went on" },
		{ 0x80, REQUEST_NMI, "a non-maskable interrupt: an administrator's switch, or failing hardware" },
	};
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (list[i].code == code)
			return &list[i];
	return NULL;
}

// The crash driver of Sysinternals' NotMyFault, which makes real faults on request.
static bool is_crash_tool(const struct facts *f)
{
	return f->event_module && str_ieq(f->event_module->name, "myfault");
}

static const struct frame *asking(const struct stack *st)
{
	static const char *const names[] = { "kbdhid!*", "i8042prt!I8xProcessCrashDump*" };
	for (size_t i = 0; i < st->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (st->frames[i].trust > TRUST_SCAN && frame_named(&st->frames[i], names[k]))
				return &st->frames[i];
	return NULL;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct request *r = request_of(f->kernel->code);
	static const struct request tool = { 0, REQUEST_TOOL, "the driver of a crash tool raised it" };
	if (!r && is_crash_tool(f))
		r = &tool;
	if (!r)
		return ok();
	struct finding *x = finding(out, SEV_INFO, r->confidence, "The system was stopped on purpose: %s", r->what);
	x->refutation = r->confidence == REQUEST_NMI ? "a hardware error record; the hardware raised the interrupt"
			: r == &tool                 ? "another driver of the same name"
				     : "software that stops the system with this code for reasons of its own";
	evidence(out, 0, ".bugcheck", "bug check 0x%" PRIX32, f->kernel->code);
	if (r == &tool)
		evidence(out, f->event_address, "lm", "the fault lies in %s", module_label(f->event_module));
	for (size_t i = 0; i < f->n_threads; i++) {
		const struct frame *fr = asking(&f->threads[i].stack);
		if (fr)
			evidence(out, fr->ip, on_thread(f, &f->threads[i], "k"), "the keyboard's driver asked: %s",
				 fr->symbol);
	}
	return ok();
}

const struct detector detect_manual_kernel = {
	.id = "manual-dump-kernel",
	.number = 74,
	.title = "Manual Dump (Kernel)",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "Somebody stopped the system on purpose: Ctrl+Scroll Lock, the power button, an NMI switch, a tool "
		   "such as\n"
		   "NotMyFault, or a live dump of a system that went on. Ask why it was wanted: look for what hangs.\n"
		   "It lies for 0x80, which failing hardware raises too.\n"
		   "See also: .bugcheck, k.",
	.run = run,
};
