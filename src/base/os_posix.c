// SPDX-License-Identifier: Apache-2.0
// os_posix.c: the host, for POSIX systems.
#include "base/os.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

err_t file_map_open(const char *path, struct file_map *ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(E_IO, strerror(errno), 0);
	err_t e = ok();
	*ret = (struct file_map){ 0 };
	if (fstat(fd, &st) != 0)
		e = fail(E_IO, strerror(errno), 0);
	else if (S_ISDIR(st.st_mode))
		e = fail(E_IO, "is a folder, not a file", 0);
	else if (!S_ISREG(st.st_mode))
		e = fail(E_IO, "is not a regular file", 0);
	else if (st.st_size > 0) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			e = fail(E_IO, strerror(errno), 0);
		else
			*ret = (struct file_map){ { p, (size_t)st.st_size }, p, (size_t)st.st_size };
	}
	close(fd);
	return e;
}

void file_map_close(struct file_map *m)
{
	if (m->handle)
		munmap(m->handle, m->handle_size);
	*m = (struct file_map){ 0 };
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

char *path_find_nocase(struct arena *a, const char *dir, const char *name)
{
	char *exact = arena_printf(a, "%s/%s", dir, name);
	struct stat st;
	if (!*name || strchr(name, '/') || str_eq(name, ".."))
		return NULL;
	if (stat(exact, &st) == 0)
		return exact;
	DIR *d = opendir(dir);
	char *hit = NULL;
	for (struct dirent *e; d && !hit && (e = readdir(d));)
		if (str_ieq(e->d_name, name))
			hit = arena_printf(a, "%s/%s", dir, e->d_name);
	if (d)
		closedir(d);
	return hit;
}

bool os_is_tty(int fd)
{
	return isatty(fd) == 1;
}

uint64_t os_now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}
