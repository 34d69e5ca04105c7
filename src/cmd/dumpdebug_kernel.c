// SPDX-License-Identifier: Apache-2.0
// dumpdebug_kernel.c: .dumpdebug of kernel dumps: the header, and how the file holds memory. The first lines and the
// header's names: a log on a public forum and Microsoft's DUMP_HEADER32 and DUMP_HEADER64; the rest: layout unverified.
#include "cmd/dumpdebug.h"

#include "target/kernel.h"

#include <inttypes.h>

static const struct field kind_fields[] = { { "bits", R_DEC, "64, 32" },
					    { "kind", R_STR, "Mini, Full, Bitmap, Full Bitmap, Range, Header" } };
const struct schema kernel_dump_kind = { .name = "kernel_dump_kind",
					 .doc = "The kind of a kernel dump",
					 .layout = { NULL, "----- {bits} bit Kernel {kind} Dump Analysis" },
					 .fields = kind_fields,
					 .n_fields = ARRAY_LEN(kind_fields) };
static const struct field kernel_dump_fact_fields[] = { { "part", R_STR, "the structure it belongs to" },
							{ "name", R_STR, "what" },
							{ "value", R_STR, "its value, numbers in hex" } };
const struct schema kernel_dump_fact = { .name = "kernel_dump_fact",
					 .doc = "A field of a kernel dump's header, or a fact of its body",
					 .layout = { NULL, "{name:19} {value}" },
					 .fields = kernel_dump_fact_fields,
					 .n_fields = ARRAY_LEN(kernel_dump_fact_fields) };

static void fact(struct call *c, struct doc *out, const char *part, const char *name, uint64_t v, unsigned digits)
{
	ROW(out, kernel_dump_fact, VS(part), VS(name), VS(arena_printf(c->a, "%0*" PRIx64, (int)digits, v)));
}

// A field that the writer may have left as it was, filled with "PAGE".
static void maybe(struct call *c, struct doc *out, const char *part, const char *name, uint32_t v)
{
	if (v != UINT32_MAX)
		fact(c, out, part, name, v, 8);
}

static const char *kind_word(const struct dump_kernel *k)
{
	switch (k->body) {
	case KERNEL_TRIAGE:
		return "Mini";
	case KERNEL_RUNS:
		return "Full";
	case KERNEL_BITMAP:
		return k->full_bitmap ? "Full Bitmap" : "Bitmap";
	case KERNEL_RANGES:
		return "Range";
	case KERNEL_HEADER_ONLY:
		break;
	}
	return "Header";
}

static void header(struct session *s, struct call *c, struct doc *out, const char *part)
{
	const struct target *t = s->target;
	const struct dump_kernel *k = t->kernel->facts;
	const unsigned p = t->ptr_bytes * 2;
	static const char *const params[] = { "BugCheckParameter1", "BugCheckParameter2", "BugCheckParameter3",
					      "BugCheckParameter4" };
	fact(c, out, part, "MajorVersion", k->major, 8);
	fact(c, out, part, "MinorVersion", k->build, 8);
	fact(c, out, part, "DirectoryTableBase", k->dtb, p);
	fact(c, out, part, "PfnDataBase", k->pfn_database, p);
	fact(c, out, part, "PsLoadedModuleList", k->loaded_modules, p);
	fact(c, out, part, "PsActiveProcessHead", k->active_processes, p);
	fact(c, out, part, "MachineImageType", t->machine, 8);
	fact(c, out, part, "NumberProcessors", k->n_cpus, 8);
	fact(c, out, part, "BugCheckCode", k->bugcheck | (k->bugcheck_mini ? 0x10000000u : 0), 8);
	for (size_t i = 0; i < ARRAY_LEN(params); i++)
		fact(c, out, part, params[i], k->params[i], p);
	if (k->pae_known)
		fact(c, out, part, "PaeEnabled", k->pae, 8);
	fact(c, out, part, "KdDebuggerDataBlock", k->debugger_data, p);
	fact(c, out, part, "DumpType", k->dump_type, 8);
	maybe(c, out, part, "ProductType", k->product_type);
	maybe(c, out, part, "SuiteMask", k->suite_mask);
	maybe(c, out, part, "WriterStatus", k->writer_status);
	maybe(c, out, part, "MiniDumpFields", k->fields);
	maybe(c, out, part, "SecondaryDataState", k->secondary_state);
	maybe(c, out, part, "Attributes", k->attributes);
	maybe(c, out, part, "BootId", k->boot_id);
	fact(c, out, part, "SystemTime", k->system_time, 16);
	fact(c, out, part, "SystemUpTime", k->uptime, 16);
	if (k->exception.present) {
		fact(c, out, part, "ExceptionCode", k->exception.code, 8);
		fact(c, out, part, "ExceptionAddress", k->exception.address, p);
	}
}

