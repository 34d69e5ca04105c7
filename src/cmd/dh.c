// SPDX-License-Identifier: Apache-2.0
// dh.c: !dh: the headers of an image. Names of flags: Microsoft's "PE Format" page, in the debugger's words.
#include "cmd/cmd.h"
#include "target/system.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_dh;

SCHEMA(pe_field, "A field of an image's headers", NULL, NULL, { "group", R_STR, "file, optional" },
       { "name", R_STR, "what it is" }, { "value", R_UHEX, "number" },
       { "text", R_STR, "the same in words; null when there are none" });
static const struct layout narrow = { NULL, "{value:_8} {name}{?text  {text}}" };
static const struct layout wide = { NULL, "{value:16} {name}" };
static const struct layout version_line = { NULL, "{text:-8} {name}" };
static const struct layout flag_line = { NULL, "            {text}" };
SCHEMA(pe_directory, "A data directory", NULL, "{rva:_8} [{size:_8}] address [size] of {name} Directory",
       { "index", R_DEC, "0..15" }, { "name", R_STR, "what it is" }, { "rva", R_UHEX, "offset from the base" },
       { "size", R_UHEX, "bytes" });
SCHEMA(pe_section, "A section header", NULL,
       "\nSECTION HEADER #{number}\n{name:-8} name\n{vsize:_8} virtual size\n{va:_8} virtual address\n"
       "{raw_size:_8} size of raw data\n{raw:_8} file pointer to raw data\n       0 file pointer to relocation table\n"
       "       0 file pointer to line numbers\n       0 number of relocations\n       0 number of line "
       "numbers\n{flags:8} flags",
       { "number", R_UHEX, "from 1" }, { "name", R_STR, "section name" }, { "vsize", R_UHEX, "size in memory" },
       { "va", R_UHEX, "offset from the base" }, { "raw_size", R_UHEX, "size in the file" },
       { "raw", R_UHEX, "offset in the file" }, { "flags", R_UHEX, "IMAGE_SCN_*" });
SCHEMA(pe_section_flag, "A flag of a section", NULL, "         {text}", { "section", R_STR, "section name" },
       { "text", R_STR, "flag" });
SCHEMA(pe_debug, "A debug directory entry", NULL, "\t{type:-8} {size:_8}    {rva:_8} {raw:_8}{?text \t{text}}",
       { "type", R_STR, "kind of data" }, { "size", R_HEX, "bytes" },
       { "rva", R_HEX, "offset from the base, 0: not mapped" }, { "raw", R_HEX, "offset in the file" },
       { "text", R_STR, "what it holds, when that is readable" });

struct bit {
	uint32_t bit;
	const char *name;
};
static const struct bit characteristics[] = {
	{ 1, "Relocations stripped" },
	{ 2, "Executable" },
	{ 4, "Line numbers stripped" },
	{ 8, "Symbols stripped" },
	{ 0x10, "Aggressive trim" },
	{ 0x20, "App can handle >2gb addresses" },
	{ 0x80, "Bytes reversed" },
	{ 0x100, "32 bit word machine" },
	{ 0x200, "Debug information stripped" },
	{ 0x400, "Run from swap when removable" },
	{ 0x800, "Run from swap when on the net" },
	{ 0x1000, "System" },
	{ 0x2000, "DLL" },
	{ 0x4000, "Uniprocessor only" },
};
static const struct bit dll_characteristics[] = {
	{ 0x20, "High entropy VA supported" },
	{ 0x40, "Dynamic base" },
	{ 0x80, "Force integrity" },
	{ 0x100, "NX compatible" },
	{ 0x200, "No isolation" },
	{ 0x400, "No structured exception handler" },
	{ 0x800, "No binding" },
	{ 0x1000, "App container" },
	{ 0x2000, "WDM driver" },
	{ 0x4000, "Guard" },
	{ 0x8000, "Terminal server aware" },
};
static const struct bit section_flags[] = {
	{ 0x20, "Code" },
	{ 0x40, "Initialized Data" },
	{ 0x80, "Uninitialized Data" },
	{ 0x2000000, "Discardable" },
	{ 0x4000000, "Not Cached" },
	{ 0x8000000, "Not Paged" },
	{ 0x10000000, "Shared" },
};
static const char *const directories[PE_NDIRS] = { "Export",
						   "Import",
						   "Resource",
						   "Exception",
						   "Security",
						   "Base Relocation",
						   "Debug",
						   "Description",
						   "Special",
						   "Thread Storage",
						   "Load Configuration",
						   "Bound Import",
						   "Import Address Table",
						   "Delay Import",
						   "COR20 Header",
						   "Reserved" };

static const char *machine_name(uint16_t m)
{
	return m == MACHINE_X86     ? "(i386)"
	       : m == MACHINE_X64   ? "(X64)"
	       : m == MACHINE_ARM64 ? "(ARM64)"
	       : m == MACHINE_ARM   ? "(ARM)"
				    : "";
}

