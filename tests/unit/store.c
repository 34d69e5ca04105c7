// SPDX-License-Identifier: Apache-2.0
// store.c: the grammar of symbol paths, and look-ups in trees that are made here. Names that come from dumps must never
// reach, nor make, anything outside a store. The order of places is that of Microsoft's pages named in store.h.
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ftw.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct arena *a;
static char *root; // everything that the tests make lies below

static const char *at(const char *name)
{
	return path_join(a, root, name);
}

static void put(const char *name, const char *text, size_t n)
{
	char *path = path_join(a, root, name);
	for (char *p = path + strlen(root) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		mkdir(path, 0777);
		*p = '/';
	}
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static const char *get(const char *path)
{
	struct file_map m;
	if (file_map_open(path, &m).code)
		return NULL;
	const char *text = arena_strndup(a, (const char *)m.bytes.p, m.bytes.n);
	file_map_close(&m);
	return text;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static int count;
static int count_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)path, (void)st, (void)ftw;
	count += flag == FTW_F || flag == FTW_SL;
	return 0;
}

static int files_below(const char *dir)
{
	count = 0;
	nftw(dir, count_one, 16, FTW_PHYS);
	return count;
}

static int setup(void **state)
{
	(void)state;
	a = arena_new(64 << 20);
	root = arena_strdup(a, "/tmp/ds_store_XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(a);
	return 0;
}

// ---- the grammar
static const char *shape(const char *text)
{
	struct store_home home = { .downstream = "/down", .home = "/me" };
	struct store_path p;
	store_path_parse(a, &home, text, &p);
	struct sb s = sb_new(a);
	for (size_t i = 0; i < p.n; i++) {
		const struct store_element *e = &p.elements[i];
		sb_printf(&s, "%s%s", i ? " ; " : "", e->is_cache ? "cache" : "");
		for (size_t j = 0; j < e->n_places; j++)
			sb_printf(&s, "%s%c:%s", j || e->is_cache ? " " : "", "?FTH"[e->places[j].kind],
				  e -> places[j].path);
		sb_add(&s, e->warning ? " !" : "");
	}
	return sb_str(&s);
}

static void test_grammar(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "", "" },
		{ ";;", "" },
		{ "/a", "F:/a" },
		{ " /a ; \"/b c\" ", "F:/a ; F:/b c" },
		{ "srv*/a", "T:/a" },
		{ "SRV*/a*/b*https://h/x/", "T:/a T:/b H:https://h/x" },
		{ "srv**/b*http://h", "T:/down T:/b H:http://h" },
		{ "srv*/a*", "T:/a T:/down" },
		{ "symsrv*symsrv.dll*/a*/b", "T:/a T:/b" },
		{ "SymSrv*SymSrv.DLL*/a", "T:/a" },
		{ "symsrv*other.dll*/a", " !" },
		{ "cache*", "cache T:/down" },
		{ "cache*/c;/d", "cache T:/c ; F:/d" },
		{ "cache*/c*x", "cache T:/c !" },
		{ "/a*/b", "T:/a T:/b" },
		{ "srv*http://h*/a", "H:http://h T:/a !" },
		{ "http://h", " !" },
		{ "c:\\sym;/a", " ! ; F:/a" },
		{ "c:/sym", " !" },
		{ "srv*C:\\sym*https://h", "H:https://h !" },
		{ "\\\\server\\share", " !" },
		{ "~/sym;~", "F:/me/sym ; F:/me" },
		{ "sym\\x", "F:sym/x !" },
		{ "/a:/b", "F:/a:/b !" },
		{ "srv*", "cache T:/down ; H:https://msdl.microsoft.com/download/symbols" },
		{ "symsrv*symsrv.dll*", "cache T:/down ; H:https://msdl.microsoft.com/download/symbols" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(shape(cases[i][0]), cases[i][1]);
}

// The texts of Microsoft's page on .symfix.
static void test_expanded(void **state)
{
	(void)state;
	struct store_home home = { .symfix = "c:\\myCache" };
	struct store_path p;
	store_path_parse(a, &home, "c:\\someSymbols;srv*", &p);
	assert_string_equal(p.text, "c:\\someSymbols;srv*");
	assert_string_equal(p.expanded,
			    "c:\\someSymbols;cache*c:\\myCache;SRV*https://msdl.microsoft.com/download/symbols");
	assert_non_null(p.elements[0].warning);
	home.symfix = NULL;
	store_path_parse(a, &home, "SRV*", &p);
	assert_string_equal(p.expanded, "cache*;SRV*https://msdl.microsoft.com/download/symbols");
}

static void test_environment(void **state)
{
	(void)state;
	unsetenv("_NT_ALT_SYMBOL_PATH");
	setenv("_NT_SYMBOL_PATH", "/n", 1);
	assert_string_equal(store_env_symbol_path(a), "/n");
	setenv("_NT_ALT_SYMBOL_PATH", "/alt", 1);
	assert_string_equal(store_env_symbol_path(a), "/alt;/n");
	unsetenv("_NT_SYMBOL_PATH");
	assert_string_equal(store_env_symbol_path(a), "/alt");
	unsetenv("_NT_ALT_SYMBOL_PATH");
	assert_string_equal(store_env_symbol_path(a), "");
	setenv("DBGHELP_HOMEDIR", "/d", 1);
	setenv("_NT_SYMCACHE_PATH", "/s", 1);
	assert_string_equal(store_home(a).downstream, "/d/sym");
	unsetenv("DBGHELP_HOMEDIR");
	assert_string_equal(store_home(a).downstream, "/s");
	unsetenv("_NT_SYMCACHE_PATH");
	setenv("XDG_CACHE_HOME", "/x", 1);
	assert_string_equal(store_home(a).downstream, "/x/dumpscope/sym");
}

static void test_keys(void **state)
{
	(void)state;
	char key[STORE_KEY];
	static const uint8_t guid[16] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
					  0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10 };
	store_key_guid(key, guid, 0x1f);
	assert_string_equal(key, "67452301AB89EFCDFEDCBA98765432101f");
	store_key_stamp(key, 0x3b5528d1, 0xb);
	assert_string_equal(key, "3B5528D1b");
	store_key_image(key, 0x0d8333e6, 0x1046000);
	assert_string_equal(key, "0D8333E61046000");
}

