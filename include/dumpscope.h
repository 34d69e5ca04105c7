/* SPDX-License-Identifier: Apache-2.0 */
/* dumpscope.h: open a Windows dump, run WinDbg's commands on it, read the answers as text or JSON.
 *
 * A session belongs to one thread at a time; several sessions are independent. Nothing here prints, ends the
 * process, or keeps a pointer that it was given after the call. */
#ifndef DUMPSCOPE_H
#define DUMPSCOPE_H
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DS_API __attribute__((visibility("default")))
#else
#define DS_API
#endif

enum ds_status {
	DS_OK = 0,
	DS_E_ABSENT,      /* not in this dump */
	DS_E_CORRUPT,     /* the bytes contradict their own format */
	DS_E_NOTFOUND,    /* no such name */
	DS_E_AMBIGUOUS,   /* more than one answer */
	DS_E_USAGE,       /* the command's text is wrong */
	DS_E_UNSUPPORTED, /* understood, but not done */
	DS_E_LIMIT,       /* a memory or time limit ended the work */
	DS_E_CANCELLED,   /* ds_cancel() ended the command */
	DS_E_IO           /* the file could not be read */
};
enum ds_format { DS_TEXT, DS_JSON };

struct ds_session;
struct ds_options {
	size_t size;            /* sizeof(struct ds_options) */
	const char *image_path; /* folders with EXE and DLL files, ';' between them; NULL: none */
	size_t max_memory;      /* bytes the session may allocate; 0: the default, 1 GiB */
	unsigned timeout_ms;    /* time one ds_run() may take; 0: no limit */
};
/* Receives n bytes of output; called any number of times. */
typedef void ds_write_fn(void *ctx, const char *bytes, size_t n);

/* Opens a dump, or the dump inside a cab, zip, gzip or xz file. A partial dump opens; what is missing is said by
 * the commands. options may be NULL. On failure *session_ret is untouched and why (may be NULL) gets one line. */
DS_API enum ds_status ds_open(const char *path, const struct ds_options *options, struct ds_session **session_ret,
			      char *why, size_t why_size);
/* Runs a command line ("k; lm"). JSON: one document a line for each command. The status is that of the first
 * command that failed; its message is part of the output. */
DS_API enum ds_status ds_run(struct ds_session *session, const char *line, enum ds_format format, ds_write_fn *write,
			     void *ctx);
/* Ends a running ds_run() soon; the only call that may come from another thread or a signal handler. */
DS_API void ds_cancel(struct ds_session *session);
DS_API void ds_close(struct ds_session *session); /* NULL is allowed */
DS_API const char *ds_status_name(enum ds_status status); /* "corrupt"; static text */
DS_API const char *ds_version(void);                      /* "0.1.0"; static text */

#ifdef __cplusplus
}
#endif
#endif
