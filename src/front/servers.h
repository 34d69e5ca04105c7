// SPDX-License-Identifier: Apache-2.0
// servers.h: the network, when a path of the user names a server.
#pragma once
#include "store/web.h"

// From here on look-ups through s ask the servers of their paths. NULL when the environment forbids it
// (DUMPSCOPE_NETSYMS=no, as -netsyms:no does); wrong numbers there are told on standard error and passed over.
struct web *front_ask_servers(struct arena *a, struct store *s, volatile int *cancel);
