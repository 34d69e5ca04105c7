// SPDX-License-Identifier: Apache-2.0
// enumtag.c: .enumtag: secondary data that drivers left in a kernel dump, with its bytes. !bugdump and the black boxes:
// what there is of them.
#include "cmd/cmd.h"
#include "target/kernel.h"

#include <inttypes.h>

extern const struct cmd cmd_enumtag;

// layout unverified
SCHEMA(secondary_data, "Data that a driver added to the dump", NULL, "{guid} - 0x{size} bytes{?owner  ({owner})}",
       { "guid", R_STR, "tag" }, { "size", R_HEX, "bytes" }, { "offset", R_HEX, "in the file" },
       { "owner", R_STR, "who writes it, or what it is; null: not known" });
SCHEMA(secondary_bytes, "A line of its bytes", NULL, "  {hex:48} {chars}", { "guid", R_STR, "tag" },
       { "offset", R_HEX, "from its start" }, { "hex", R_STR, "bytes" }, { "chars", R_STR, "the same as text" });

enum { LINE = 16, FIRST_BYTES = 0x40 };

// Owners that name themselves inside the data of the corpus' dumps, or whose layout Microsoft documents.
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
			sb_printf(&hex, "%s%02x", i > at ? " " : "", b.p[i]);
			sb_ch(&chars, b.p[i] >= 0x20 && b.p[i] < 0x7f ? (char)b.p[i] : '.');
		}
		ROW(out, secondary_bytes, VS(guid), V(at), VS(sb_str(&hex)), VS(sb_str(&chars)));
	}
}

static err_t enumtag(struct session *s, struct call *c, struct doc *out)
{
	const struct dump_kernel *k = s->target->kernel->facts;
	bool brief = arg_switch(c, "-l");
	const char *want = arg_end(c) ? NULL : arg_word(c);
	size_t shown = 0;
	TRY(arg_done(c));
	for (size_t i = 0; i < k->n_blobs; i++) {
		const struct dump_blob *b = &k->blobs[i];
		char *guid = arena_alloc(c->a, GUID_TEXT, 1);
		TRY(session_poll(s));
		guid_put(guid, b->guid);
		if (want && !str_wild(want, guid))
			continue;
		shown++;
		ROW(out, secondary_data, VS(guid), V(b->bytes.n), V(b->at), VS(owner_of(guid)));
		if (brief)
			continue;
		size_t n = want ? b->bytes.n : MIN(b->bytes.n, (size_t)FIRST_BYTES);
		emit_bytes(c, out, guid, (struct span){ b->bytes.p, n });
		if (n < b->bytes.n)
			doc_text(out, arena_printf(c->a, "  ... .enumtag %s shows all", guid));
	}
	if (!shown)
		doc_note(out, NOTE_INFO, "secondary.none",
			 k->n_blobs ? "No secondary data has this tag" : "The dump holds no secondary data");
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct dump_kernel *k = s->target->kernel->facts;
	if (str_ieq(c->name, ".enumtag"))
		return enumtag(s, c, out);
	TRY(arg_done(c));
	if (!k->n_blobs)
		return cmd_fail(c, E_ABSENT, 0, "The dump holds no secondary data");
	if (!str_ieq(c->name, "!bugdump"))
		return cmd_fail(
			c, E_UNSUPPORTED, 0,
			"not supported: %s; the layout of this secondary data is not public. .enumtag shows its bytes",
			c->name);
	doc_text(out, "**** Dump of Bug Check Data ****");
	doc_note(out, NOTE_INFO, "bugdump.callbacks",
		 "not supported: the callbacks' own data; .enumtag lists the %zu pieces of secondary data", k->n_blobs);
	return ok();
}

static const struct schema *const rows[] = { &secondary_data, &secondary_bytes, NULL };
const struct cmd cmd_enumtag = {
	.names = ".enumtag !bugdump !blackboxbsd !blackboxntfs !blackboxpnp !blackboxwinlogon",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[-l] [GUID]",
	.summary = "Show secondary data that drivers left in the dump",
	.help = ".enumtag         every piece, with its first bytes; -l: without them\n"
		".enumtag bc5c*   one of them, whole\n",
	.run = run,
	.rows = rows,
};
