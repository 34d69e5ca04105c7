// SPDX-License-Identifier: Apache-2.0
// os.c: the host layer against the host itself: what the test wrote is what the layer says.
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

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static struct arena *a;
static char *dir;

static const char *put(const char *name, const char *text)
{
	const char *path = path_join(a, dir, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	return path;
}

static void maps_files(void **state)
{
	(void)state;
	struct file_map m;
	assert_int_equal(file_map_open(put("plain", "twelve bytes"), &m).code, OK);
	assert_int_equal(m.bytes.n, 12);
	assert_memory_equal(m.bytes.p, "twelve bytes", 12);
	file_map_close(&m);
	file_map_close(&m);
	assert_int_equal(m.bytes.n, 0);
	assert_int_equal(file_map_open(put("empty", ""), &m).code, OK);
	assert_int_equal(m.bytes.n, 0);
	uint64_t size = 99;
	assert_int_equal(file_size(path_join(a, dir, "plain"), &size).code, OK);
	assert_int_equal(size, 12);
	assert_int_equal(file_size(dir, &size).code, E_IO);
	assert_true(file_exists(path_join(a, dir, "plain")));
	assert_false(file_exists(dir));
	assert_false(file_exists(path_join(a, dir, "none")));
}

static void refuses_what_is_no_file(void **state)
{
	(void)state;
	struct file_map m;
	err_t e = file_map_open(path_join(a, dir, "none"), &m);
	assert_int_equal(e.code, E_NOTFOUND);
	assert_string_equal(e.what, "No such file or directory");
	e = file_map_open(dir, &m);
	assert_int_equal(e.code, E_IO);
	assert_non_null(strstr(e.what, "folder"));
	e = file_map_open("/dev/zero", &m);
	assert_int_equal(e.code, E_IO);
	assert_non_null(strstr(e.what, "device"));
	const char *fifo = path_join(a, dir, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	e = file_map_open(fifo, &m); // must not wait for a writer
	assert_int_equal(e.code, E_IO);
	assert_non_null(strstr(e.what, "pipe"));
	if (geteuid() != 0) {
		const char *locked = put("locked", "x");
		assert_int_equal(chmod(locked, 0), 0);
		assert_string_equal(file_map_open(locked, &m).what, "Permission denied");
	}
}

// A child with a data limit maps 100 GB: only lazily mapped file pages can do that.
// AddressSanitizer's shadow alone is more data than the limit of the next test.
#if defined(__SANITIZE_ADDRESS__)
#define SHADOWED 1
#elif defined(__has_feature)
#define SHADOWED __has_feature(address_sanitizer)
#else
#define SHADOWED 0
#endif

static void huge_files_are_lazy(void **state)
{
	(void)state;
	const char *path = put("huge", "head");
	const uint64_t size = (uint64_t)100 << 30;
	if (truncate(path, (off_t)size) != 0) {
		print_message("# skipped: no sparse files here\n");
		return;
	}
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit r = { 20480 << 10, 20480 << 10 };
		if (!SHADOWED)
			setrlimit(RLIMIT_DATA, &r);
		struct file_map m;
		bool good = !file_map_open(path, &m).code && m.bytes.n == size && !memcmp(m.bytes.p, "head", 4) &&
			    m.bytes.p[size - 1] == 0;
		_exit(good ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	unlink(path);
}

static void finds_names_case_blind(void **state)
{
	(void)state;
	put("Kernel32.DLL", "");
	put("kernel32.Dll", "");
	put("ntdll.dll", "");
	assert_string_equal(path_base(path_find_nocase(a, dir, "KERNEL32.dll")), "Kernel32.DLL");
	assert_string_equal(path_base(path_find_nocase(a, dir, "kernel32.Dll")), "kernel32.Dll");
	assert_string_equal(path_base(path_find_nocase(a, dir, "NTDLL.DLL")), "ntdll.dll");
	assert_null(path_find_nocase(a, dir, "user32.dll"));
	assert_null(path_find_nocase(a, path_join(a, dir, "none"), "ntdll.dll"));
	const char *hostile[] = { "", ".", "..", "../x", "/etc/passwd", "a/b" };
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
		assert_null(path_find_nocase(a, dir, hostile[i]));
}

static void places(void **state)
{
	(void)state;
	setenv("XDG_CACHE_HOME", "/c", 1);
	assert_string_equal(os_cache_dir(a), "/c/dumpscope");
	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", "/h", 1);
	assert_string_equal(os_cache_dir(a), "/h/.cache/dumpscope");
	unsetenv("HOME");
	assert_null(os_cache_dir(a));
	setenv("DS_TEST_EMPTY", "", 1);
	assert_null(os_env("DS_TEST_EMPTY"));
	char *exe = os_exe_dir(a);
	assert_non_null(exe);
	assert_true(file_exists(path_join(a, exe, "test_os")));
	uint64_t t = os_now_us();
	assert_true(os_now_us() >= t);
}

static void spawns_with_only_the_given_descriptors(void **state)
{
	(void)state;
	int in, out[2] = { -1, -1 }, leak = dup(1); // dup() has no close-on-exec: it must not reach the child
	assert_true(leak > 2);
	assert_int_equal(file_open(put("in", "abc"), &in).code, OK);
	assert_int_equal(os_pipe(&out[0], &out[1]).code, OK);
	const char *argv[] = { "/bin/sh", "-c", "cat; ls /proc/self/fd; exit 7", NULL };
	struct os_child c = { 0 };
	assert_int_equal(os_spawn(argv, (int[]){ in, out[1], -1 }, 3, &c).code, OK);
	fd_close(&out[1]);
	char text[256] = "";
	size_t n;
	assert_int_equal(os_read_all(out[0], text, sizeof(text) - 1, os_now_us() + 20000000, &n).code, OK);
	assert_string_equal(text, "abc0\n1\n2\n"); // 2 is the folder that ls reads
	int code, sig;
	os_wait(&c, &code, &sig);
	assert_int_equal(code, 7);
	assert_int_equal(sig, 0);
	close(leak);
	fd_close(&in);
	fd_close(&out[0]);
	argv[0] = "/nonexistent/helper";
	assert_int_equal(os_spawn(argv, NULL, 0, &c).code, E_NOTFOUND);
}

static void a_silent_child_times_out(void **state)
{
	(void)state;
	int out[2];
	assert_int_equal(os_pipe(&out[0], &out[1]).code, OK);
	const char *argv[] = { "/bin/sleep", "60", NULL };
	struct os_child c = { 0 };
	assert_int_equal(os_spawn(argv, (int[]){ -1, out[1] }, 2, &c).code, OK);
	fd_close(&out[1]);
	char text[8];
	size_t n;
	assert_int_equal(os_read_all(out[0], text, sizeof(text), os_now_us() + 50000, &n).code, E_LIMIT);
	os_kill(&c);
	int code, sig;
	os_wait(&c, &code, &sig);
	assert_int_equal(sig, 9);
	fd_close(&out[0]);
}

static void scratch_files(void **state)
{
	(void)state;
	int fd;
	struct file_map m;
	assert_int_equal(os_memory_file(&fd).code, OK);
	assert_int_equal(write(fd, "data", 4), 4);
	assert_int_equal(os_seal(fd).code, OK);
	assert_int_equal(write(fd, "data", 4), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(file_map_fd(fd, &m).code, OK);
	fd_close(&fd);
	assert_memory_equal(m.bytes.p, "data", 4);
	file_map_close(&m);
	assert_int_equal(os_temp_file(dir, &fd).code, OK);
	assert_int_equal(write(fd, "data", 4), 4);
	fd_close(&fd);
	assert_int_equal(os_temp_file(path_join(a, dir, "none"), &fd).code, E_NOTFOUND);
}

static int start(void **state)
{
	(void)state;
	a = arena_new(1 << 20);
	const char *tmp = os_env("TMPDIR");
	dir = path_join(a, tmp ? tmp : "/tmp", "dumpscope-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int finish(void **state)
{
	(void)state;
	const char *argv[] = { "/bin/rm", "-rf", "--", dir, NULL };
	struct os_child c = { 0 };
	int code = 1, sig;
	if (!os_spawn(argv, (int[]){ -1, 1, 2 }, 3, &c).code)
		os_wait(&c, &code, &sig);
	arena_free(a);
	return code;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_files),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(huge_files_are_lazy),
		cmocka_unit_test(finds_names_case_blind),
		cmocka_unit_test(spawns_with_only_the_given_descriptors),
		cmocka_unit_test(a_silent_child_times_out),
		cmocka_unit_test(scratch_files),
		cmocka_unit_test(places),
	};
	return cmocka_run_group_tests(tests, start, finish);
}
