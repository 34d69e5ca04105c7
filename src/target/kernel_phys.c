// SPDX-License-Identifier: Apache-2.0
// kernel_phys.c: physical memory of a target, and which page tables are in force.
#include "target/kernel.h"

size_t target_read_phys(const struct target *t, pa_t pa, void *buf, size_t n)
{
	const struct dump_phys *phys = t->kernel ? t->kernel->facts->phys : NULL;
	return phys ? paging_read(&(struct paging){ .phys = phys, .file = t->dump->file }, pa, buf, n) : 0;
}

// The slot of the root that leads back to it; Windows 10 chooses one at every boot.
static va_t self_map(const struct paging *p)
{
	enum { SLOTS = 512 };
	uint8_t e[8];
	unsigned shift = p->kind == PAGING_LA57 ? 48 : 39;
	pa_t root = paging_root(p, UINT64_MAX);
	for (va_t i = 0; i < SLOTS; i++) {
		if (paging_read(p, root + i * 8, e, 8) < 8 || !(e[0] & 1) || (le_get(e, 8) & 0xffffffffff000) != root)
			continue;
		return i << shift | (i & SLOTS / 2 ? UINT64_MAX << (shift + 9) : 0);
	}
	return 0;
}

va_t kernel_pte_base(const struct target *t)
{
	const struct kernel *k = t->kernel;
	if (t->ptr_bytes == 4)
		return 0xc0000000;
	va_t base = kernel_kdbg(k, KDBG_PTE_BASE, 8);
	return base || !k->paging ? base : self_map(k->paging);
}

err_t session_set_dirbase(struct session *s, pa_t root)
{
	struct kernel *k = s->target->kernel;
	if (!k || !k->paging)
		return fail(E_UNSUPPORTED, "not supported: page directories in a dump without page tables", root);
	k->paging->user_root = root;
	// A recorded root that leads nowhere gives way in the kernel's half, too.
	if (!k->dtb_good && k->root_note)
		k->paging->root = root ? root : k->facts->dtb;
	space_set_paging(s->target->space, k->paging);
	return ok();
}

pa_t session_dirbase(const struct session *s)
{
	const struct kernel *k = s->target->kernel;
	return k && k->paging ? paging_root(k->paging, 0) : 0;
}
