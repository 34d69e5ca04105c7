// SPDX-License-Identifier: Apache-2.0
// fuzz_store.c: lines: a symbol path, a file name, a key, a sub-folder, a further place. The path is parsed; the names
// are looked for in a small tree, which holds a file under whatever it is asked for. Beyond "no crash": elements are
// whole, parsing the expanded path gives the same places, what is offered lies below the tree, and nothing is written.
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXT = 8192, ARENA = 64 << 20, LINES = 5 };
static void check(bool good)
{
	if (!good)
		abort();
}

static const char *const folders[] = { "a.pdb", "a.pdb/K1", "symbols", "symbols/dll", "dll", "b", "b/c" };
static const char *const files[] = { "a.pdb/K1/a.pdb", "symbols/dll/a.pdb", "dll/a.pdb", "b/c/d", "index2.txt", "x" };

static void make_tree(struct arena *a, const char *root)
{
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		check(mkdir(path_join(a, root, folders[i]), 0700) == 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		FILE *f = fopen(path_join(a, root, files[i]), "w");
		check(f && fputs(files[i], f) >= 0 && fclose(f) == 0);
	}
}

static void remove_tree(struct arena *a, const char *root)
{
	for (size_t i = ARRAY_LEN(files); i-- > 0;)
		check(unlink(path_join(a, root, files[i])) == 0);
	for (size_t i = ARRAY_LEN(folders); i-- > 0;)
		check(rmdir(path_join(a, root, folders[i])) == 0); // fails when something was written
	check(rmdir(root) == 0);
}

struct offered {
	const char *root;
	bool take;
	struct file_map map;
};

static err_t accept_file(void *ctx, const struct store_file *f)
{
	struct offered *o = ctx;
	size_t n = strlen(o->root);
	check(strncmp(f->path, o->root, n) == 0 && f->path[n] == '/' && !strstr(f->path + n, "/../"));
	if (!o->take)
		return fail(E_NOTFOUND, "not wanted", 0);
	o->map = f->map;
	return ok();
}

static void parse(struct arena *a, const char *text)
{
	struct store_home home = { .downstream = "/down", .home = "/me", .symfix = strlen(text) & 1 ? "/fix" : NULL };
	struct store_path p, again;
	store_path_parse(a, &home, text, &p);
	check(str_eq(p.text, text) && p.expanded);
	size_t http = 0, http_again = 0;
	for (size_t i = 0; i < p.n; i++) {
		const struct store_element *e = &p.elements[i];
		check(e->text && *e->text && (e->n_places || e->warning) && (!e->is_cache || e->n_places <= 1));
		for (size_t j = 0; j < e->n_places; j++) {
			check(e->places[j].kind != STORE_NONE && e->places[j].path);
			http += e->places[j].kind == STORE_HTTP;
		}
	}
	store_path_parse(a, &home, p.expanded, &again);
	for (size_t i = 0; i < again.n; i++)
		for (size_t j = 0; j < again.elements[i].n_places; j++)
			http_again += again.elements[i].places[j].kind == STORE_HTTP;
	check(p.n < 64 ? again.n == p.n && http_again == http : true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > MAX_TEXT || memchr(data, 0, size))
		return 0;
	struct arena *a = arena_new(ARENA);
	char *text = arena_strndup(a, (const char *)data, size), *lines[LINES] = { 0 };
	for (size_t i = 0; i < LINES; i++) {
		lines[i] = text;
		text += strcspn(text, "\n");
		if (*text)
			*text++ = 0;
	}
	parse(a, lines[0]);
	char root[] = "/tmp/ds_fuzz_store_XXXXXX";
	check(mkdtemp(root) != NULL);
	make_tree(a, root);
	struct store *s = store_new(a);
	const char *more[] = { lines[4] };
	struct store_query q = { .name = lines[1],
				 .key = *lines[2] ? lines[2] : NULL,
				 .subdir = *lines[3] ? lines[3] : NULL,
				 .more = more,
				 .n_more = *lines[4] != 0 };
	struct store_hit hit;
	struct offered o = { .root = root };
	check(store_find_in(s, root, &q, accept_file, &o, &hit).code != OK);
	store_forget(s);
	o.take = true;
	if (!store_find_in(s, root, &q, accept_file, &o, &hit).code) {
		check(store_name_ok(q.name) && str_starts(hit.path, root) && !hit.copied);
		file_map_close(&o.map);
	}
	struct store_path p; // copies stay in the one cache that there is
	store_path_parse(a, &s->home, arena_printf(a, "cache*%s/cache;%s", root, root), &p);
	s->no_copies = true;
	if (!store_find(s, &p, &q, accept_file, &o, &hit).code)
		file_map_close(&o.map);
	remove_tree(a, root);
	arena_free(a);
	return 0;
}
