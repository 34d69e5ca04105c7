// SPDX-License-Identifier: Apache-2.0
// os.h: the only window to the host. Everything that differs between systems is in os_posix.c.
#pragma once
#include "base/base.h"

struct file_map {
	struct span bytes; // the whole file; empty for an empty one
	void *handle;      // the mapping; NULL when there is none
	size_t handle_size;
};
// Maps a regular file read-only; nothing is read until it is touched. E_IO with the reason otherwise. A file
// that another program cuts while it is mapped ends the process with SIGBUS: dumps are not written to while
// they are read.
MUST_USE err_t file_map_open(const char *path, struct file_map *ret);
void file_map_close(struct file_map *m); // safe on a zeroed or closed map
bool file_exists(const char *path);      // a regular file
// The entry `name` of a folder, as it is spelled there, joined to the folder: an exact match first, else a
// case-blind one (Windows file names on case-keeping file systems). NULL when there is none.
char *path_find_nocase(struct arena *a, const char *dir, const char *name);
bool os_is_tty(int fd);
uint64_t os_now_us(void); // monotonic, microseconds