static const char *subsystem_name(uint16_t s)
{
	static const char *const names[] = { "(Unknown)", "(Native)", "(Windows GUI)", "(Windows CUI)" };
	return s < ARRAY_LEN(names) ? names[s] : "";
}

static void number(struct doc *out, const char *group, uint64_t value, const char *name, const char *text)
{
	ROW_AS(out, pe_field, &narrow, VS(group), VS(name), V(value), VS(text));
}

static void version(struct call *c, struct doc *out, uint32_t major, uint32_t minor, const char *name)
{
	ROW_AS(out, pe_field, &version_line, VS("optional"), VS(name), V((uint64_t)major << 16 | minor),
	       VS(arena_printf(c->a, "%u.%02u", major, minor)));
}

static void flags(struct doc *out, const char *group, uint32_t value, const struct bit *bits, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (value & bits[i].bit)
			ROW_AS(out, pe_field, &flag_line, VS(group), VS("flag"), V(bits[i].bit), VS(bits[i].name));
}

static void file_header(struct call *c, struct doc *out, const struct pe *pe)
{
	enum { IS_DLL = 0x2000 };
	doc_text(out, "");
	doc_text(out, pe->characteristics & IS_DLL ? "File Type: DLL" : "File Type: EXECUTABLE IMAGE");
	doc_text(out, "FILE HEADER VALUES");
	number(out, "file", pe->machine, "machine", machine_name(pe->machine));
	number(out, "file", pe->n_sections, "number of sections", NULL);
	number(out, "file", pe->timestamp, "time date stamp", time_stamp_text(c->a, pe->timestamp));
	doc_text(out, "");
	number(out, "file", pe->symtab, "file pointer to symbol table", NULL);
	number(out, "file", pe->n_syms, "number of symbols", NULL);
	number(out, "file", pe->opt_size, "size of optional header", NULL);
	number(out, "file", pe->characteristics, "characteristics", NULL);
	flags(out, "file", pe->characteristics, characteristics, ARRAY_LEN(characteristics));
	doc_text(out, "");
}

static void optional_header(struct call *c, struct doc *out, const struct pe *pe)
{
	doc_text(out, "OPTIONAL HEADER VALUES");
	number(out, "optional", pe->opt_magic, "magic #", NULL);
	version(c, out, pe->linker_major, pe->linker_minor, "linker version");
	number(out, "optional", pe->size_of_code, "size of code", NULL);
	number(out, "optional", pe->size_of_init_data, "size of initialized data", NULL);
	number(out, "optional", pe->size_of_uninit_data, "size of uninitialized data", NULL);
	number(out, "optional", pe->entry, "address of entry point", NULL);
	number(out, "optional", pe->base_of_code, "base of code", NULL);
	doc_text(out, "         ----- new -----");
	ROW_AS(out, pe_field, &wide, VS("optional"), VS("image base"), V(pe->image_base), V_ABSENT);
	number(out, "optional", pe->section_alignment, "section alignment", NULL);
	number(out, "optional", pe->file_alignment, "file alignment", NULL);
	number(out, "optional", pe->subsystem, "subsystem", subsystem_name(pe->subsystem));
	version(c, out, pe->os_major, pe->os_minor, "operating system version");
	version(c, out, pe->image_major, pe->image_minor, "image version");
	version(c, out, pe->subsystem_major, pe->subsystem_minor, "subsystem version");
	number(out, "optional", pe->size_of_image, "size of image", NULL);
	number(out, "optional", pe->size_of_headers, "size of headers", NULL);
	number(out, "optional", pe->checksum, "checksum", NULL);
	const uint64_t sizes[] = { pe->stack_reserve, pe->stack_commit, pe->heap_reserve, pe->heap_commit };
	static const char *const names[] = { "size of stack reserve", "size of stack commit", "size of heap reserve",
					     "size of heap commit" };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		ROW_AS(out, pe_field, &wide, VS("optional"), VS(names[i]), V(sizes[i]), V_ABSENT);
	number(out, "optional", pe->dll_characteristics, " DLL characteristics", NULL);
	flags(out, "optional", pe->dll_characteristics, dll_characteristics, ARRAY_LEN(dll_characteristics));
	for (size_t i = 0; i < PE_NDIRS; i++)
		ROW(out, pe_directory, V(i), VS(directories[i]), V(pe->dirs[i].rva), V(pe->dirs[i].size));
	doc_text(out, "");
}

