// SPDX-License-Identifier: Apache-2.0
// web.h: how look-ups reach symbol servers: what was asked lately, what was begun, what comes in parallel.
//
// In the cache folder (os_cache_dir()) it keeps `absent/`: an empty file for each address a server did not have, good
// for LIMIT_FETCH_ABSENT_SECONDS; and `partial/`: downloads that were cut, each followed by the server's validator.
// Both can be deleted at any time. Without such a folder everything works but is not remembered.
#pragma once
#include "store/fetch.h"
#include "store/store.h"

struct web_item;
struct web_batch;
struct web {
	struct arena *a;
	struct fetch_env env;
	bool retry;                // do not believe `absent/`
	const struct store *store; // whose `overwrite` means the same; may be NULL
	// Look-ups write down what they would ask for, and find nothing on servers; web_run() then brings all of it at
	// once, and the look-ups are made again. A look-up asks one server at a time: repeat until nothing is waiting.
	bool collect;
	err_t error;       // the first reason since it was last reset why a server did not answer a look-up
	const char *cache; // NULL: none
	struct web_item *items;
	struct web_batch *batch; // what web_run() works with
	size_t n_waiting;
	uint64_t came; // bytes over the network
	size_t n_asked;
};
// env as fetch_env() fills it. The web and what it remembers live in the arena.
struct web *web_new(struct arena *a, const struct fetch_env *env);
struct store_fetcher web_fetcher(struct web *w); // for struct store
// Brings what was written down. E_CANCELLED; other failures are those of single files and turn up in their look-ups.
MUST_USE err_t web_run(struct web *w);
void web_close(struct web *w); // what was brought and not looked up is gone
