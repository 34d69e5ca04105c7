// SPDX-License-Identifier: Apache-2.0
// kdbg.c: the keys of an encoded debugger data block are variables of the kernel that only its symbols name.
#include "sym/kdbg.h"

#include "sym/sym.h"
#include "target/kernel.h"

static bool variable(struct target *t, struct symbols *s, const char *name, uint64_t *ret)
{
	uint32_t rva;
	return s->provider->find(s, name, &rva) && space_u64(t->space, s->module->base + rva, ret);
}

bool sym_decode_kdbg(struct session *s)
{
	struct target *t = s->target;
	struct kernel *k = t->kernel;
	if (!k || !k->kdbg_coded.n || t->ptr_bytes != 8)
		return false;
	struct module *nt = k->base ? target_module_at(t, k->base) : NULL;
	if (!nt || (!nt->symbols && !t->symbol_path.n))
		return false;
	struct symbols *sy = sym_load(t, nt);
	uint64_t never, always;
	if (!sy || sy == k->kdbg_tried)
		return false;
	k->kdbg_tried = sy;
	// Only the flag's address counts: whatever its value, the block is not plain.
	uint32_t rva;
	if (!variable(t, sy, "KiWaitNever", &never) || !variable(t, sy, "KiWaitAlways", &always) ||
	    !sy->provider->find(sy, "KdpDataBlockEncoded", &rva))
		return false;
	const size_t before = t->event_thread;
	if (!kernel_decode(t, never, always, nt->base + rva))
		return false;
	// A processor that nobody chose gives way to the one that is known now.
	bool stay = s->regs_set || s->implicit_thread || s->implicit_process || t->event_thread == SIZE_MAX ||
		    s->thread != (before == SIZE_MAX ? 0 : before);
	if ((stay || session_set_thread(s, t->event_thread).code) && !s->regs_set)
		session_reset_regs(s);
	return true;
}
