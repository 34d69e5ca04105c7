// SPDX-License-Identifier: Apache-2.0
// unpack.c: archives written by other programs (tests/make/mk_archives.py) open to the bytes that went in, and bad ones
// end in an error that says what and why. Environment: MK_ARCHIVES the script, DUMPSCOPE_HELPER the helper program.
#include "base/unpack.h"
#include "base/os.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <cmocka.h>

static struct arena *a;
static char *dir;
static struct file_map dump;

static const char *file(const char *name)
{
	return path_join(a, dir, name);
}

static void check_open(const char *name, const char *inner)
{
	struct file_map m = { 0 };
	const char *got = "?";
	err_t e = unpack_open(a, file(name), NULL, &m, &got);
	if (e.code)
		fail_msg("%s", e.what);
	assert_string_equal(got, inner);
	assert_int_equal(m.bytes.n, dump.bytes.n);
	assert_memory_equal(m.bytes.p, dump.bytes.p, m.bytes.n);
	file_map_close(&m);
}

// The error names the file and has each of the words, which are separated by '|'.
static void check_fails(const char *name, enum err_code code, const char *words)
{
	struct file_map m;
	const char *inner = "untouched";
	err_t e = unpack_open(a, file(name), NULL, &m, &inner);
	if (e.code != code)
		fail_msg("%s: %s: %s", name, err_name(e.code), e.code ? e.what : "opened");
	assert_string_equal(inner, "untouched");
	assert_true(str_starts(e.what, file(name)));
	for (const char *w = words; *w;) {
		size_t n = strcspn(w, "|");
		if (!strstr(e.what, arena_strndup(a, w, n)))
			fail_msg("no '%.*s' in: %s", (int)n, w, e.what);
		w += n + (w[n] == '|');
	}
}

static void plain_files_are_mapped(void **state)
{
	(void)state;
	struct file_map m;
	const char *inner = "?";
	assert_int_equal(unpack_open(a, file("dump"), NULL, &m, &inner).code, OK);
	assert_null(inner);
	assert_int_equal(m.bytes.n, dump.bytes.n);
	file_map_close(&m);
	FILE *f = fopen(file("nothing"), "wb");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(unpack_open(a, file("nothing"), NULL, &m, &inner).code, OK);
	assert_int_equal(m.bytes.n, 0);
	check_fails("missing", E_NOTFOUND, "No such file");
	check_fails(".", E_IO, "is a folder");
	assert_int_equal(mkfifo(file("fifo"), 0600), 0);
	check_fails("fifo", E_IO, "is a pipe");
}

static void single_compressed_files(void **state)
{
	(void)state;
	check_open("crash.dmp.gz", "crash.dmp");
	check_open("two.dmp.gz", "two.dmp");
	check_open("named.gz", "recorded.dmp");
	check_open("crash.dmp.xz", "crash.dmp");
	check_open("crash.dmp.bz2", "crash.dmp");
	check_open("crash", "crash"); // the bytes say what it is, not the name
	if (file_exists(file("crash.dmp.zst")))
		check_open("crash.dmp.zst", "crash.dmp");
	else
		print_message("# skipped: no zstd program\n");
}

static void archives_with_several_files(void **state)
{
	(void)state;
	static const char inner[] = "WER/Absturz \xc3\xa4\xe6\x97\xa5.bin";
	check_open("crash.zip", inner);
	check_open("stored.zip", inner);
	check_open("mszip.cab", inner);
	check_open("stored.cab", inner);
	check_open("crash.7z", "in 7z/crash.dmp");
}

static void the_name_decides_when_no_content_does(void **state)
{
	(void)state;
	struct file_map m;
	const char *inner;
	assert_int_equal(unpack_open(a, file("named.zip"), NULL, &m, &inner).code, OK);
	assert_string_equal(inner, "old.mdmp");
	assert_int_equal(m.bytes.n, 800);
	file_map_close(&m);
}

static void names_cannot_forge_an_answer(void **state)
{
	(void)state;
	check_open("name.zip", "a?out 4??[31m.dmp");
}

