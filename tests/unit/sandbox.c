// SPDX-License-Identifier: Apache-2.0
// sandbox.c: what the helper can no longer do once it looks at untrusted bytes, tried in a child process. The
// sanitizers need system calls that the sandbox refuses, so under them only the part that they leave is tried.
#include "helper/sandbox.h"
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { DATA = 64 << 20, FILE_BYTES = 4096 };

static int in_sandbox(int (*fn)(int fd))
{
	int fd, status;
	assert_int_equal(os_memory_file(&fd).code, OK);
	pid_t pid = fork();
	if (pid == 0) {
		sandbox_enter(DATA, FILE_BYTES);
		_exit(fn(fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fd_close(&fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int works(int fd)
{
	char page[FILE_BYTES] = { 0 };
	void *p = malloc(DATA / 2);
	bool good = p && write(fd, page, sizeof(page)) == sizeof(page);
	free(p);
	return good ? 0 : 1;
}

static int writes_too_much(int fd)
{
	char page[FILE_BYTES] = { 0 };
	if (write(fd, page, sizeof(page)) != sizeof(page))
		return 1;
	return write(fd, page, 1) == -1 && errno == EFBIG ? 0 : 2;
}

static int allocates_too_much(int fd)
{
	(void)fd;
	return mmap(NULL, 2 * DATA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 0 : 1;
}

static int opens(int fd)
{
	(void)fd;
	return open("/etc/passwd", O_RDONLY) == -1 && (errno == EPERM || errno == EMFILE) ? 0 : 1;
}

static int connects(int fd)
{
	(void)fd;
	return socket(AF_INET, SOCK_STREAM, 0) == -1 ? 0 : 1;
}

#if defined(__x86_64__) || defined(__aarch64__)
static int forks(int fd)
{
	(void)fd;
	return fork() == -1 && errno == EPERM ? 0 : 1;
}

static int executes(int fd)
{
	(void)fd;
	char *argv[] = { (char *)(uintptr_t) "/bin/true", NULL };
	execv(argv[0], argv);
	return errno == EPERM ? 0 : 1;
}

static int makes_code(int fd)
{
	(void)fd;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 1;
	return mprotect(p, 4096, PROT_READ | PROT_EXEC) == -1 &&
			       mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		       ? 0
		       : 2;
}
#endif

static void the_work_is_possible(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(works), 0);
	assert_int_equal(in_sandbox(writes_too_much), 0);
}

static void the_rest_is_not(void **state)
{
	(void)state;
	if (SANITIZED) {
		print_message("# skipped: sanitizer\n");
		return;
	}
	assert_int_equal(in_sandbox(allocates_too_much), 0);
	assert_int_equal(in_sandbox(opens), 0);
	assert_int_equal(in_sandbox(connects), 0);
#if defined(__x86_64__) || defined(__aarch64__)
	assert_int_equal(in_sandbox(forks), 0);
	assert_int_equal(in_sandbox(executes), 0);
	assert_int_equal(in_sandbox(makes_code), 0);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_work_is_possible),
		cmocka_unit_test(the_rest_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
