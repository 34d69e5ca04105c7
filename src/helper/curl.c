// SPDX-License-Identifier: Apache-2.0
// curl.c: finds libcurl. Its two flavours in Debian have one interface and differ in the TLS library.
#include "helper/curl.h"

#include <dlfcn.h>

static void *symbol(void *lib, const char *name, bool *good)
{
	void *p = dlsym(lib, name);
	*good = *good && p;
	return p;
}

// ISO C has no cast from object to function pointers.
#define LOAD(member, name)                                       \
	do {                                                     \
		union {                                          \
			void *p;                                 \
			__typeof__(ret->member) f;               \
		} u = { .p = symbol(lib, "curl_" name, &good) }; \
		ret->member = u.f;                               \
	} while (0)

bool curl_lib_load(struct curl_lib *ret)
{
	static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4" };
	void *lib = NULL;
	for (size_t i = 0; !lib && i < ARRAY_LEN(names); i++)
		lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return false;
	bool good = true;
	LOAD(global_init, "global_init");
	LOAD(easy_init, "easy_init");
	LOAD(easy_cleanup, "easy_cleanup");
	LOAD(easy_reset, "easy_reset");
	LOAD(easy_setopt, "easy_setopt");
	LOAD(easy_getinfo, "easy_getinfo");
	LOAD(easy_strerror, "easy_strerror");
	LOAD(slist_append, "slist_append");
	LOAD(slist_free, "slist_free_all");
	LOAD(multi_init, "multi_init");
	LOAD(multi_add, "multi_add_handle");
	LOAD(multi_remove, "multi_remove_handle");
	LOAD(multi_perform, "multi_perform");
	LOAD(multi_poll, "multi_poll");
	LOAD(multi_info, "multi_info_read");
	LOAD(multi_setopt, "multi_setopt");
	return good;
}