static void damaged_archives(void **state)
{
	(void)state;
	static const char *const cut[] = {
		"cut.crash.dmp.gz", "cut.crash.dmp.xz", "cut.crash.dmp.bz2", "cut.crash.zip",
		"cut.stored.zip",   "cut.mszip.cab",    "cut.stored.cab",    "cut.crash.7z"
	};
	for (size_t i = 0; i < ARRAY_LEN(cut); i++)
		check_fails(cut[i], E_CORRUPT, "archive");
	check_fails("cut.crash.dmp.gz", E_CORRUPT, "gzip|not complete|copy it again");
	check_fails("cut.stored.cab", E_CORRUPT, "cab|not complete");
	// One flipped byte in the middle: every format has checksums.
	static const char *const bad[] = {
		"bad.crash.dmp.gz", "bad.crash.dmp.xz", "bad.crash.dmp.bz2", "bad.crash.zip",
		"bad.stored.zip",   "bad.mszip.cab",    "bad.stored.cab",    "bad.crash.7z"
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		check_fails(bad[i], E_CORRUPT, "damaged");
}

static void archives_without_a_dump(void **state)
{
	(void)state;
	check_fails("nodump.zip", E_NOTFOUND, "zip|no file in the archive is a dump");
	check_fails("nodump.cab", E_NOTFOUND, "cab|no file in the archive is a dump");
	check_fails("empty.zip", E_NOTFOUND, "zip");
	check_fails("encrypted.zip", E_UNSUPPORTED, "secret.dmp|encrypted|password");
	check_fails("quantum.cab", E_UNSUPPORTED, "not supported|Quantum");
}

static void any_file_when_asked(void **state)
{
	(void)state;
	struct file_map m, expected;
	const char *inner;
	assert_int_equal(unpack_any(a, file("nodump.cab"), &m, &inner).code, OK);
	assert_string_equal(inner, "readme.txt");
	file_map_close(&m);
	if (!file_exists(file("corpus.pd_"))) {
		print_message("# skipped: no corpus\n");
		return;
	}
	err_t e = unpack_any(a, file("corpus.pd_"), &m, &inner);
	assert_int_equal(e.code, OK);
	assert_string_equal(inner, "basic32.pdb");
	assert_int_equal(file_map_open(file("corpus.expected"), &expected).code, OK);
	assert_int_equal(m.bytes.n, 6590464); // what the cabinet's own header says
	assert_int_equal(m.bytes.n, expected.bytes.n);
	assert_memory_equal(m.bytes.p, expected.bytes.p, m.bytes.n);
	file_map_close(&m);
	file_map_close(&expected);
	check_fails("corpus.pd_", E_NOTFOUND, "dump");
}

static void limits_hold(void **state)
{
	(void)state;
	setenv("DUMPSCOPE_UNPACK_LIMIT", "100M", 1);
	check_fails("bomb.dmp.xz", E_LIMIT, "104857600|DUMPSCOPE_UNPACK_LIMIT");
	setenv("DUMPSCOPE_UNPACK_LIMIT", "310008", 1);
	check_open("crash.zip", "WER/Absturz \xc3\xa4\xe6\x97\xa5.bin");
	setenv("DUMPSCOPE_UNPACK_LIMIT", "310007", 1);
	check_fails("crash.zip", E_LIMIT, "310007");
	setenv("DUMPSCOPE_UNPACK_LIMIT", "many", 1);
	check_fails("crash.zip", E_USAGE, "DUMPSCOPE_UNPACK_LIMIT=many");
	unsetenv("DUMPSCOPE_UNPACK_LIMIT");
	setenv("DUMPSCOPE_UNPACK_SECONDS", "0", 1);
	check_fails("bomb.dmp.xz", E_LIMIT, "0 s|DUMPSCOPE_UNPACK_SECONDS");
	unsetenv("DUMPSCOPE_UNPACK_SECONDS");
}

static void large_content_goes_to_disk(void **state)
{
	(void)state;
	setenv("DUMPSCOPE_UNPACK_MEMORY", "200K", 1);
	setenv("TMPDIR", dir, 1);
	check_open("crash.dmp.gz", "crash.dmp");
	check_open("mszip.cab", "WER/Absturz \xc3\xa4\xe6\x97\xa5.bin");
	setenv("DUMPSCOPE_UNPACK_MEMORY", "0", 1);
	check_open("crash.dmp.gz", "crash.dmp");
	unsetenv("DUMPSCOPE_UNPACK_MEMORY");
	unsetenv("TMPDIR");
}

static void helpers_that_fail(void **state)
{
	(void)state;
	const char *own = arena_strdup(a, os_env("DUMPSCOPE_HELPER"));
	unsetenv("DUMPSCOPE_HELPER");
	check_fails("crash.zip", E_IO, "zip-compressed|dumpscope-helper|DUMPSCOPE_HELPER");
	setenv("DUMPSCOPE_HELPER", "/nonexistent/helper", 1);
	check_fails("crash.zip", E_IO, "/nonexistent/helper|cannot be started");
	setenv("DUMPSCOPE_HELPER", "/bin/true", 1);
	check_fails("crash.zip", E_IO, "no answer");
	static const struct {
		const char *script;
		enum err_code code;
		const char *words;
	} scripts[] = {
		{ "kill -SEGV $$", E_IO, "signal 11" },
		{ "kill -INT $$", E_CANCELLED, "interrupted" },
		{ "exec yes >&3", E_LIMIT, "longer than 1 s" },
		{ "printf 'error bogus 0 text\\n' >&3", E_IO, "no answer" },
		{ "printf 'error corrupt\\nerror\\n error\\n' >&3", E_IO, "no answer" },
		{ "printf 'out 4\\ndone' >&3", E_IO, "no answer" },
		{ "printf 'error corrupt 99999999999999999999999 \\033text\\n' >&3", E_CORRUPT, "?text" },
	};
	setenv("DUMPSCOPE_HELPER", file("fake"), 1);
	setenv("DUMPSCOPE_UNPACK_SECONDS", "1", 1);
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		FILE *f = fopen(file("fake"), "wb");
		assert_non_null(f);
		fprintf(f, "#!/bin/sh\n%s\n", scripts[i].script);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(chmod(file("fake"), 0700), 0);
		check_fails("crash.zip", scripts[i].code, scripts[i].words);
	}
	unsetenv("DUMPSCOPE_UNPACK_SECONDS");
	setenv("DUMPSCOPE_HELPER", own, 1);
}