// ---- look-ups
struct want {
	const char *text; // what the file has to begin with; NULL: nothing is accepted
	struct file_map map;
	unsigned asked;
};

static err_t accept_text(void *ctx, const struct store_file *f)
{
	struct want *w = ctx;
	w->asked++;
	size_t n = w->text ? strlen(w->text) : 0;
	if (!w->text || f->map.bytes.n < n || memcmp(f->map.bytes.p, w->text, n) != 0)
		return (err_t){ E_NOTFOUND, "another build", 0 };
	w->map = f->map;
	return ok();
}

static struct store *store;
static const struct store_query plain = { .name = "foo.pdb", .key = "AB1c", .subdir = "dll" };

// Where foo.pdb is found, below the root of the test; NULL: nowhere.
static const char *find_as(const char *path, const struct store_query *q, const char *text)
{
	struct want w = { .text = text };
	struct store_path p;
	struct store_hit hit;
	store = store_new(a);
	store->home = (struct store_home){ .downstream = at("down") };
	store_path_parse(a, &store->home, path, &p);
	if (store_find(store, &p, q, accept_text, &w, &hit).code)
		return NULL;
	file_map_close(&w.map);
	return str_starts(hit.path, root) ? hit.path + strlen(root) + 1 : hit.path;
}

static const char *find(const char *path)
{
	return find_as(path, &plain, "good");
}

static void test_folders(void **state)
{
	(void)state;
	put_text("f/foo.pdb", "good");
	assert_string_equal(find(at("f")), "f/foo.pdb");
	put_text("f/dll/foo.pdb", "good");
	assert_string_equal(find(at("f")), "f/dll/foo.pdb");
	put_text("f/symbols/dll/foo.pdb", "good");
	assert_string_equal(find(at("f")), "f/symbols/dll/foo.pdb");
	put_text("f/symbols/dll/foo.pdb", "bad"); // another build: the next place serves
	assert_string_equal(find(at("f")), "f/dll/foo.pdb");
	put_text("g/FOO.PDB", "good");
	assert_string_equal(find(at("g")), "g/FOO.PDB");
	put_text("h/Foo.pdb/ab1C/foo.PDB", "good"); // a folder may be a store
	assert_string_equal(find(at("h")), "h/Foo.pdb/ab1C/foo.PDB");
	assert_null(find(at("nothing")));
	assert_string_equal(find(arena_printf(a, "%s;%s;%s", at("nothing"), at("g"), at("f"))), "g/FOO.PDB");
	assert_null(find(arena_printf(a, "srv*%s", at("g")))); // a store is no plain folder
}

