// SPDX-License-Identifier: Apache-2.0
#include "dump/dump.h"
#include "dump_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct bytes b; // 64 KiB: too much for the stack of a test

static struct dump *must_open(struct arena *a)
{
	struct dump *d = NULL;
	err_t e = dump_open(a, "x.dmp", all(&b), &d);
	assert_int_equal(e.code, OK);
	assert_non_null(d);
	return d;
}

static enum err_code opens(struct arena *a, const void *p, size_t n, const char *part)
{
	struct dump *d = NULL;
	err_t e = dump_open(a, "x", (struct span){ p, n }, &d);
	if (part)
		assert_non_null(strstr(e.what, part));
	return e.code;
}

static void names_what_is_no_dump(void **state)
{
	struct arena *a = *state;
	assert_int_equal(opens(a, "", 0, "empty"), E_CORRUPT);
	assert_int_equal(opens(a, "MZ\x90\0", 4, "PE image"), E_UNSUPPORTED);
	assert_int_equal(opens(a,
			       "Microsoft C/C++ MSF 7.00\r\n\x1a"
			       "DS\0\0",
			       31, "PDB"),
			 E_UNSUPPORTED);
	assert_int_equal(opens(a,
			       "\x7f"
			       "ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0",
			       18, "ELF core"),
			 E_UNSUPPORTED);
	assert_int_equal(opens(a,
			       "\x7f"
			       "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0",
			       18, "ELF file"),
			 E_UNSUPPORTED);
	assert_int_equal(opens(a, "hello, world\n", 13, "text"), E_UNSUPPORTED);
	assert_int_equal(opens(a, "\0\0\0\0\0\0\0\0", 8, "zeros"), E_CORRUPT);
	assert_int_equal(opens(a, "\1\2\3\4", 4, "01 02 03 04"), E_CORRUPT);
	assert_int_equal(opens(a, "MDMP\x93\xa7", 6, "header"), E_CORRUPT);
	begin(&b, 0);
	assert_int_equal(opens(a, b.p, b.n, "no streams"), E_CORRUPT);
	begin(&b, 1);
	set32(&b, 12, 0x10000000);
	assert_int_equal(opens(a, b.p, b.n, "directory"), E_CORRUPT);
}

static void first_stream_that_is_not_empty_wins(void **state)
{
	begin(&b, 4);
	stream(&b, 7, b.n); // empty
	put_system(&b, 9);
	put_system(&b, 12);
	put32(&b, 0x1234);
	stream(&b, 0xcafe0001, b.n - 4); // nobody knows it: it is listed and kept
	struct dump *d = must_open(*state);
	assert_int_equal(d->machine, 0x8664);
	assert_int_equal(d->user->n_streams, 4);
	assert_null(d->user->streams[3].name);
	assert_int_equal(d->user->streams[3].bytes.n, 4);
	assert_int_equal(d->n_notes, 0);
	assert_false(d->truncated);
}

static void put_thread(uint32_t tid, uint32_t size, uint32_t rva)
{
	put32(&b, tid);
	zeros(&b, 12);
	put64(&b, 0x7ff000 + tid); // TEB
	put64(&b, 0x1000 * (uint64_t)tid);
	put32(&b, size);
	put32(&b, rva);
	zeros(&b, 8);
}

static void lists_may_be_padded(void **state)
{
	for (unsigned pad = 0; pad <= 4; pad += 4) {
		begin(&b, 2);
		put_system(&b, 0);
		size_t from = b.n;
		put32(&b, 2);
		zeros(&b, pad);
		put_thread(1, 0, 0);
		put_thread(2, 0, 0);
		stream(&b, 3, from);
		struct dump *d = must_open(*state);
		assert_int_equal(d->user->n_threads, 2);
		assert_int_equal(d->user->threads[1].tid, 2);
		assert_int_equal(d->user->threads[1].teb, 0x7ff002);
		assert_int_equal(d->ptr_bytes, 4);
	}
}

static void counts_that_lie(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	size_t from = b.n;
	put32(&b, 0xffffffff);
	put_thread(1, 0, 0);
	stream(&b, 3, from);
	put_thread(2, 0, 0); // behind the stream
	struct dump *d = must_open(*state);
	assert_int_equal(d->user->n_threads, 1);
	assert_int_equal(d->user->streams[1].status, E_CORRUPT);
	assert_int_equal(d->n_notes, 1);
	assert_int_equal(d->notes[0].code, E_CORRUPT);
}

static void a_cut_list_keeps_what_is_before_the_cut(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	size_t from = b.n;
	put32(&b, 3);
	for (uint32_t i = 1; i <= 3; i++)
		put_thread(i, 0, 0);
	stream(&b, 3, from);
	b.n -= 1;
	struct dump *d = must_open(*state);
	assert_int_equal(d->user->n_threads, 2);
	assert_int_equal(d->user->streams[1].status, E_ABSENT);
	assert_true(d->truncated);
	assert_int_equal(d->n_notes, 1);
	assert_int_equal(d->notes[0].code, E_ABSENT);
}

