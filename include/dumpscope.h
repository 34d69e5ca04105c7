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
	size_t size;             /* sizeof(struct ds_options); fields behind it count as 0 */
	const char *image_path;  /* folders with EXE and DLL files, ';' between them; NULL: none */
	size_t max_memory;       /* bytes the session and its commands may allocate; 0: the default, 1 GiB. The dump
	                          * itself is mapped, not allocated. */
	unsigned timeout_ms;     /* time one run may take; 0: no limit */
	const char *symbol_path; /* folders and stores with PDB files and packs, as .sympath takes it; NULL: none.
	                          * Servers are not asked. */
};
/* Receives n bytes of output; called any number of times. */
typedef void ds_write_fn(void *ctx, const char *bytes, size_t n);

/* Opens a dump, or the dump inside a cab, zip, gzip or xz file. A partial dump opens; what is missing is said by
 * the commands. options may be NULL. On failure *session_ret is untouched and why (may be NULL) gets one line. */
DS_API enum ds_status ds_open(const char *path, const struct ds_options *options, struct ds_session **session_ret,
			      char *why, size_t why_size);
/* Runs a command line ("k; lm", "$$>a<script.txt"). JSON: one document a line for each command. The status is that of
 * the first command that failed; its message is part of the output. */
DS_API enum ds_status ds_run(struct ds_session *session, const char *line, enum ds_format format, ds_write_fn *write,
			     void *ctx);

/* ---- rows instead of text: the same facts, as values. Names of rows and fields are those of the JSON documents. */
enum ds_kind {
	DS_ABSENT,  /* not in this dump */
	DS_NUMBER,  /* number: unsigned */
	DS_INTEGER, /* number: signed, as two's complement */
	DS_ADDRESS, /* number: in the target */
	DS_BOOL,    /* number: 0 or 1 */
	DS_STRING,  /* text: UTF-8 */
	DS_LIST     /* items */
};
struct ds_value {
	const char *key; /* the field's name; NULL in lists */
	enum ds_kind kind;
	unsigned long long number;
	const char *text;
	const struct ds_value *items;
	size_t n_items;
};
struct ds_row {
	const char *command;  /* whose answer it is, as typed */
	const char *sections; /* where it stands in that answer: "frames", "registers", "" */
	const char *name;     /* "stack_frame", "module" ... `dumpscope schemas` lists them with their fields */
	const struct ds_value *fields;
	size_t n_fields;
};
enum ds_level { DS_INFO, DS_WARNING, DS_ERROR };
/* Everything passed is valid during the call only. The calls may not use the session. */
struct ds_visitor {
	size_t size; /* sizeof(struct ds_visitor) */
	void *ctx;
	void (*row)(void *ctx, const struct ds_row *row);
	/* code is stable ("symbols.export_only", "usage"); NULL: notes are dropped */
	void (*note)(void *ctx, const char *command, enum ds_level level, const char *code, const char *text);
};
/* Runs a command line and passes its answer to the visitor, in order. The status is as ds_run()'s. */
DS_API enum ds_status ds_run_rows(struct ds_session *session, const char *line, const struct ds_visitor *visitor);

/* Ends a running ds_run() or ds_run_rows() soon; the only call that may come from another thread or a signal
 * handler. */
DS_API void ds_cancel(struct ds_session *session);
DS_API void ds_close(struct ds_session *session); /* NULL is allowed */
DS_API const char *ds_status_name(enum ds_status status); /* "corrupt"; static text */
DS_API const char *ds_version(void);                      /* "0.1.0"; static text */

#ifdef __cplusplus
}
#endif
#endif