static void test_tiers_and_pointers(void **state)
{
	(void)state;
	put_text("two/index2.txt", "");
	put_text("two/fo/foo.pdb/AB1c/foo.pdb", "good");
	assert_string_equal(find(arena_printf(a, "srv*%s", at("two"))), "two/fo/foo.pdb/AB1c/foo.pdb");
	put_text("far/other.pdb", "good");
	put_text("ptr/foo.pdb/AB1c/file.ptr", arena_printf(a, "PATH:%s\r\n", at("far/other.pdb")));
	assert_string_equal(find(arena_printf(a, "srv*%s", at("ptr"))), "far/other.pdb");
	put_text("far/other.pdb", "bad"); // what a pointer leads to is judged, too
	assert_null(find(arena_printf(a, "srv*%s", at("ptr"))));
	put_text("msg/foo.pdb/AB1c/file.ptr", "MSG: File is gone");
	assert_null(find(arena_printf(a, "srv*%s", at("msg"))));
	put_text("share/foo.pdb/AB1c/file.ptr", "PATH:\\\\server\\share\\foo.pdb");
	assert_null(find(arena_printf(a, "srv*%s", at("share"))));
}

static void test_copies(void **state)
{
	(void)state;
	put_text("up/foo.pdb/AB1c/foo.pdb", "good one");
	const char *chain = arena_printf(a, "srv*%s*%s*%s", at("c1"), at("c2"), at("up"));
	assert_string_equal(find(chain), "c1/foo.pdb/AB1c/foo.pdb");
	assert_string_equal(get(at("c1/foo.pdb/AB1c/foo.pdb")), "good one");
	assert_string_equal(get(at("c2/foo.pdb/AB1c/foo.pdb")), "good one");
	assert_int_equal(files_below(at("c1")), 1); // no temporary file stays
	unlink(at("up/foo.pdb/AB1c/foo.pdb"));
	assert_string_equal(find(chain), "c1/foo.pdb/AB1c/foo.pdb");

	put_text("plain/foo.pdb", "good two");
	const char *cached = arena_printf(a, "cache*%s;%s", at("c3"), at("plain"));
	assert_string_equal(find(cached), "c3/foo.pdb/AB1c/foo.pdb");
	assert_string_equal(find(arena_printf(a, "%s;cache*%s", at("plain"), at("c4"))), "plain/foo.pdb");
	assert_int_equal(files_below(at("c4")), 0);
	put_text("plain/foo.pdb", "bad"); // what is not accepted is not kept
	assert_null(find(arena_printf(a, "cache*%s;%s", at("c5"), at("plain"))));
	assert_int_equal(files_below(at("c5")), 0);

	put_text("up/foo.pdb/AB1c/foo.pdb", "good");
	put_text("file", ""); // a store that cannot be written to is passed over
	assert_string_equal(find(arena_printf(a, "srv*%s*%s", at("file"), at("up"))), "up/foo.pdb/AB1c/foo.pdb");
	put_text("t/index2.txt", "");
	assert_string_equal(find(arena_printf(a, "srv*%s*%s", at("t"), at("up"))), "t/fo/foo.pdb/AB1c/foo.pdb");
	put_text("case/FOO.pdb/readme", ""); // Windows' spelling of a folder stays one folder
	assert_string_equal(find(arena_printf(a, "srv*%s*%s", at("case"), at("up"))), "case/FOO.pdb/AB1c/foo.pdb");
}

// A cabinet that stores its one file uncompressed (Microsoft Cabinet Format: CFHEADER, CFFOLDER, CFFILE, CFDATA).
static size_t cabinet(uint8_t *buf, const char *name, const char *text)
{
	enum { HEADER = 36, FOLDER = 8, FILE_ENTRY = 16, DATA = 8 };
	size_t n = strlen(text), name_n = strlen(name) + 1, data_at = HEADER + FOLDER + FILE_ENTRY + name_n;
	size_t size = data_at + DATA + n;
	memset(buf, 0, size);
	memcpy(buf, "MSCF", 4);
	buf[8] = (uint8_t)size;
	buf[16] = HEADER + FOLDER;
	buf[24] = 3, buf[25] = 1; // version 1.3
	buf[26] = buf[28] = 1;    // one folder, one file
	buf[HEADER] = (uint8_t)data_at;
	buf[HEADER + 4] = 1; // one block, stored
	buf[HEADER + FOLDER] = (uint8_t)n;
	memcpy(buf + HEADER + FOLDER + FILE_ENTRY, name, name_n);
	buf[data_at + 4] = buf[data_at + 6] = (uint8_t)n;
	memcpy(buf + data_at + DATA, text, n);
	return size;
}