static const struct layout wide_name = { NULL, "{name:22} {value}" };

// Where the file keeps what, and the memory it lists.
static void triage_places(struct call *c, struct doc *out, const char *part, const struct dump_triage *t,
			  unsigned digits, bool verbose)
{
	for (size_t i = 0; i < t->n_words; i++)
		ROW_AS(out, kernel_dump_fact, &wide_name, VS(part), VS(t->words[i].name),
		       VS(arena_printf(c->a, "%08" PRIx32, t->words[i].value)));
	for (size_t i = 0; verbose && i < t->n_listed; i++)
		ROW_AS(out, kernel_dump_fact, &wide_name, VS(part), VS(arena_printf(c->a, "DataBlock %zu", i)),
		       VS(arena_printf(c->a, "%0*" PRIx64 ", offset %08" PRIx64 ", %" PRIx64 " bytes", (int)digits,
				       t->blocks[i].va, t->blocks[i].off, t->blocks[i].size)));
}

static void triage(struct call *c, struct doc *out, const char *part, const struct dump_triage *t, unsigned digits,
		   bool verbose)
{
	fact(c, out, part, "ServicePackBuild", t->service_pack, 8);
	fact(c, out, part, "SizeOfDump", t->size_of_dump, 8);
	fact(c, out, part, "TriageOptions", t->options, 8);
	fact(c, out, part, "DriverCount", t->n_drivers, 8);
	fact(c, out, part, "UnloadedDrivers", t->n_unloaded, 8);
	fact(c, out, part, "TopOfStack", t->stack, digits);
	fact(c, out, part, "SizeOfCallStack", t->stack_size, 8);
	fact(c, out, part, "DataBlocksCount", t->n_blocks, 8);
	const struct {
		const char *name;
		const struct dump_copy *copy;
	} copies[] = { { "Prcb", &t->prcb }, { "Process", &t->process }, { "Thread", &t->thread } };
	for (size_t i = 0; i < ARRAY_LEN(copies); i++)
		ROW(out, kernel_dump_fact, VS(part), VS(copies[i].name),
		    VS(copies[i].copy->va ? arena_printf(c->a, "%0*" PRIx64 ", %zx bytes", (int)digits,
							 copies[i].copy->va, copies[i].copy->bytes.n)
					  : arena_printf(c->a, "%zx bytes", copies[i].copy->bytes.n)));
	triage_places(c, out, part, t, digits, verbose);
	if (t->broken_driver)
		ROW(out, kernel_dump_fact, VS(part), VS("BrokenDriver"), VS(t->broken_driver));
	if (!t->whole)
		doc_note(out, NOTE_WARNING, "triage.cut", "the marker at the end of the small dump (TRGD) is missing");
}

err_t dumpdebug_kernel(struct session *s, struct call *c, struct doc *out, bool verbose)
{
	const struct target *t = s->target;
	const struct dump_kernel *k = t->kernel->facts;
	bool wide = t->ptr_bytes == 8;
	const char *head = wide ? "DUMP_HEADER64" : "DUMP_HEADER32", *small = wide ? "TRIAGE_DUMP64" : "TRIAGE_DUMP32";
	doc_row(out, &kernel_dump_kind, NULL, (struct val[]){ V(wide ? 64 : 32), VS(kind_word(k)) }, false);
	doc_text(out, "");
	doc_text(out, arena_printf(c->a, "%s:", head));
	header(s, c, out, head);
	if (k->triage) {
		doc_text(out, "");
		doc_text(out, arena_printf(c->a, "%s:", small));
		triage(c, out, small, k->triage, t->ptr_bytes * 2u, verbose);
	}
	if (k->phys) {
		doc_text(out, "");
		doc_text(out, "Physical memory:");
		fact(c, out, "memory", "Pages", dump_phys_pages(k->phys), 8);
		fact(c, out, "memory", "HighestPage", dump_phys_end(k->phys) / DUMP_PAGE, 8);
	}
	if (k->n_blobs) {
		doc_text(out, "");
		fact(c, out, "secondary", "SecondaryData", k->n_blobs, 8);
	}
	for (size_t i = 0; i < t->dump->n_notes; i++)
		doc_note(out, t->dump->notes[i].code == OK ? NOTE_INFO : NOTE_WARNING, err_name(t->dump->notes[i].code),
			 "%s (file offset 0x%" PRIx64 ")", t->dump->notes[i].what, t->dump->notes[i].at);
	return ok();
}
