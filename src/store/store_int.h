// SPDX-License-Identifier: Apache-2.0
// store_int.h: what the files of store/ share.
#pragma once
#include "store/store.h"

// A miss is remembered by the place and the name. The table grows to LIMIT_STORE_MISSES and then forgets all.
bool store_missed(const struct store *s, const char *place, const char *relative);
void store_miss(struct store *s, const char *place, const char *relative);

// The host's name of a folder or file that a path names; NULL when this machine cannot have it. *warning stays as it is
// when there is nothing to say.
const char *store_host_path(struct arena *a, const struct store_home *home, const char *s, const char **warning);

struct store_content { // a file that was accepted
	struct span plain;
	struct span packed; // as it lay in the store when it was compressed; {NULL, 0}: it was not
};
// Puts a copy at root/NAME/KEY/FILE, expanded or (expand false) as it was. NULL when the store cannot be written to,
// which is no error: such stores are passed over.
const char *store_copy(struct store *s, const char *root, const struct store_query *q, const struct store_content *c,
		       bool expand);
