// SPDX-License-Identifier: Apache-2.0
// minidump_modules.c: MINIDUMP_MODULE, MINIDUMP_UNLOADED_MODULE and the CodeView records that name a module's
// symbols: RSDS and NB10 as in LLVM's CVDebugRecord.h, BpEL as in Breakpad's minidump_format.h.
#include "base/limits.h"
#include "base/str.h"
#include "dump/minidump_int.h"

#include <string.h>

enum { MODULE = 108, UNLOADED = 24, FIXED_SIGNATURE = (int)0xfeef04bd };

// Fills everything but the path; *path_ret is what the record holds of it.
static struct codeview decode(struct span s, struct span *path_ret)
{
	enum { RSDS = 0x53445352, NB10 = 0x3031424e, BPEL = 0x4270454c };
	struct codeview cv = { .kind = s.n ? CV_OTHER : CV_NONE, .path = "" };
	struct rd r = rd_at(s, 0);
	uint32_t signature = rd_u32(&r);
	if (signature == RSDS) {
		const uint8_t *guid = rd_bytes(&r, sizeof(cv.guid));
		cv.age = rd_u32(&r);
		if (r.bad)
			return cv;
		cv.kind = CV_RSDS;
		memcpy(cv.guid, guid, sizeof(cv.guid));
	} else if (signature == NB10) {
		rd_skip(&r, 4); // offset of the debug data: 0, as it is in the PDB
		cv.timestamp = rd_u32(&r);
		cv.age = rd_u32(&r);
		if (r.bad) {
			cv.timestamp = cv.age = 0;
			return cv;
		}
		cv.kind = CV_NB10;
	} else if (signature == BPEL) {
		cv.kind = CV_ELF;
		cv.build_id = span_clip(s, r.pos, s.n);
		return cv;
	} else {
		return cv;
	}
	*path_ret = span_clip(s, r.pos, LIMIT_NAME_BYTES);
	return cv;
}

struct codeview codeview_decode(struct arena *a, struct span record)
{
	struct span path = { 0 };
	struct codeview cv = decode(record, &path);
	if (path.n)
		cv.path = bytes_to_utf8(a, path);
	return cv;
}

static void module_decode(struct mdmp *m, struct dump_module *x, struct rd r)
{
	x->base = rd_u64(&r);
	x->size = rd_u32(&r);
	x->checksum = rd_u32(&r);
	x->timestamp = rd_u32(&r);
	const char *path = md_string(m, rd_u32(&r), "module name");
	x->path = path ? path : "";
	for (size_t i = 0; i < ARRAY_LEN(x->fixed); i++)
		x->fixed[i] = rd_u32(&r);
	x->has_version = x->fixed[0] == (uint32_t)FIXED_SIGNATURE;
	uint32_t cv_size = rd_u32(&r), cv_rva = rd_u32(&r), misc_size = rd_u32(&r), misc_rva = rd_u32(&r);
	struct span cv = md_part(m, cv_size, cv_rva, "debug record of a module");
	struct span text = { 0 };
	x->debug_record = cv.n == cv_size ? cv : (struct span){ 0 }; // half a record would name a wrong file
	x->cv = decode(x->debug_record, &text);
	x->cv.path = md_narrow(m, text);
	x->misc = md_part(m, misc_size, misc_rva, "debug record of a module");
}

void md_modules(struct mdmp *m)
{
	struct dump_stream *s = md_stream(m, STREAM_MODULES);
	if (!s)
		return;
	struct md_list l = md_list(m, s, MODULE, LIMIT_MODULES);
	struct dump_module *modules = NEW_N(m->a, struct dump_module, l.n);
	for (size_t i = 0; i < l.n; i++)
		module_decode(m, &modules[i], md_entry(&l, i));
	m->u->modules = modules;
	m->u->n_modules = l.n;
}

void md_unloaded(struct mdmp *m)
{
	struct dump_stream *s = md_stream(m, STREAM_UNLOADED);
	if (!s)
		return;
	struct md_list l = md_list_sized(m, s, UNLOADED, false, LIMIT_ENTRIES);
	struct dump_unloaded *list = NEW_N(m->a, struct dump_unloaded, l.n);
	for (size_t i = 0; i < l.n; i++) {
		struct rd r = md_entry(&l, i);
		list[i].base = rd_u64(&r);
		list[i].size = rd_u32(&r);
		list[i].checksum = rd_u32(&r);
		list[i].timestamp = rd_u32(&r);
		const char *name = md_string(m, rd_u32(&r), "name of an unloaded module");
		list[i].name = name ? name : "";
	}
	m->u->unloaded = list;
	m->u->n_unloaded = l.n;
}
