// SPDX-License-Identifier: Apache-2.0
// os_posix.c: os.h for Linux (memfd_create, O_TMPFILE and /proc are not in POSIX).
#include "base/os.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>

// strerrordesc_np: text that is never freed or translated, as err_t asks.
static err_t host_error(int error)
{
	const char *text = strerrordesc_np(error);
	bool gone = error == ENOENT || error == ENOTDIR;
	return fail(gone ? E_NOTFOUND : E_IO, text ? text : "unknown error", 0);
}

static err_t want_regular(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return ok();
	return fail(E_IO,
		    S_ISDIR(st->st_mode)                           ? "is a folder, not a file"
		    : S_ISFIFO(st->st_mode)                        ? "is a pipe, not a file"
		    : S_ISSOCK(st->st_mode)                        ? "is a socket, not a file"
		    : S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode) ? "is a device, not a file"
								   : "is not a regular file",
		    0);
}

err_t file_open(const char *path, int *fd_ret)
{
	struct stat st;
	if (stat(path, &st) != 0) // before open: opening a device can already do something to it
		return host_error(errno);
	TRY(want_regular(&st));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return host_error(errno);
	if (fstat(fd, &st) != 0) {
		err_t e = host_error(errno);
		fd_close(&fd);
		return e;
	}
	err_t e = want_regular(&st);
	if (e.code)
		fd_close(&fd);
	else
		*fd_ret = fd;
	return e;
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

err_t file_map_fd(int fd, struct file_map *ret)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return host_error(errno);
	TRY(want_regular(&st));
	if (st.st_size < 0 || (uint64_t)st.st_size > PTRDIFF_MAX)
		return fail(E_LIMIT, "is too large for this machine's address space", 0);
	size_t n = (size_t)st.st_size;
	if (!n) {
		*ret = (struct file_map){ { NULL, 0 } };
		return ok();
	}
	void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return host_error(errno);
	*ret = (struct file_map){ { p, n } };
	return ok();
}

err_t file_map_open(const char *path, struct file_map *ret)
{
	int fd;
	TRY(file_open(path, &fd));
	err_t e = file_map_fd(fd, ret);
	fd_close(&fd);
	return e;
}

void file_map_close(struct file_map *m)
{
	if (m->bytes.n)
		munmap((void *)(uintptr_t)m->bytes.p, m->bytes.n);
	m->bytes = (struct span){ NULL, 0 };
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool folder_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

err_t file_size(const char *path, uint64_t *ret)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return host_error(errno);
	TRY(want_regular(&st));
	*ret = st.st_size < 0 ? 0 : (uint64_t)st.st_size;
	return ok();
}

err_t file_stamp(const char *path, uint64_t *size_ret, uint64_t *time_ret)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return host_error(errno);
	*size_ret = (uint64_t)st.st_size;
	*time_ret = (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
	return ok();
}

char *path_join(struct arena *a, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	return arena_printf(a, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}

char *path_find_nocase(struct arena *a, const char *dir, const char *name)
{
	if (!*name || str_eq(name, ".") || str_eq(name, "..") || strchr(name, '/'))
		return NULL;
	DIR *d = opendir(dir);
	if (!d)
		return NULL;
	struct stat st;
	if (fstatat(dirfd(d), name, &st, 0) == 0) {
		closedir(d);
		return path_join(a, dir, name);
	}
	char best[NAME_MAX + 1] = "";
	for (const struct dirent *e; (e = readdir(d));) {
		size_t n = strlen(e->d_name);
		if (str_ieq(e->d_name, name) && n < sizeof(best) && (!*best || strcmp(e->d_name, best) < 0))
			memcpy(best, e->d_name, n + 1);
	}
	closedir(d);
	return *best ? path_join(a, dir, best) : NULL;
}

const char *os_env(const char *name)
{
	const char *v = secure_getenv(name);
	return v && *v ? v : NULL;
}

static char *xdg_dir(struct arena *a, const char *variable, const char *fallback)
{
	const char *xdg = os_env(variable), *home = os_env("HOME");
	if (xdg && *xdg == '/') // the XDG specification: a relative path is invalid and ignored
		return path_join(a, xdg, "dumpscope");
	return home ? path_join(a, home, fallback) : NULL;
}

char *os_cache_dir(struct arena *a)
{
	return xdg_dir(a, "XDG_CACHE_HOME", ".cache/dumpscope");
}

char *os_state_dir(struct arena *a)
{
	return xdg_dir(a, "XDG_STATE_HOME", ".local/state/dumpscope");
}

char *os_exe_dir(struct arena *a)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
	if (n <= 0 || (size_t)n == sizeof(path))
		return NULL;
	const char *slash = memrchr(path, '/', (size_t)n);
	return slash ? arena_strndup(a, path, (size_t)MAX(slash - path, (ptrdiff_t)1)) : NULL;
}

