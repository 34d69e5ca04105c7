// SPDX-License-Identifier: Apache-2.0
// os.h: everything the program asks of the host: files, time, environment, child processes.
// Only os_*.c knows the host; paths are UTF-8 bytes with '/'. Descriptors are small integers, -1 is none; all are
// opened close-on-exec and released by their explicit close.
#pragma once
#include "base/base.h"

// ---- whole files, mapped read-only. Nothing is copied and nothing is read ahead: a 100 GB dump costs its page tables,
// and memory limits of the process (`ulimit -d`) do not count it.
// The size is that at opening. When another program cuts the file shorter while it is mapped, reading the lost part
// raises SIGBUS, which ends the process; dumps are not rewritten in place, and copying each one to be safe from that
// would cost more than it is worth. The same holds for files of a network file system whose server goes away.
struct file_map {
	struct span bytes; // {NULL, 0} for an empty file
};
// Maps a regular file. Folders, devices, pipes and sockets are refused without being waited for.
// Errors: E_NOTFOUND, E_IO; `what` is static text that reads on after the file's name ("is a folder, not a file").
err_t file_map_open(const char *path, struct file_map *ret) MUST_USE;
err_t file_map_fd(int fd, struct file_map *ret) MUST_USE; // the same for an open descriptor, which stays open
void file_map_close(struct file_map *m);                  // leaves it empty; closing again is harmless

err_t file_open(const char *path, int *fd_ret) MUST_USE; // a regular file for reading; errors as file_map_open
void fd_close(int *fd);                                  // sets it to -1
bool file_exists(const char *path);                      // a regular file
bool folder_exists(const char *path);
err_t file_size(const char *path, uint64_t *ret) MUST_USE;
// Size, and when it was written: nanoseconds since 1970.
err_t file_stamp(const char *path, uint64_t *size_ret, uint64_t *time_ret) MUST_USE;
bool file_age(const char *path, uint64_t *seconds_ret); // since it was last written; false: no such file, or not past

// ---- names
char *path_join(struct arena *a, const char *dir, const char *name);
// The path of `name` in `dir`, ASCII case-blind, because names recorded by Windows are; the exact spelling wins, then
// the first in byte order. NULL when there is none. `name` may come from a dump: one that is empty, "." or "..", or
// has a '/', is never found.
char *path_find_nocase(struct arena *a, const char *dir, const char *name);
// The names in a folder but "." and "..", in byte order. E_LIMIT: more than `most`.
err_t os_list(struct arena *a, const char *dir, size_t most, const char ***names_ret, size_t *n_ret) MUST_USE;
const char *os_env(const char *name); // NULL when unset or empty, or when the program runs with raised privileges
char *os_cache_dir(struct arena *a);  // $XDG_CACHE_HOME/dumpscope or ~/.cache/dumpscope, not created; NULL: no home
char *os_state_dir(struct arena *a);  // the same with $XDG_STATE_HOME, ~/.local/state
char *os_exe_dir(struct arena *a);    // the folder of the running program; NULL when unknown

bool os_is_tty(int fd);
uint64_t os_now_us(void);      // monotonic microseconds since an arbitrary start
void os_sleep_ms(unsigned ms); // less when a signal comes
// The host's local time by a format of strftime; NULL: it has none, or n is too small.
const char *os_local_time(char *buf, size_t n, const char *format);
unsigned os_local_ms(void); // milliseconds of the second that the host's clock is in

// ---- scratch files: nameless, gone with their last descriptor or mapping.
err_t os_memory_file(int *fd_ret) MUST_USE;                // kept in memory
err_t os_temp_file(const char *dir, int *fd_ret) MUST_USE; // kept on the disk of `dir`
// Makes a memory file immutable, so that no left-over writer can change or cut what is mapped.
err_t os_seal(int fd) MUST_USE;

// ---- a new file in a tree of folders that others may use: it has its name only when it is complete
struct os_new_file {
	int dir, fd; // -1: none
	char temp[40];
};
// A file in root/folders[0]/.../folders[n - 1]. Folders are made when they are missing, root with its parents; below
// root no symbolic link is followed, and the names of folders have no '/' and are not "..".
err_t os_new_file_open(const char *root, const char *const *folders, size_t n, struct os_new_file *ret) MUST_USE;
// The same for one that is there, for reading and writing: it loses its name. E_NOTFOUND: there is none.
err_t os_new_file_take(const char *root, const char *const *folders, size_t n, const char *name,
		       struct os_new_file *ret) MUST_USE;
err_t os_write_all(int fd, struct span bytes) MUST_USE;
// Gives it its name. When there is one already it is replaced or (replace false) kept.
err_t os_new_file_name(struct os_new_file *f, const char *name, bool replace) MUST_USE;
void os_new_file_close(struct os_new_file *f); // without a name so far: it is gone

// ---- writing
err_t fd_write_at(int fd, uint64_t at, const void *p, size_t n) MUST_USE; // all of it, or E_IO
err_t fd_truncate(int fd, uint64_t n) MUST_USE;

// ---- child processes
struct os_child {
	int pid; // 0: none, or already waited for
};
enum { OS_EXIT_UNKNOWN = -1 };
// Starts argv[0] (a path; argv ends with NULL) with fds[i] as its descriptor i and no other descriptor open; -1 leaves
// descriptor i closed. Signal handling starts at the defaults, the environment is ours.
err_t os_spawn(const char *const *argv, const int *fds, size_t n_fds, struct os_child *ret) MUST_USE;
void os_kill(const struct os_child *c); // at once
// Waits for the end. *exit_ret is 0-255 or OS_EXIT_UNKNOWN; *signal_ret is 0 or the signal that ended it.
void os_wait(struct os_child *c, int *exit_ret, int *signal_ret);
bool os_signal_is_interrupt(int sig); // Ctrl-C, or a polite request to end
err_t os_pipe(int *read_ret, int *write_ret) MUST_USE;
// Reads to the end of a pipe or file; what passes `cap` is read and dropped. E_LIMIT at `deadline_us` (os_now_us()).
err_t os_read_all(int fd, char *buf, size_t cap, uint64_t deadline_us, size_t *n_ret) MUST_USE;
// What there is, at least a byte, within timeout_ms; *n_ret 0 and *end_ret false: nothing came.
err_t os_read_some(int fd, void *buf, size_t cap, unsigned timeout_ms, size_t *n_ret, bool *end_ret) MUST_USE;
