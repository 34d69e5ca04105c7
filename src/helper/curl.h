// SPDX-License-Identifier: Apache-2.0
// curl.h: libcurl, loaded when downloads are asked for: linked, it and what it brings would cost every unpacking its
// start, and a system without it could not unpack either.
#pragma once
#include "base/base.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

struct curl_lib {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *h);
	void (*easy_reset)(CURL *h);
	CURLcode (*easy_setopt)(CURL *h, CURLoption o, ...);
	CURLcode (*easy_getinfo)(CURL *h, CURLINFO i, ...);
	const char *(*easy_strerror)(CURLcode c);
	struct curl_slist *(*slist_append)(struct curl_slist *l, const char *s);
	void (*slist_free)(struct curl_slist *l);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_add)(CURLM *m, CURL *h);
	CURLMcode (*multi_remove)(CURLM *m, CURL *h);
	CURLMcode (*multi_perform)(CURLM *m, int *running);
	CURLMcode (*multi_poll)(CURLM *m, struct curl_waitfd *extra, unsigned n, int ms, int *ready);
	CURLMsg *(*multi_info)(CURLM *m, int *left);
	CURLMcode (*multi_setopt)(CURLM *m, CURLMoption o, ...);
};
bool curl_lib_load(struct curl_lib *ret); // false: this system has none