bool os_is_tty(int fd)
{
	return isatty(fd) == 1;
}

uint64_t os_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void os_sleep_ms(unsigned ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	nanosleep(&ts, NULL);
}

const char *os_local_time(char *buf, size_t n, const char *format)
{
	time_t now = time(NULL);
	struct tm tm;
	// The format comes from our own callers.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return localtime_r(&now, &tm) && strftime(buf, n, format, &tm) ? buf : NULL;
#pragma GCC diagnostic pop
}

unsigned os_local_ms(void)
{
	struct timespec now;
	return clock_gettime(CLOCK_REALTIME, &now) ? 0 : (unsigned)(now.tv_nsec / 1000000);
}

err_t os_memory_file(int *fd_ret)
{
	int fd = memfd_create("dumpscope", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return host_error(errno);
	*fd_ret = fd;
	return ok();
}

err_t os_temp_file(const char *dir, int *fd_ret)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) { // some file systems have no O_TMPFILE
		char path[PATH_MAX];
		size_t n = strlen(dir);
		static const char tail[] = "/dumpscope-XXXXXX";
		if (n > sizeof(path) - sizeof(tail))
			return host_error(ENAMETOOLONG);
		memcpy(path, dir, n);
		memcpy(path + n, tail, sizeof(tail));
		fd = mkostemp(path, O_CLOEXEC);
		if (fd < 0)
			return host_error(errno);
		unlink(path);
	}
	*fd_ret = fd;
	return ok();
}

// mkdir -p; a folder that is there is none of our business.
static err_t make_folders(const char *path)
{
	char part[PATH_MAX];
	size_t n = strlen(path);
	if (n >= sizeof(part))
		return host_error(ENAMETOOLONG);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdir(part, 0777) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
			return host_error(errno);
	}
	return ok();
}

static bool is_component(const char *name)
{
	return *name && !strchr(name, '/') && !str_eq(name, ".") && !str_eq(name, "..");
}

static int open_folder(int dir, const char *name)
{
	int sub = -1;
	if (mkdirat(dir, name, 0777) == 0 || errno == EEXIST)
		sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;
	close(dir);
	errno = error;
	return sub;
}

static err_t new_file_folder(const char *root, const char *const *folders, size_t n, struct os_new_file *ret)
{
	*ret = (struct os_new_file){ .dir = -1, .fd = -1 };
	for (size_t i = 0; i < n; i++)
		if (!is_component(folders[i]))
			return host_error(EINVAL);
	TRY(make_folders(root));
	int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; dir >= 0 && i < n; i++)
		dir = open_folder(dir, folders[i]);
	if (dir < 0)
		return host_error(errno);
	uint64_t random = 0;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = os_now_us();
	snprintf(ret->temp, sizeof(ret->temp), ".dumpscope-%016" PRIx64, random);
	ret->dir = dir;
	return ok();
}