static int run_program(const char *const *argv)
{
	struct os_child c = { 0 };
	int code = 1, sig = 0;
	if (!os_spawn(argv, (int[]){ -1, 2, 2 }, 3, &c).code)
		os_wait(&c, &code, &sig);
	return code;
}

static int start(void **state)
{
	(void)state;
	a = arena_new(1 << 24);
	const char *tmp = os_env("TMPDIR"), *script = os_env("MK_ARCHIVES");
	dir = path_join(a, tmp ? tmp : "/tmp", "dumpscope-test-XXXXXX");
	if (!script || !mkdtemp(dir))
		return -1;
	const char *argv[] = { "/usr/bin/python3", script, dir, NULL };
	return run_program(argv) || file_map_open(file("dump"), &dump).code ? -1 : 0;
}

static int finish(void **state)
{
	(void)state;
	file_map_close(&dump);
	const char *argv[] = { "/bin/rm", "-rf", "--", dir, NULL };
	int code = run_program(argv);
	arena_free(a);
	return code;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_files_are_mapped),
		cmocka_unit_test(single_compressed_files),
		cmocka_unit_test(archives_with_several_files),
		cmocka_unit_test(the_name_decides_when_no_content_does),
		cmocka_unit_test(names_cannot_forge_an_answer),
		cmocka_unit_test(damaged_archives),
		cmocka_unit_test(archives_without_a_dump),
		cmocka_unit_test(any_file_when_asked),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(large_content_goes_to_disk),
		cmocka_unit_test(helpers_that_fail),
	};
	return cmocka_run_group_tests(tests, start, finish);
}