static void sections(struct session *s, struct call *c, struct doc *out, const struct pe *pe)
{
	enum { ALIGN_MASK = 0xf00000, EXECUTE = 0x20000000, READ = 0x40000000 };
	for (size_t i = 0; i < pe->n_sections && !session_poll(s).code; i++) {
		const struct pe_section *x = &pe->sections[i];
		ROW(out, pe_section, V(i + 1), VS(x->name), V(x->vsize), V(x->va), V(x->raw_size), V(x->raw),
		    V(x->flags));
		for (size_t k = 0; k < ARRAY_LEN(section_flags); k++)
			if (x->flags & section_flags[k].bit)
				ROW(out, pe_section_flag, VS(x->name), VS(section_flags[k].name));
		uint32_t align = (x->flags & ALIGN_MASK) >> 20;
		ROW(out, pe_section_flag, VS(x->name),
		    VS(align ? arena_printf(c->a, "%u byte align", 1u << (align - 1)) : "(no align specified)"));
		bool write = x->flags >> 31, execute = x->flags & EXECUTE, read = x->flags & READ;
		const char *access = execute ? (write  ? "Execute Read Write"
						: read ? "Execute Read"
						       : "Execute")
				     : write ? "Read Write"
					     : "Read Only";
		ROW(out, pe_section_flag, VS(x->name), VS(access));
	}
}

static void debug_dirs(struct target *t, struct call *c, struct doc *out, struct module *m, const struct pe *pe)
{
	const struct pe_debug *d;
	size_t n;
	enum { CODEVIEW = 2 };
	if (pe_debug_dirs(c->a, pe, &d, &n).code || !n)
		return;
	doc_text(out, "");
	doc_text(out, "");
	doc_text(out, arena_printf(c->a, "Debug Directories(%zu)", n));
	doc_text(out, "\tType       Size     Address  Pointer");
	for (size_t i = 0; i < n; i++) {
		const char *text = NULL;
		struct codeview cv = m && d[i].type == CODEVIEW ? target_module_codeview(t, m) : (struct codeview){ 0 };
		if (cv.kind == CV_RSDS)
			text = arena_printf(c->a, "Format: RSDS, guid, %" PRIx32 ", %s", cv.age, cv.path);
		const char *type = d[i].type == CODEVIEW ? "cv" : pe_debug_type_name(d[i].type);
		ROW(out, pe_debug, VS(type), V(d[i].size), V(d[i].rva), V(d[i].raw), VS(text));
	}
}

struct memory_image {
	const struct space *space;
	va_t base;
};

static size_t read_memory(void *ctx, uint32_t rva, void *buf, size_t n)
{
	const struct memory_image *m = ctx;
	size_t got;
	return space_read(m->space, m->base + rva, buf, n, &got).code ? 0 : got;
}

// A module by name or any of its addresses; else headers found in memory at the address itself.
static err_t find_image(struct session *s, struct call *c, struct module **m_ret, const struct pe **ret)
{
	struct target *t = s->target;
	const char *start = c->p, *name = arg_word(c);
	if (!name)
		return usage(c, "Usage: !dh [-a -f -s -i -e -h] address | module");
	*m_ret = target_module_named(t, name);
	if (*m_ret)
		return target_module_pe(t, *m_ret, ret);
	c->p = start;
	uint64_t va;
	TRY(arg_expr(c, &va));
	*m_ret = target_module_at(t, va);
	if (*m_ret)
		return target_module_pe(t, *m_ret, ret);
	struct memory_image *image = NEW(c->a, struct memory_image);
	*image = (struct memory_image){ t->space, va };
	struct pe *pe;
	TRY(pe_open(c->a, read_memory, image, &pe));
	*ret = pe;
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	bool headers = false, only_sections = false;
	static const char *const ignored[] = { "-a", "-i", "-e" };
	for (bool more = true; more;) {
		more = false;
		if (arg_switch(c, "-f"))
			headers = more = true;
		else if (arg_switch(c, "-s"))
			only_sections = more = true;
		for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
			more = arg_switch(c, ignored[i]) || more;
	}
	if (arg_switch(c, "-h")) {
		doc_text(out, "!dh [-a -f -s] address | module   shows the headers of an image");
		return ok();
	}
	struct module *m = NULL;
	const struct pe *pe = NULL;
	TRY(find_image(s, c, &m, &pe));
	assert(pe);
	TRY(arg_done(c));
	if (headers || !only_sections) {
		file_header(c, out, pe);
		optional_header(c, out, pe);
	}
	if (only_sections || !headers)
		sections(s, c, out, pe);
	if (!only_sections && !headers)
		debug_dirs(s->target, c, out, m, pe);
	return ok();
}

static const struct schema *const rows[] = { &pe_field, &pe_directory, &pe_section, &pe_section_flag, &pe_debug, NULL };
const struct cmd cmd_dh = {
	.names = "!dh",
	.group = "Modules and symbols",
	.args = "[-a] [-f] [-s] ADDRESS | MODULE",
	.summary = "Show the headers of an image",
	.help = "-f  file and optional header only\n-s  section headers only\n",
	.run = run,
	.rows = rows,
};
