// SPDX-License-Identifier: Apache-2.0
// fetch_none.c: the helper program built without libcurl's headers.
#include "helper/fetch.h"

int fetch_main(struct arena *a)
{
	enum { NO_LIBRARY = 3 };
	(void)a;
	return NO_LIBRARY;
}
