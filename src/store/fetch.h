// SPDX-License-Identifier: Apache-2.0
// fetch.h: downloads over HTTP and HTTPS. The helper program (src/helper/fetch.c) does them, away from the debugger's
// process; here is what asks it. Nothing calls this but for an http element of a symbol path that the user gave.
#pragma once
#include "base/os.h"

enum fetch_status {
	FETCH_NONE,      // not asked yet
	FETCH_OK,        // fd has all of it
	FETCH_ABSENT,    // the server has none of the addresses (404, 410)
	FETCH_FAILED,    // error says why; what came is in fd
	FETCH_CANCELLED, // Ctrl-C; what came is in fd
};
enum { FETCH_URLS = 8 };
struct fetch_job {
	// Addresses of one content, asked in this order while the answer is that it is not there; NULL ends.
	const char *url[FETCH_URLS];
	int fd; // a regular file for writing, of the caller
	// An earlier, cut download of url[which] that lies in fd: its bytes, and the validator it came with. The server
	// is asked for the rest on condition that the file is still the same, else all of it is written anew.
	unsigned which;
	uint64_t resume;
	const char *validator; // NULL: nothing to resume
	uint64_t max_bytes;    // 0: what the fetch_env says

	// Filled. which, validator (in the arena) and bytes say what is in fd, also after a failure.
	enum fetch_status status;
	err_t error;      // FETCH_FAILED: the reason, reads on after the address
	unsigned http;    // status code of the last answer; 0: none came
	uint64_t bytes;   // in fd
	uint64_t expects; // of the whole, as the server says; 0: it does not
	uint64_t came;    // over the network, all attempts
};
struct fetch_progress {
	size_t done, n;                      // jobs
	uint64_t bytes, expects, per_second; // of the jobs under way and done; expects 0: not known
};
struct fetch_env {
	uint32_t connect_ms, stall_ms, total_ms; // of one connection, of no progress, of one file; 0: default
	uint64_t max_bytes;                      // of one file, unless its job says less; 0: LIMIT_FETCH_GIB
	volatile int *cancel;                    // looked at every 50 ms; may be NULL
	// About ten times a second, with NULL when all is over; may be NULL.
	void (*progress)(void *ctx, const struct fetch_progress *p);
	void *ctx;
};
// What the environment says: DUMPSCOPE_HTTP_CONNECT, _STALL and _TOTAL, in seconds, DUMPSCOPE_HTTP_LIMIT, in bytes.
// E_USAGE.
// The helper itself follows HTTPS_PROXY, http_proxy, NO_PROXY as curl does, _NT_SYMBOL_PROXY before them, and
// CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR.
MUST_USE err_t fetch_env(struct arena *a, struct fetch_env *ret);
// Runs all jobs, up to LIMIT_FETCH_CONNECTIONS at once, in one helper process, and waits for them. A job's own failure
// is in the job; an error here is about all that were not done, and stands in them too: E_IO no helper program,
// E_CANCELLED, E_UNSUPPORTED this system has no libcurl.
MUST_USE err_t fetch_all(struct arena *a, struct fetch_job *jobs, size_t n, const struct fetch_env *env);

// http or https, a host, no control or blank characters, not too long. E_USAGE, E_UNSUPPORTED.
MUST_USE err_t fetch_url_check(struct arena *a, const char *url);
// "https://user:secret@host/x" without what stands before the '@'.
const char *fetch_url_shown(struct arena *a, const char *url);
// server + '/' + relative; the names between '/' in `relative` may come from a dump and are percent-encoded.
// E_CORRUPT: one of them is no name of a file.
MUST_USE err_t fetch_url(struct arena *a, const char *server, const char *relative, const char **ret);

// What a store's file.ptr says (a text of one line: "PATH:..." or "MSG: ...", or the path alone).
struct file_ptr {
	const char *path, *message; // one of them, in the arena, without control characters
};
MUST_USE err_t file_ptr_parse(struct arena *a, struct span text, struct file_ptr *ret); // E_CORRUPT