// Names and information find their thread by its id; entries are as long as the file says.
static void names_and_information_of_threads(void **state)
{
	begin(&b, 4);
	put_system(&b, 9);
	size_t from = b.n;
	put32(&b, 3);
	for (uint32_t i = 3; i; i--)
		put_thread(i, 0, 0);
	stream(&b, 3, from);
	uint32_t name = put_string(&b, "worker"), odd = (uint32_t)b.n;
	put32(&b, 5); // an odd length
	put(&b, 'a', 2);
	put(&b, 'b', 2);
	put(&b, 'c', 1);
	from = b.n;
	put32(&b, 3);
	put32(&b, 9); // no such thread
	put64(&b, name);
	put32(&b, 2);
	put64(&b, name);
	put32(&b, 3);
	put64(&b, odd);
	stream(&b, 24, from);
	from = b.n;
	put32(&b, 16); // SizeOfHeader
	put32(&b, 20); // SizeOfEntry: shorter than today's
	put32(&b, 1);
	put32(&b, 0);
	put32(&b, 1); // tid
	put32(&b, 4);
	put32(&b, 0);
	put32(&b, 77);
	put32(&b, 0x11111111);
	stream(&b, 17, from);
	struct dump *d = must_open(*state);
	const struct dump_thread *t = d->user->threads;
	assert_string_equal(t[1].name, "worker");
	assert_string_equal(t[0].name, "ab");
	assert_null(t[2].name);
	assert_null(t[0].info);
	assert_int_equal(t[2].info->flags, 4);
	assert_int_equal(t[2].info->exit_status, 77);
	assert_int_equal(t[2].info->start_address, 0);
}

static uint32_t put_module_list(size_t cv, uint32_t cv_size)
{
	uint32_t name = put_string(&b, "C:\\a.exe"), from = (uint32_t)b.n;
	put32(&b, 1);
	put64(&b, 0x140000000);
	put32(&b, 0x5000);
	put32(&b, 1);
	put32(&b, 2);
	put32(&b, name);
	put32(&b, 0xfeef04bd);
	zeros(&b, 48);
	put32(&b, cv_size);
	put32(&b, cv);
	zeros(&b, 24);
	stream(&b, 4, from);
	return from;
}

static void modules_and_their_debug_records(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	size_t cv = b.n;
	put32(&b, 0x53445352);
	for (uint64_t i = 0; i < 16; i++)
		put(&b, i, 1);
	put32(&b, 7);
	put(&b, 'x', 1);
	put(&b, 0xe9, 1); // not UTF-8; no terminator
	put_module_list(cv, (uint32_t)(b.n - cv));
	const struct dump_module *m = must_open(*state)->user->modules;
	assert_string_equal(m->path, "C:\\a.exe");
	assert_true(m->has_version);
	assert_int_equal(m->cv.kind, CV_RSDS);
	assert_int_equal(m->cv.guid[15], 15);
	assert_int_equal(m->cv.age, 7);
	assert_string_equal(m->cv.path, "x\xc3\xa9");

	struct codeview c =
		codeview_decode(*state, (struct span){ (const uint8_t *)"NB10\0\0\0\0\1\0\0\0\2\0\0\0p", 17 });
	assert_int_equal(c.kind, CV_NB10);
	assert_int_equal(c.timestamp, 1);
	assert_int_equal(c.age, 2);
	assert_string_equal(c.path, "p");
	c = codeview_decode(*state, (struct span){ (const uint8_t *)"LEpB\1\2", 6 });
	assert_int_equal(c.kind, CV_ELF);
	assert_int_equal(c.build_id.n, 2);
	assert_int_equal(codeview_decode(*state, (struct span){ (const uint8_t *)"RSDS\1", 5 }).kind, CV_OTHER);
	assert_int_equal(codeview_decode(*state, (struct span){ 0 }).kind, CV_NONE);
}

static void an_unreadable_name_is_empty(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	uint32_t at = put_module_list(0, 0);
	set32(&b, at + 4 + 20, 0x7fffffff);
	struct dump *d = must_open(*state);
	assert_string_equal(d->user->modules[0].path, "");
	assert_int_equal(d->notes[0].code, E_ABSENT);
}

