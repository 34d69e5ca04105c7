// SPDX-License-Identifier: Apache-2.0
// fetch_int.h: what the files of the helper's downloads share.
#pragma once
#include "base/limits.h"
#include "base/str.h"
#include "helper/curl.h"

// As store/fetch_int.h has them; the helper is a program of its own and stands on base/ alone.
enum { FD_JOBS, FD_ANSWERS };
enum { FRAME_HEAD = 12, FRAME_TICK = 1, FRAME_START, FRAME_DATA, FRAME_END };
enum { STATUS_OK = 1, STATUS_ABSENT, STATUS_FAILED };
enum { MOST_URLS = 8, VALIDATOR = 256, NO_LIBRARY = 3, BAD_REQUEST = 4 };

struct job {
	const char *url[MOST_URLS];
	unsigned n, which;
	uint64_t max, have; // have: bytes of url[which] that the other side has
	char validator[VALIDATOR + 1];
	unsigned resume_of;  // the address that `have` belongs to
	unsigned at;         // the address to ask next
	unsigned attempts;   // that went wrong
	unsigned forbidden;  // the status of an address that was refused (401, 403); 0: none
	uint64_t not_before; // when it waits for another attempt
	bool done, running;
};
struct settings {
	uint64_t connect_ms, stall_ms, total_ms;
};
struct request {
	struct settings set;
	struct job *jobs;
	size_t n;
};
// E_USAGE: no dumpscope of this version writes that.
MUST_USE err_t request_read(struct arena *a, struct span text, struct request *ret);

enum verdict { GOES_ON, DROPPED_PAGE, BAD_ENCODING, BAD_RANGE, TOO_LARGE, MANY_HEADERS, WEB_PAGE, DEAF };
struct slot { // one connection's worth
	struct fetcher *f;
	CURL *easy;
	struct curl_slist *headers_out;
	struct job *job; // NULL: free
	char reason[CURL_ERROR_SIZE];
	// Of the answer that is coming in.
	enum verdict verdict;
	uint64_t headers, page, offset;
	char validator[VALIDATOR + 1], modified[VALIDATOR + 1];
	uint64_t heard; // when the last byte came; when it began
	bool started, encoded, ranged;
	uint64_t range_from, range_whole;
};
struct fetcher {
	struct arena *a;
	struct curl_lib c;
	CURLM *multi;
	struct request rq;
	struct slot slots[LIMIT_FETCH_CONNECTIONS];
	struct dead { // a server that does not answer is not asked for each of a thousand files
		const char *server;
		const char *why;
	} dead[16];
	size_t n_dead;
	uint64_t ticked;
	bool deaf; // nobody listens any more
};
// answer.c: what a server says, as libcurl hands it over; and frames to the other side.
size_t on_header(char *p, size_t size, size_t n, void *ctx);
size_t on_body(char *p, size_t size, size_t n, void *ctx);
bool start_body(struct slot *s, long http); // sends FRAME_START; false: the body is not wanted
void send_frame(struct fetcher *f, uint32_t job, int kind, struct span payload);