err_t os_new_file_open(const char *root, const char *const *folders, size_t n, struct os_new_file *ret)
{
	TRY(new_file_folder(root, folders, n, ret));
	ret->fd = openat(ret->dir, ret->temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (ret->fd >= 0)
		return ok();
	err_t e = host_error(errno);
	ret->temp[0] = 0;
	os_new_file_close(ret);
	return e;
}

err_t os_new_file_take(const char *root, const char *const *folders, size_t n, const char *name,
		       struct os_new_file *ret)
{
	TRY(new_file_folder(root, folders, n, ret));
	if (is_component(name) && renameat(ret->dir, name, ret->dir, ret->temp) == 0)
		ret->fd = openat(ret->dir, ret->temp, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (ret->fd >= 0)
		return ok();
	err_t e = host_error(errno);
	ret->temp[0] = 0;
	os_new_file_close(ret);
	return e;
}

err_t os_write_all(int fd, struct span bytes)
{
	enum { CHUNK = 1 << 30 };
	for (size_t at = 0; at < bytes.n;) {
		ssize_t put = write(fd, bytes.p + at, MIN(bytes.n - at, (size_t)CHUNK));
		if (put < 0 && errno != EINTR)
			return host_error(errno);
		if (put > 0)
			at += (size_t)put;
	}
	return ok();
}

err_t os_new_file_name(struct os_new_file *f, const char *name, bool replace)
{
	if (!is_component(name))
		return host_error(EINVAL);
	int done = renameat2(f->dir, f->temp, f->dir, name, replace ? 0 : RENAME_NOREPLACE);
	struct stat st;
	if (done != 0 && (errno == EINVAL || errno == ENOSYS) && !replace) { // a file system without the flag
		if (fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			done = renameat(f->dir, f->temp, f->dir, name);
		else
			errno = EEXIST;
	}
	if (done != 0 && errno != EEXIST)
		return host_error(errno);
	if (done == 0)
		f->temp[0] = 0;
	return ok();
}

void os_new_file_close(struct os_new_file *f)
{
	if (f->dir >= 0 && f->temp[0])
		unlinkat(f->dir, f->temp, 0);
	fd_close(&f->fd);
	fd_close(&f->dir);
}

err_t os_seal(int fd)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	return fcntl(fd, F_ADD_SEALS, seals) == 0 ? ok() : host_error(errno);
}

// Descriptors are dup2ed in two steps, through numbers above all targets, so that no step closes what a later one
// needs.
static int add_fds(posix_spawn_file_actions_t *fa, const int *fds, size_t n)
{
	int error = 0, count = (int)n, above = count;
	for (size_t i = 0; i < n; i++)
		above = MAX(above, fds[i] + 1);
	for (int i = 0; i < count && !error; i++)
		if (fds[i] >= 0)
			error = posix_spawn_file_actions_adddup2(fa, fds[i], above + i);
	for (int i = 0; i < count && !error; i++)
		error = fds[i] >= 0 ? posix_spawn_file_actions_adddup2(fa, above + i, i)
				    : posix_spawn_file_actions_addclose(fa, i);
	return error ? error : posix_spawn_file_actions_addclosefrom_np(fa, count);
}

err_t os_spawn(const char *const *argv, const int *fds, size_t n_fds, struct os_child *ret)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t all, none;
	sigfillset(&all);
	sigemptyset(&none);
	int error = posix_spawn_file_actions_init(&fa);
	if (error)
		return host_error(error);
	error = posix_spawnattr_init(&attr);
	if (error) {
		posix_spawn_file_actions_destroy(&fa);
		return host_error(error);
	}
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	error = add_fds(&fa, fds, n_fds);
	pid_t pid = 0;
	if (!error) // posix_spawn does not write to the strings; its prototype is older than const
		error = posix_spawn(&pid, argv[0], &fa, &attr, (char *const *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	if (error)
		return host_error(error);
	ret->pid = pid;
	return ok();
}

void os_kill(const struct os_child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
}

void os_wait(struct os_child *c, int *exit_ret, int *signal_ret)
{
	int status = 0;
	pid_t got = 0;
	*exit_ret = OS_EXIT_UNKNOWN;
	*signal_ret = 0;
	if (c->pid <= 0)
		return;
	do
		got = waitpid(c->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	c->pid = 0;
	if (got < 0) // the host program ignores SIGCHLD: children vanish
		return;
	if (WIFEXITED(status))
		*exit_ret = WEXITSTATUS(status);
	else if (WIFSIGNALED(status))
		*signal_ret = WTERMSIG(status);
}

bool os_signal_is_interrupt(int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP;
}

err_t os_pipe(int *read_ret, int *write_ret)
{
	int p[2];
	if (pipe2(p, O_CLOEXEC) != 0)
		return host_error(errno);
	*read_ret = p[0];
	*write_ret = p[1];
	return ok();
}

err_t os_read_all(int fd, char *buf, size_t cap, uint64_t deadline_us, size_t *n_ret)
{
	size_t n = 0;
	for (;;) {
		uint64_t now = os_now_us();
		if (now >= deadline_us)
			return fail(E_LIMIT, "took too long", 0);
		uint64_t ms = MIN((deadline_us - now) / 1000 + 1, (uint64_t)INT_MAX);
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int ready = poll(&p, 1, (int)ms);
		if (ready == 0 || (ready < 0 && errno == EINTR))
			continue;
		char rest[512];
		bool full = n == cap;
		ssize_t got = ready < 0 ? -1 : read(fd, full ? rest : buf + n, full ? sizeof(rest) : cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return host_error(errno);
		if (got == 0)
			break;
		if (!full)
			n += (size_t)got;
	}
	*n_ret = n;
	return ok();
}

err_t os_read_some(int fd, void *buf, size_t cap, unsigned timeout_ms, size_t *n_ret, bool *end_ret)
{
	*n_ret = 0;
	*end_ret = false;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ready = poll(&p, 1, (int)MIN(timeout_ms, (unsigned)INT_MAX));
	if (ready == 0 || (ready < 0 && errno == EINTR))
		return ok();
	ssize_t got = ready < 0 ? -1 : read(fd, buf, cap);
	if (got < 0 && errno == EINTR)
		return ok();
	if (got < 0)
		return host_error(errno);
	*n_ret = (size_t)got;
	*end_ret = got == 0;
	return ok();
}

err_t fd_write_at(int fd, uint64_t at, const void *p, size_t n)
{
	for (const uint8_t *from = p; n;) {
		ssize_t done = pwrite(fd, from, n, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? host_error(errno) : fail(E_IO, "nothing could be written", 0);
		from += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return ok();
}

err_t fd_truncate(int fd, uint64_t n)
{
	return ftruncate(fd, (off_t)n) == 0 ? ok() : host_error(errno);
}

bool file_age(const char *path, uint64_t *seconds_ret)
{
	struct stat st;
	struct timespec now;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || clock_gettime(CLOCK_REALTIME, &now) != 0 ||
	    st.st_mtim.tv_sec > now.tv_sec)
		return false;
	*seconds_ret = (uint64_t)(now.tv_sec - st.st_mtim.tv_sec);
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

err_t os_list(struct arena *a, const char *dir, size_t most, const char ***names_ret, size_t *n_ret)
{
	DIR *d = opendir(dir);
	if (!d)
		return host_error(errno);
	struct sb all = sb_new(a);
	size_t n = 0;
	for (const struct dirent *e; n <= most && (e = readdir(d));) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		sb_addn(&all, e->d_name, strlen(e->d_name) + 1);
		n++;
	}
	closedir(d);
	if (n > most)
		return fail(E_LIMIT, "has too many files", n);
	const char **names = NEW_N(a, const char *, n + 1);
	const char *p = sb_str(&all);
	for (size_t i = 0; i < n; i++, p += strlen(p) + 1)
		names[i] = p;
	qsort(names, n, sizeof(*names), by_bytes);
	*names_ret = names;
	*n_ret = n;
	return ok();
}