// Half a record would name a wrong symbol file.
static void half_a_debug_record_is_none(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	uint32_t at = put_module_list(0, 0);
	set32(&b, at + 4 + 76, 26);
	set32(&b, at + 4 + 80, b.n);
	put32(&b, 0x53445352);
	zeros(&b, 20);
	put(&b, 'p', 1);
	struct dump *d = must_open(*state);
	assert_int_equal(d->user->modules[0].cv.kind, CV_NONE);
	assert_int_equal(d->notes[0].code, E_ABSENT);
	put(&b, 'q', 1);
	d = must_open(*state);
	assert_int_equal(d->user->modules[0].cv.kind, CV_RSDS);
	assert_string_equal(d->user->modules[0].cv.path, "pq");
}

// Flags count only with the size that covers their fields.
static void misc_by_size(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	size_t from = b.n;
	put32(&b, 24);
	put32(&b, 0x3f7);
	put32(&b, 4242);
	put32(&b, 1000);
	zeros(&b, 8);
	stream(&b, 15, from);
	const struct dump_misc *m = &must_open(*state)->user->misc;
	assert_int_equal(m->flags, MISC_PID | MISC_TIMES);
	assert_int_equal(m->pid, 4242);
	assert_null(m->build_string);
}

static void misc_5(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	size_t from = b.n;
	zeros(&b, 1364);
	stream(&b, 15, from);
	set32(&b, from, 1364);
	set32(&b, from + 4, 0x3f7);
	set32(&b, from + 60, (uint32_t)-60);
	b.p[from + 64] = 'W';
	b.p[from + 232] = '1';
	set32(&b, from + 832, 528);
	set32(&b, from + 836, 1407);
	set32(&b, from + 840, 0x803);
	set32(&b, from + 848 + 8 * 11, 576);
	set32(&b, from + 848 + 8 * 11 + 4, 16);
	set32(&b, from + 1360, 0xc00c1e);
	const struct dump_misc *m = &must_open(*state)->user->misc;
	assert_int_equal(m->flags, 0x3f7);
	assert_int_equal(m->tz_bias, -60);
	assert_string_equal(m->tz_standard, "W");
	assert_string_equal(m->build_string, "1");
	assert_int_equal(m->xstate_size, 1407);
	assert_int_equal(m->xstate_features, 0x803);
	assert_int_equal(m->xstate[11].off, 576);
	assert_int_equal(m->xstate[11].size, 16);
	assert_int_equal(m->process_cookie, 0xc00c1e);
}

static void exceptions_clamp_their_parameters(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	size_t from = b.n;
	put32(&b, 5);
	put32(&b, 0);
	put32(&b, 0xc0000005);
	put32(&b, 1);
	put64(&b, 0);
	put64(&b, 0x7ff612340000);
	put32(&b, 99);
	put32(&b, 0);
	for (uint64_t i = 0; i < 15; i++)
		put64(&b, i);
	put32(&b, 16);
	put32(&b, 32);
	stream(&b, 6, from);
	struct dump *d = must_open(*state);
	const struct dump_exception *e = &d->user->exception;
	assert_int_equal(e->n_params, 15);
	assert_int_equal(e->params[14], 14);
	assert_int_equal(e->address, 0x7ff612340000);
	assert_int_equal(e->context.n, 16);
	assert_int_equal(d->n_notes, 1);
}

static void handles_and_their_information(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	uint32_t type = put_string(&b, "Event"), loop = (uint32_t)b.n;
	put32(&b, loop); // its own successor
	put32(&b, 6);
	put32(&b, 8);
	zeros(&b, 8);
	size_t from = b.n;
	put32(&b, 16);
	put32(&b, 40);
	put32(&b, 1);
	put32(&b, 0);
	put64(&b, 0x44);
	put32(&b, type);
	put32(&b, 0);
	put32(&b, 2);
	put32(&b, 0x1f0003);
	put32(&b, 3);
	put32(&b, 4);
	put32(&b, loop);
	put32(&b, 0);
	stream(&b, 12, from);
	struct dump *d = must_open(*state);
	assert_true(d->user->has_handles);
	struct dump_handle h = dump_handle_get(d->user, *state, 0);
	assert_int_equal(h.handle, 0x44);
	assert_string_equal(h.type, "Event");
	assert_null(h.name);
	assert_int_equal(h.access, 0x1f0003);
	assert_int_equal(h.pointer_count, 4);
	assert_in_range(h.n_info, 1, 100); // the loop ends
	assert_int_equal(h.info[0].type, 6);
	assert_int_equal(h.info[0].bytes.n, 8);
	assert_int_equal(dump_handle_get(d->user, *state, 1).handle, 0); // beyond the table
}

static uint32_t put_utf8(const char *s)
{
	uint32_t at = (uint32_t)b.n;
	put32(&b, strlen(s));
	for (; *s; s++)
		put(&b, (uint8_t)*s, 1);
	put(&b, 0, 1);
	return at;
}

