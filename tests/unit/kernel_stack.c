// SPDX-License-Identifier: Apache-2.0
// Registers of kernel threads: of those that wait, from their switch frames; of those that run, from the processor.
#include "stack/kernel.h"

#include "target/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MEMORY = 0x1000, BASE = 0x10000, KTHREAD = BASE + 0x200, KERNEL_STACK = 0x58, STACK = BASE + 0x800 };
struct box {
	struct arena *a;
	uint8_t bytes[MEMORY], kdbg[0x380];
	struct kernel kernel;
	struct dump_user user;
	struct processor cpu;
	struct thread threads[1];
	struct dump_thread facts;
	struct target target;
	struct session session;
};

static size_t read_memory(void *ctx, uint64_t off, void *buf, size_t n)
{
	struct box *m = ctx;
	if (off >= MEMORY)
		return 0;
	n = MIN(n, MEMORY - (size_t)off);
	memcpy(buf, m->bytes + off, n);
	return n;
}

static void put(struct box *m, va_t va, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		m->bytes[va - BASE + i] = (uint8_t)(v >> 8 * i);
}

static void set_up(struct box *m, uint16_t machine)
{
	static uint8_t header[0x2000];
	struct dump *d;
	*m = (struct box){ .a = arena_new(1 << 20) };
	memcpy(header, "PAGEDU64", 8);
	header[0xf98] = 3;
	assert_int_equal(dump_open(m->a, "x", (struct span){ header, sizeof(header) }, &d).code, OK);
	m->kdbg[KDBG_THREAD_KERNEL_STACK_OFF] = KERNEL_STACK;
	m->threads[0].facts = &m->facts;
	m->kernel = (struct kernel){ .kdbg = { m->kdbg, sizeof(m->kdbg) },
				     .ptr_bytes = machine == MACHINE_X86 ? 4 : 8,
				     .processors = &m->cpu,
				     .n_processors = 1 };
	m->target = (struct target){ .arena = m->a,
				     .kernel = &m->kernel,
				     .user = &m->user,
				     .arch = arch_find(machine),
				     .machine = machine,
				     .ptr_bytes = m->kernel.ptr_bytes,
				     .threads = m->threads,
				     .n_threads = 1,
				     .event_thread = SIZE_MAX,
				     .space = space_new(m->a, d) };
	m->session = (struct session){ .arena = m->a, .target = &m->target };
	space_add_image(m->target.space, BASE, MEMORY, read_memory, m);
}

static void waiting_x64(void **state)
{
	(void)state;
	struct box m;
	struct regs r;
	set_up(&m, MACHINE_X64);
	put(&m, KTHREAD + KERNEL_STACK, STACK, 8);
	put(&m, STACK + 0x30, 0x1234, 8);
	put(&m, STACK + 0x38, 0xfffff80062a00076, 8);
	assert_int_equal(kernel_thread_regs(&m.session, KTHREAD, &r).code, OK);
	assert_int_equal(reg_get(&r, X64_RIP), 0xfffff80062a00076);
	assert_int_equal(reg_get(&r, X64_RSP), STACK + 0x40);
	assert_int_equal(reg_get(&r, X64_RBP), 0x1234);
	assert_false(reg_known(&r, X64_RBX));
	put(&m, KTHREAD + KERNEL_STACK, BASE + MEMORY - 0x20, 8); // only half of the frame is there
	assert_int_equal(kernel_thread_regs(&m.session, KTHREAD, &r).code, E_ABSENT);
	put(&m, KTHREAD + KERNEL_STACK, 0, 8);
	assert_int_equal(kernel_thread_regs(&m.session, KTHREAD, &r).code, E_ABSENT);
	assert_int_equal(kernel_thread_regs(&m.session, 0x99990000, &r).code, E_ABSENT);
	m.kernel.kdbg.n = 0; // no debugger block: nobody knows where the field is
	assert_int_equal(kernel_thread_regs(&m.session, KTHREAD, &r).code, E_ABSENT);
	arena_free(m.a);
}

static void waiting_x86(void **state)
{
	(void)state;
	struct box m;
	struct regs r;
	set_up(&m, MACHINE_X86);
	put(&m, KTHREAD + KERNEL_STACK, STACK, 4);
	put(&m, STACK + 8, 0x82a01234, 4);
	assert_int_equal(kernel_thread_regs(&m.session, KTHREAD, &r).code, OK);
	assert_int_equal(reg_get(&r, X64_RIP), 0x82a01234);
	assert_int_equal(reg_get(&r, X64_RSP), STACK + 12);
	assert_false(reg_known(&r, X64_RBP));
	arena_free(m.a);
	set_up(&m, MACHINE_ARM64);
	put(&m, KTHREAD + KERNEL_STACK, STACK, 8);
	assert_int_equal(kernel_thread_regs(&m.session, KTHREAD, &r).code, E_UNSUPPORTED);
	arena_free(m.a);
}

static void running(void **state)
{
	(void)state;
	enum { FLAGS = 0x30, RIP = 0xf8, RSP = 0x98, CONTEXT_BYTES = 0x4d0 };
	static uint8_t context[CONTEXT_BYTES];
	struct box m;
	struct regs r;
	set_up(&m, MACHINE_X64);
	context[FLAGS] = 0xb;
	context[FLAGS + 2] = 0x10;
	context[RIP] = 0x77;
	context[RSP] = 0x88;
	m.cpu = (struct processor){ .thread = KTHREAD, .has_context = true };
	m.facts.context = (struct span){ context, sizeof(context) };
	put(&m, KTHREAD + KERNEL_STACK, STACK, 8);
	put(&m, STACK + 0x38, 0x99, 8); // what is left of its last wait
	assert_int_equal(kernel_thread_regs(&m.session, KTHREAD, &r).code, OK);
	assert_int_equal(reg_get(&r, X64_RIP), 0x77);
	assert_int_equal(reg_get(&r, X64_RSP), 0x88);
	m.cpu.has_context = false;
	assert_int_equal(kernel_thread_regs(&m.session, KTHREAD, &r).code, OK);
	assert_int_equal(reg_get(&r, X64_RIP), 0x99);
	arena_free(m.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_x64),
		cmocka_unit_test(waiting_x86),
		cmocka_unit_test(running),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