static void test_compressed(void **state)
{
	(void)state;
	uint8_t cab[256];
	size_t n = cabinet(cab, "foo.pdb", "good, packed");
	put("cab/foo.pdb/AB1c/foo.pd_", (const char *)cab, n);
	const char *chain = arena_printf(a, "srv*%s*%s*%s", at("k1"), at("k2"), at("cab"));
	assert_string_equal(find(chain), "k1/foo.pdb/AB1c/foo.pdb");
	assert_string_equal(get(at("k1/foo.pdb/AB1c/foo.pdb")), "good, packed");
	struct file_map m;
	assert_int_equal(file_map_open(at("k2/foo.pdb/AB1c/foo.pd_"), &m).code, OK); // mid-chain it stays packed
	assert_int_equal(m.bytes.n, n);
	assert_memory_equal(m.bytes.p, cab, n);
	file_map_close(&m);
	// Without a downstream store the default one is taken.
	assert_string_equal(find(arena_printf(a, "srv*%s", at("cab"))), "down/foo.pdb/AB1c/foo.pdb");
	cab[n - 1] ^= 1; // another content is another file
	cab[0] = 'X';
	put("cab2/foo.pdb/AB1c/foo.pd_", (const char *)cab, n);
	assert_null(find(arena_printf(a, "srv*%s", at("cab2"))));
}

static void test_other_places(void **state)
{
	(void)state;
	static const char *const more[] = { "windows/ntkrnlmp.pdb/AB-1.json.xz" };
	struct store_query q = { .name = "ntkrnlmp.pdb", .key = "AB1", .more = more, .n_more = 1 };
	put_text("isf/Windows/ntkrnlmp.pdb/ab-1.json.xz", "good");
	assert_string_equal(find_as(at("isf"), &q, "good"), "isf/Windows/ntkrnlmp.pdb/ab-1.json.xz");
	assert_string_equal(find_as(arena_printf(a, "srv*%s", at("isf")), &q, "good"),
			    "isf/Windows/ntkrnlmp.pdb/ab-1.json.xz");
	put_text("bp/foo.pdb/AB1c/foo.sym", "good");
	struct store_query sym = { .name = "foo.pdb", .key = "AB1c", .file = "foo.sym" };
	assert_string_equal(find_as(at("bp"), &sym, "good"), "bp/foo.pdb/AB1c/foo.sym");
}

static unsigned n_gets;
static err_t serve(void *ctx, struct arena *mem, const char *url, const char *const *relatives, size_t n, int fd,
		   size_t *index_ret)
{
	(void)mem;
	n_gets++;
	assert_string_equal(url, "https://h/x");
	assert_true(n >= 3);
	assert_string_equal(relatives[0], "foo.pdb/AB1c/foo.pdb");
	assert_string_equal(relatives[1], "foo.pdb/AB1c/foo.pd_");
	assert_string_equal(relatives[2], "foo.pdb/AB1c/file.ptr");
	if (!ctx)
		return (err_t){ E_NOTFOUND, "404", 0 };
	const char *text = ctx;
	*index_ret = 0;
	return os_write_all(fd, (struct span){ (const uint8_t *)text, strlen(text) });
}

static void test_http(void **state)
{
	(void)state;
	struct want w = { .text = "good" };
	struct store_path p;
	struct store_hit hit;
	store = store_new(a);
	store->home = (struct store_home){ .downstream = at("hdown") };
	store_path_parse(a, &store->home, arena_printf(a, "srv*%s*https://h/x", at("h1")), &p);
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, E_NOTFOUND); // no fetcher
	store_forget(store);
	store->fetcher = (struct store_fetcher){ serve, NULL };
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, E_NOTFOUND);
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, E_NOTFOUND);
	assert_int_equal(n_gets, 1); // a miss is remembered
	store_forget(store);
	static char text[] = "good from afar", bad[] = "bad from afar";
	store->fetcher.ctx = bad;
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, E_NOTFOUND);
	assert_int_equal(files_below(at("h1")), 0); // what does not match is not kept
	store->fetcher.ctx = text;
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, OK);
	assert_string_equal(hit.path, at("h1/foo.pdb/AB1c/foo.pdb"));
	assert_string_equal(hit.origin, "https://h/x/foo.pdb/AB1c/foo.pdb");
	assert_true(hit.copied);
	assert_string_equal(get(hit.path), text);
	file_map_close(&w.map);
	store_path_parse(a, &store->home, "srv*https://h/x", &p);
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, OK);
	assert_string_equal(hit.path, at("hdown/foo.pdb/AB1c/foo.pdb"));
	file_map_close(&w.map);
}