static void crashpad_annotations(void **state)
{
	begin(&b, 2);
	put_system(&b, 9);
	uint32_t key = put_utf8("ptype"), value = put_utf8("browser"), dict = (uint32_t)b.n;
	put32(&b, 1);
	put32(&b, key);
	put32(&b, value);
	uint32_t objects = (uint32_t)b.n;
	put32(&b, 2);
	put32(&b, key);
	put(&b, 1, 2); // a string
	put(&b, 0, 2);
	put32(&b, value);
	put32(&b, key);
	put(&b, 0x8001, 2); // the user's own type
	put(&b, 0, 2);
	put32(&b, value);
	uint32_t list = (uint32_t)b.n;
	put32(&b, 1);
	put32(&b, value);
	uint32_t module = (uint32_t)b.n;
	put32(&b, 1);
	put32(&b, 8);
	put32(&b, list);
	put32(&b, 12);
	put32(&b, dict);
	put32(&b, 28);
	put32(&b, objects);
	uint32_t modules = (uint32_t)b.n;
	put32(&b, 1);
	put32(&b, 3); // module index
	put32(&b, 28);
	put32(&b, module);
	size_t from = b.n;
	put32(&b, 1);
	zeros(&b, 32);
	put32(&b, 12);
	put32(&b, dict);
	put32(&b, 16);
	put32(&b, modules);
	put32(&b, 0);
	put64(&b, 0xffff000000000000);
	stream(&b, 0x43500001, from);
	struct dump *d = must_open(*state);
	const struct dump_crashpad *c = &d->user->crashpad;
	assert_true(c->present);
	assert_int_equal(c->address_mask, 0xffff000000000000);
	assert_int_equal(c->n_annotations, 1);
	assert_string_equal(c->annotations[0].key, "ptype");
	assert_string_equal(c->annotations[0].value, "browser");
	assert_int_equal(c->n_modules, 1);
	assert_int_equal(c->modules[0].index, 3);
	assert_string_equal(c->modules[0].list[0], "browser");
	assert_string_equal(c->modules[0].simple[0].value, "browser");
	assert_int_equal(c->modules[0].n_objects, 2);
	assert_string_equal(c->modules[0].objects[0].value, "browser");
	assert_null(c->modules[0].objects[1].value);
	assert_int_equal(d->n_notes, 0);
}

static void breakpad_streams(void **state)
{
	begin(&b, 3);
	put_system(&b, 9);
	size_t from = b.n;
	put32(&b, 3);
	put32(&b, 11);
	put32(&b, 12);
	stream(&b, 0x47670001, from);
	from = b.n;
	put(&b, 'p', 2);
	zeros(&b, 254);
	zeros(&b, 512);
	put32(&b, 42);
	put32(&b, 1);
	stream(&b, 0x47670002, from);
	const struct dump_breakpad *p = &must_open(*state)->user->breakpad;
	assert_true(p->present);
	assert_int_equal(p->requesting_tid, 12);
	assert_true(p->has_assertion);
	assert_string_equal(p->expression, "p");
	assert_int_equal(p->line, 42);
}

static void memory_information_in_any_order(void **state)
{
	for (unsigned sorted = 0; sorted < 2; sorted++) {
		begin(&b, 2);
		put_system(&b, 9);
		size_t from = b.n;
		put32(&b, 16);
		put32(&b, 48);
		put64(&b, 2);
		for (unsigned i = 0; i < 2; i++) {
			put64(&b, i == sorted ? 0x20000 : 0x10000);
			put64(&b, 0x10000);
			zeros(&b, 8);
			put64(&b, 0x1000);
			put32(&b, i == sorted ? 0x1000 : 0x10000);
			zeros(&b, 12);
		}
		stream(&b, 16, from);
		const struct dump_user *u = must_open(*state)->user;
		struct dump_meminfo x;
		assert_int_equal(u->meminfo.sorted, sorted);
		assert_true(dump_meminfo_at(u, 0x20fff, &x));
		assert_int_equal(x.state, 0x1000);
		assert_true(dump_meminfo_at(u, 0x10000, &x));
		assert_false(dump_meminfo_at(u, 0x11000, &x));
		assert_false(dump_meminfo_at(u, 0xffff, &x));
	}
}

static int setup(void **state)
{
	*state = arena_new(1 << 24);
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_what_is_no_dump),
		T(first_stream_that_is_not_empty_wins),
		T(lists_may_be_padded),
		T(counts_that_lie),
		T(a_cut_list_keeps_what_is_before_the_cut),
		T(names_and_information_of_threads),
		T(modules_and_their_debug_records),
		T(an_unreadable_name_is_empty),
		T(half_a_debug_record_is_none),
		T(misc_by_size),
		T(misc_5),
		T(exceptions_clamp_their_parameters),
		T(handles_and_their_information),
		T(crashpad_annotations),
		T(breakpad_streams),
		T(memory_information_in_any_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
