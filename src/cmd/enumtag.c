// SPDX-License-Identifier: Apache-2.0
// enumtag.c: .enumtag: secondary data that drivers left in a kernel dump, with its bytes. Layout:
// -enumtag--enumerate-secondary-callback-data-.md of Microsoft's debugger documentation.
#include "cmd/secondary.h"

#include "target/kernel.h"

extern const struct cmd cmd_enumtag;

static const struct field secondary_data_fields[] = {
	{ "guid", R_STR, "tag" },
	{ "size", R_HEX, "bytes" },
	{ "offset", R_HEX, "in the file" },
	{ "owner", R_STR, "who writes it, or what it is; null: not known" },
	{ "tag", R_STR, "the tag in capitals and braces" },
};
const struct schema row_secondary_data = { .name = "secondary_data",
					   .doc = "Data that a driver added to the dump",
					   .layout = { NULL, "{tag} - 0x{size} bytes{?owner  ({owner})}" },
					   .fields = secondary_data_fields,
					   .n_fields = ARRAY_LEN(secondary_data_fields) };
static const struct field secondary_bytes_fields[] = {
	{ "guid", R_STR, "tag" },
	{ "offset", R_HEX, "from its start" },
	{ "hex", R_STR, "bytes" },
	{ "chars", R_STR, "the same as text" },
};
const struct schema row_secondary_bytes = { .name = "secondary_bytes",
					    .doc = "A line of its bytes",
					    .layout = { NULL, "  {hex:48} {chars}" },
					    .fields = secondary_bytes_fields,
					    .n_fields = ARRAY_LEN(secondary_bytes_fields) };

enum { LINE = 16, FIRST_BYTES = 0x40 };

// Owners that name themselves inside the data of the corpus' dumps, or that Microsoft's pages on bug checks 141, 142
// and 14c name.
static const char *owner_of(const char *guid)
{
	static const struct {
		const char *guid, *owner;
	} known[] = {
		{ "6c7ac389-4313-47dc-9f34-a8800a0fb56c", "processor: values of its registry key" },
		{ "bc5c008f-1e3a-44d7-988d-86f6884c6758", "SMBIOS tables" },
		{ "e83b40d2-b0a0-4842-abea-71c9e3463dd1", "ACPI tables" },
		{ "da82441d-7142-4bc1-b844-0807c5a4b67f", "storport" },
		{ "f87e4a4c-c5a1-4d2f-bff0-d5de63a5e4c3", "Wdf01000: framework log" },
		{ "bf2297dc-34ba-11dc-868a-e19155d89593", "nvlddmkm" },
		{ "270a33fd-3da6-460d-ba89-3c1bae21e39b", "graphics: data on timeouts (TDR)" },
		{ "e1d08891-d5a3-45f9-b811-ad711dfb2607", "black box of an abnormal reset" },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(known[i].guid, guid))
			return known[i].owner;
	return NULL;
}

static void emit_bytes(struct call *c, struct doc *out, const char *guid, struct span b)
{
	for (size_t at = 0; at < b.n; at += LINE) {
		struct sb hex = sb_new(c->a), chars = sb_new(c->a);
		for (size_t i = at; i < MIN(at + LINE, b.n); i++) {
			sb_printf(&hex, "%s%02X", i > at ? " " : "", b.p[i]);
			sb_ch(&chars, b.p[i] >= 0x20 && b.p[i] < 0x7f ? (char)b.p[i] : '.');
		}
		const struct val v[] = { VS(guid), V(at), VS(sb_str(&hex)), VS(sb_str(&chars)) };
		_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(secondary_bytes_fields), "secondary_bytes: wrong arity");
		doc_row(out, &row_secondary_bytes, NULL, v, false);
	}
}

static const char *guid_of(struct arena *a, const struct dump_blob *b)
{
	char *guid = arena_alloc(a, GUID_TEXT, 1);
	guid_put(guid, b->guid);
	return guid;
}

void secondary_emit(struct call *c, struct doc *out, const struct dump_blob *b, size_t n)
{
	const char *guid = guid_of(c->a, b);
	char *tag = arena_printf(c->a, "{%s}", guid);
	for (char *p = tag; *p; p++)
		*p = *p >= 'a' && *p <= 'f' ? (char)(*p - 'a' + 'A') : *p;
	const struct val v[] = { VS(guid), V(b->bytes.n), V(b->at), VS(owner_of(guid)), VS(tag) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(secondary_data_fields), "secondary_data: wrong arity");
	doc_row(out, &row_secondary_data, NULL, v, false);
	emit_bytes(c, out, guid, (struct span){ b->bytes.p, MIN(n, b->bytes.n) });
}

const struct dump_blob *secondary_find(const struct dump_kernel *k, struct arena *a, const char *pattern)
{
	for (size_t i = 0; i < k->n_blobs; i++)
		if (str_wild(pattern, guid_of(a, &k->blobs[i])))
			return &k->blobs[i];
	return NULL;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct dump_kernel *k = s->target->kernel->facts;
	bool brief = arg_switch(c, "-l");
	const char *want = arg_end(c) ? NULL : arg_word(c);
	size_t shown = 0;
	TRY(arg_done(c));
	for (size_t i = 0; i < k->n_blobs; i++) {
		const struct dump_blob *b = &k->blobs[i];
		const char *guid = guid_of(c->a, b);
		TRY(session_poll(s));
		if (want && !str_wild(want, guid))
			continue;
		shown++;
		size_t n = brief ? 0 : want ? b->bytes.n : MIN(b->bytes.n, (size_t)FIRST_BYTES);
		secondary_emit(c, out, b, n);
		if (!brief && n < b->bytes.n)
			doc_text(out, arena_printf(c->a, "  ... .enumtag %s shows all", guid));
		if (!brief)
			doc_text(out, "");
	}
	if (!shown)
		doc_note(out, NOTE_INFO, "secondary.none",
			 k->n_blobs ? "No secondary data has this tag" : "The dump holds no secondary data");
	return ok();
}

static const struct schema *const rows[] = { &row_secondary_data, &row_secondary_bytes, NULL };
const struct cmd cmd_enumtag = {
	.names = ".enumtag",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[-l] [GUID]",
	.summary = "Show secondary data that drivers left in the dump",
	.help = ".enumtag         every piece, with its first bytes; -l: without them\n"
		".enumtag bc5c*   one of them, whole\n",
	.run = run,
	.rows = rows,
};