// ---- names from dumps
static void test_hostile_names(void **state)
{
	(void)state;
	static const char *const names[] = { "..",          ".",         "",          "../foo.pdb", "a/b.pdb",
					     "/etc/passwd", "..\\x.pdb", "C:\\x.pdb", "a\nb.pdb",   "a\x7f" };
	put_text("victim", "good");
	put_text("in/up/foo.pdb/AB1c/foo.pdb", "good");
	int before = files_below(root);
	const char *path = arena_printf(a, "srv*%s*%s;%s", at("in/copy"), at("in/up"), at("in"));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct store_query as_name = plain, as_key = plain, as_file = plain, as_sub = plain, as_more = plain;
		as_name.name = names[i];
		as_key.key = names[i];
		as_file.file = names[i];
		as_sub.subdir = names[i];
		const char *more[] = { arena_printf(a, "ok/%s", names[i]) };
		as_more.more = more;
		as_more.n_more = !str_eq(names[i], "a/b.pdb"); // "ok/a/b.pdb" is fine
		as_more.name = as_more.n_more ? "foo.pdb" : "a/b";
		const struct store_query *const all[] = { &as_name, &as_key, &as_file, &as_sub, &as_more };
		for (size_t j = 0; j < ARRAY_LEN(all); j++) {
			assert_null(find_as(path, all[j], "good"));
			assert_int_equal(store->n_refused, 1);
		}
	}
	assert_int_equal(files_below(root), before);
}

// Copies never go through links that lie in a store, and never over them.
static void test_links(void **state)
{
	(void)state;
	put_text("lup/foo.pdb/AB1c/foo.pdb", "good");
	mkdir(at("outside"), 0777);
	mkdir(at("l1"), 0777);
	assert_int_equal(symlink(at("outside"), at("l1/foo.pdb")), 0);
	assert_string_equal(find(arena_printf(a, "srv*%s*%s", at("l1"), at("lup"))), "lup/foo.pdb/AB1c/foo.pdb");
	assert_int_equal(files_below(at("outside")), 0);
	mkdir(at("l2"), 0777);
	mkdir(at("l2/foo.pdb"), 0777);
	mkdir(at("l2/foo.pdb/AB1c"), 0777);
	put_text("victim2", "precious");
	assert_int_equal(symlink(at("victim2"), at("l2/foo.pdb/AB1c/foo.pdb")), 0);
	find(arena_printf(a, "srv*%s*%s", at("l2"), at("lup")));
	assert_string_equal(get(at("victim2")), "precious");
}

// A store in two tiers makes a folder of the first two letters.
static void test_tier_names(void **state)
{
	(void)state;
	struct store_query q = { .name = "..x.pdb", .key = "AB1c" };
	put_text("tup/..x.pdb/AB1c/..x.pdb", "good");
	put_text("tt/t/index2.txt", "");
	assert_string_equal(find_as(arena_printf(a, "srv*%s*%s", at("tt/t"), at("tup")), &q, "good"),
			    "tup/..x.pdb/AB1c/..x.pdb");
	assert_int_equal(files_below(at("tt")), 1);
}

static void test_misses(void **state)
{
	(void)state;
	struct want w = { .text = "good" };
	struct store_path p;
	struct store_hit hit;
	store = store_new(a);
	store_path_parse(a, &store->home, at("m"), &p);
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, E_NOTFOUND);
	put_text("m/foo.pdb", "good");
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, E_NOTFOUND);
	store_forget(store);
	assert_int_equal(store_find(store, &p, &plain, accept_text, &w, &hit).code, OK);
	file_map_close(&w.map);
	for (unsigned i = 0; i < 3000; i++) { // the table grows and keeps what it knows
		struct store_query q = { .name = arena_printf(a, "n%u.pdb", i) };
		assert_int_equal(store_find(store, &p, &q, accept_text, &w, &hit).code, E_NOTFOUND);
	}
	put_text("m/n7.pdb", "good");
	struct store_query q = { .name = "n7.pdb" };
	assert_int_equal(store_find(store, &p, &q, accept_text, &w, &hit).code, E_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grammar, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expanded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tiers_and_pointers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compressed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_http, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tier_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_misses, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
