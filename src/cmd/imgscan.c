// SPDX-License-Identifier: Apache-2.0
// imgscan.c: .imgscan: image headers in memory, those of hidden modules too.
#include "cmd/cmd.h"

#include "pe/pe.h"
#include "target/scan.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_imgscan;

SCHEMA(image_header, "An image header in memory", NULL,
       "MZ at {base}, prot {protect:8}, type {type:8}{?size  - size {size}}{?name \n  Name: {name}}",
       { "base", R_PTR, "where it lies" }, { "protect", R_HEX, "PAGE_* of the first page; 0: not recorded" },
       { "type", R_HEX, "MEM_* of the region; 0: not recorded" },
       { "size", R_HEX, "SizeOfImage; null: an MZ header without an image behind it" },
       { "name", R_STR, "from its export directory; null: it has none, or it is not in memory" },
       { "module", R_STR, "the module of the list that it is; null: none" }, { "timestamp", R_HEX, "TimeDateStamp" },
       { "machine", R_HEX, "IMAGE_FILE_MACHINE_*" },
       { "source", R_STR, "dump, or image: laid there from the image file" });
static const struct layout verbose = {
	NULL, "MZ at {base}, prot {protect:8}, type {type:8}{?size  - size {size}}{?name \n  Name: {name}}"
	      "{?module \n  Module: {module}}{?size \n  Timestamp: {timestamp:8}, machine {machine}}"
};

struct scan {
	bool load, verbose;
	va_t from, to;
	size_t n;
};

static err_t parse(struct call *c, struct scan *w)
{
	enum { DEFAULT_BYTES = 0x10000 }; // of /r with an address alone
	while (!arg_end(c)) {
		if (arg_switch(c, "/l")) {
			w->load = true;
		} else if (arg_switch(c, "/v")) {
			w->verbose = true;
		} else if (arg_switch(c, "/r")) {
			struct expr_range r;
			TRY(arg_range(c, 1, &r));
			if (!r.has_addr)
				return usage(c, "Usage: .imgscan [/l] [/v] [/r RANGE]");
			w->from = r.addr;
			w->to = r.addr + (r.has_count ? r.count : DEFAULT_BYTES);
			if (w->to < w->from)
				w->to = UINT64_MAX;
		} else {
			return usage(c, "Usage: .imgscan [/l] [/v] [/r RANGE]");
		}
	}
	return ok();
}

// The name in the export directory (winnt.h: IMAGE_EXPORT_DIRECTORY.Name).
static const char *export_name(struct arena *a, const struct pe *pe)
{
	enum { NAME = 12, MOST = 260 };
	uint8_t rva[4], text[MOST];
	const struct pe_data_dir *d = &pe->dirs[0];
	if (!d->rva || d->rva > UINT32_MAX - NAME || !pe_read_all(pe, d->rva + NAME, rva, sizeof(rva)))
		return NULL;
	size_t n = pe_read(pe, (uint32_t)le_get(rva, sizeof(rva)), text, sizeof(text));
	if (!memchr(text, 0, n) || !*text)
		return NULL;
	char *name = bytes_to_utf8(a, (struct span){ text, n });
	for (char *p = name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return name;
}

static void found(struct session *s, struct call *c, struct doc *out, struct scan *w, va_t base)
{
	struct target *t = s->target;
	struct pe *pe;
	struct dump_meminfo info = { 0 };
	bool is_image = !target_image_at(t, c->a, base, 0, &pe).code;
	const char *name = is_image ? export_name(c->a, pe) : NULL;
	struct module *m = target_module_at(t, base);
	if (w->load && is_image && !m) {
		const char *as = name ? name : arena_printf(c->a, "image%" PRIx64, base);
		err_t e = target_add_module(t, as, base, 0, 0, &m);
		if (e.code)
			doc_error(out, e);
	}
	if (!dump_meminfo_at(t->user, base, &info))
		info = (struct dump_meminfo){ 0 };
	ROW_AS(out, image_header, w->verbose ? &verbose : NULL, V(base), V(info.protect), V(info.type),
	       V_IF(is_image, is_image ? pe->size_of_image : 0), VS(name), VS(m && m->base == base ? m->name : NULL),
	       V_IF(is_image, is_image ? pe->timestamp : 0), V_IF(is_image, is_image ? pe->machine : 0),
	       VS(space_source_at(t->space, base) == SPACE_IMAGE ? "image" : "dump"));
	w->n++;
}

// Images lie at the start of pages.
static err_t run(struct session *s, struct call *c, struct doc *out)
{
	enum { PAGE = 0x1000, MZ = 0x5a4d };
	struct scan w = { .to = UINT64_MAX };
	TRY(parse(c, &w));
	const struct space *sp = s->target->space;
	for (va_t va = w.from, at;; va = (at & ~(va_t)(PAGE - 1)) + PAGE) {
		uint16_t magic;
		bool found_any;
		TRY(scan_next(s, va, w.to, &found_any, &at));
		if (!found_any)
			break;
		if (!(at & (PAGE - 1)) && space_u16(sp, at, &magic) && magic == MZ)
			found(s, c, out, &w, at);
		if (at > UINT64_MAX - PAGE)
			break;
	}
	if (!w.n)
		doc_note(out, NOTE_INFO, "imgscan.none", "No image headers found in the memory of this dump.");
	return ok();
}

static const struct schema *const rows[] = { &image_header, NULL };
const struct cmd cmd_imgscan = {
	.names = ".imgscan",
	.group = "Modules and symbols",
	.args = "[/l] [/v] [/r RANGE]",
	.summary = "Find image headers in memory",
	.help = ".imgscan              all memory of the dump\n.imgscan /r 10000000  64 KiB from an address\n"
		".imgscan /l           and add what is found to the list of modules\n",
	.run = run,
	.rows = rows,
};
