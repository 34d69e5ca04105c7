// SPDX-License-Identifier: Apache-2.0
// dump_facts.c: opens a dump and prints every fact as one JSON object per line, "fact" naming its kind. The
// order is fixed, so two runs compare byte for byte.
//   dump_facts FILE [ARENA_LIMIT_MIB]
#include "base/os.h"
#include "base/str.h"
#include "dump/dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void begin(const char *fact)
{
	printf("{\"fact\":\"%s\"", fact);
}

static void text(const char *s)
{
	if (!s) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void num(const char *key, uint64_t v)
{
	printf(",\"%s\":%" PRIu64, key, v);
}

static void hex(const char *key, uint64_t v)
{
	printf(",\"%s\":\"%" PRIx64 "\"", key, v);
}

static void str(const char *key, const char *s)
{
	printf(",\"%s\":", key);
	text(s);
}

static void bytes(const char *key, struct span s)
{
	printf(",\"%s\":\"", key);
	for (size_t i = 0; i < s.n && i < 64; i++)
		printf("%02x", s.p[i]);
	printf(s.n > 64 ? "...\"" : "\"");
}

static void pairs(const char *fact, size_t module, const struct dump_pair *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		begin(fact);
		if (module != SIZE_MAX)
			num("module", module);
		str("key", p[i].key);
		str("value", p[i].value);
		puts("}");
	}
}

static void print_system(const struct dump_user *u)
{
	const struct dump_system *y = &u->system;
	const struct dump_misc *m = &u->misc;
	begin("system");
	num("present", y->present);
	num("arch", y->arch);
	num("level", y->level);
	num("revision", y->revision);
	num("n_cpus", y->n_cpus);
	num("product", y->product_type);
	num("major", y->major);
	num("minor", y->minor);
	num("build", y->build);
	num("platform", y->platform_id);
	num("suite", y->suite_mask);
	str("csd", y->csd);
	bytes("cpu", (struct span){ y->cpu, sizeof(y->cpu) });
	puts("}");
	begin("misc");
	num("present", m->present);
	num("size", m->size);
	hex("flags", m->flags);
	num("pid", m->pid);
	num("create", m->create_time);
	num("user", m->user_time);
	num("kernel", m->kernel_time);
	num("mhz_max", m->mhz_max);
	num("mhz", m->mhz_current);
	num("mhz_limit", m->mhz_limit);
	num("idle_max", m->idle_max);
	num("idle", m->idle_current);
	num("integrity", m->integrity);
	num("execute_flags", m->execute_flags);
	num("protected", m->protected_process);
	num("tz", m->timezone_id);
	printf(",\"bias\":%d,\"bias_standard\":%d,\"bias_daylight\":%d", m->tz_bias, m->tz_standard_bias,
	       m->tz_daylight_bias);
	str("standard", m->tz_standard);
	str("daylight", m->tz_daylight);
	str("build", m->build_string);
	str("debug_build", m->dbg_build_string);
	hex("xstate", m->xstate_features);
	num("xstate_size", m->xstate_size);
	for (unsigned i = 0; i < ARRAY_LEN(m->xstate); i++)
		if (m->xstate[i].size)
			printf(",\"xstate%u\":[%u,%u]", i, m->xstate[i].off, m->xstate[i].size);
	hex("cookie", m->process_cookie);
	puts("}");
}

static void print_counters(const struct dump_user *u)
{
	const struct dump_sysmem *y = &u->sysmem;
	const struct dump_vm *v = &u->vm;
	if (y->present) {
		begin("sysmem");
		num("revision", y->revision);
		num("flags", y->flags);
		num("page_size", y->page_size);
		num("granularity", y->allocation_granularity);
		num("processors", y->n_processors);
		num("pages", y->physical_pages);
		num("lowest", y->lowest_page);
		num("highest", y->highest_page);
		hex("min_user", y->min_user_address);
		hex("max_user", y->max_user_address);
		hex("active", y->active_processors);
		num("timer", y->timer_resolution);
		num("raw", y->raw.n);
		puts("}");
	}
	if (v->present) {
		begin("vm");
		num("revision", v->revision);
		num("flags", v->flags);
		num("page_faults", v->page_faults);
		num("peak_ws", v->peak_ws);
		num("ws", v->ws);
		num("pagefile", v->pagefile);
		num("peak_pagefile", v->peak_pagefile);
		num("peak_virtual", v->peak_virtual);
		num("virtual", v->virtual_size);
		num("private", v->private_usage);
		num("private_ws", v->private_ws);
		num("shared_commit", v->shared_commit);
		puts("}");
	}
}

static void print_threads(const struct dump_user *u)
{
	for (size_t i = 0; i < u->n_threads; i++) {
		const struct dump_thread *t = &u->threads[i];
		begin("thread");
		num("tid", t->tid);
		num("suspend", t->suspend_count);
		num("class", t->priority_class);
		num("priority", t->priority);
		hex("teb", t->teb);
		hex("stack", t->stack_start);
		num("stack_size", t->stack_size);
		num("stack_rva", t->stack_rva);
		num("context_size", t->context_size);
		num("context_rva", t->context_rva);
		num("context_have", t->context.n);
		str("name", t->name);
		if (t->info) {
			num("flags", t->info->flags);
			num("error", t->info->error);
			num("exit_status", t->info->exit_status);
			num("create", t->info->create_time);
			num("exit", t->info->exit_time);
			num("kernel", t->info->kernel_time);
			num("user", t->info->user_time);
			hex("start", t->info->start_address);
			hex("affinity", t->info->affinity);
		}
		puts("}");
	}
}

static void print_modules(const struct dump_user *u)
{
	static const char *const kinds[] = { "none", "RSDS", "NB10", "ELF", "other" };
	for (size_t i = 0; i < u->n_modules; i++) {
		const struct dump_module *m = &u->modules[i];
		begin("module");
		hex("base", m->base);
		num("size", m->size);
		num("checksum", m->checksum);
		num("timestamp", m->timestamp);
		str("path", m->path);
		num("has_version", m->has_version);
		bytes("fixed", (struct span){ (const uint8_t *)m->fixed, m->has_version ? 52 : 0 });
		str("cv", kinds[m->cv.kind]);
		if (m->cv.kind == CV_RSDS)
			bytes("guid", (struct span){ m->cv.guid, 16 });
		num("cv_timestamp", m->cv.timestamp);
		num("age", m->cv.age);
		str("pdb", m->cv.path);
		bytes("build_id", m->cv.build_id);
		num("misc", m->misc.n);
		puts("}");
	}
	for (size_t i = 0; i < u->n_unloaded; i++) {
		const struct dump_unloaded *m = &u->unloaded[i];
		begin("unloaded");
		hex("base", m->base);
		num("size", m->size);
		num("checksum", m->checksum);
		num("timestamp", m->timestamp);
		str("name", m->name);
		puts("}");
	}
}

static void print_exception(const struct dump_user *u)
{
	const struct dump_exception *e = &u->exception;
	if (!e->present)
		return;
	begin("exception");
	num("tid", e->tid);
	hex("code", e->code);
	hex("flags", e->flags);
	hex("record", e->record);
	hex("address", e->address);
	fputs(",\"params\":[", stdout);
	for (unsigned i = 0; i < e->n_params; i++)
		printf("%s\"%" PRIx64 "\"", i ? "," : "", e->params[i]);
	putchar(']');
	num("context_size", e->context_size);
	num("context_rva", e->context_rva);
	num("context_have", e->context.n);
	puts("}");
}

static void print_handles(const struct dump_user *u, struct arena *a)
{
	for (size_t i = 0; i < u->handles.n; i++) {
		struct dump_handle h = dump_handle_get(u, a, i);
		begin("handle");
		hex("handle", h.handle);
		str("type", h.type);
		str("name", h.name);
		hex("attributes", h.attributes);
		hex("access", h.access);
		num("handles", h.handle_count);
		num("pointers", h.pointer_count);
		for (size_t k = 0; k < h.n_info; k++) {
			char key[32];
			snprintf(key, sizeof(key), "info%zu_%u", k, h.info[k].type);
			bytes(key, h.info[k].bytes);
		}
		puts("}");
	}
	for (size_t i = 0; i < u->handle_ops.n; i++) {
		struct dump_handle_op o = dump_handle_op_get(u, i);
		begin("handle_op");
		hex("handle", o.handle);
		num("pid", o.pid);
		num("tid", o.tid);
		num("type", o.type);
		num("depth", o.depth);
		hex("frame0", o.frames[0]);
		puts("}");
	}
}

static void print_memory(const struct dump *d)
{
	for (size_t i = 0; i < dump_ranges_count(d->ranges); i++) {
		struct dump_range r = dump_ranges_get(d->ranges, i);
		begin("range");
		hex("va", r.va);
		num("size", r.size);
		num("off", r.off);
		num("have", r.have);
		puts("}");
	}
	for (size_t i = 0; d->user && i < d->user->meminfo.n; i++) {
		struct dump_meminfo m = dump_meminfo_get(d->user, i);
		begin("meminfo");
		hex("base", m.base);
		hex("alloc", m.alloc_base);
		hex("alloc_protect", m.alloc_protect);
		num("size", m.size);
		hex("state", m.state);
		hex("protect", m.protect);
		hex("type", m.type);
		puts("}");
	}
}

static void print_rest(const struct dump_user *u)
{
	for (size_t i = 0; i < u->n_functions; i++) {
		const struct dump_function_table *f = &u->functions[i];
		begin("function_table");
		hex("min", f->min);
		hex("max", f->max);
		hex("base", f->base);
		num("entries", f->n_entries);
		num("entry_size", f->entry_size);
		bytes("bytes", f->entries);
		num("native", f->native.n);
		puts("}");
	}
	for (size_t i = 0; i < u->n_tokens; i++) {
		begin("token");
		num("size", u->tokens[i].size);
		num("id", u->tokens[i].id);
		hex("handle", u->tokens[i].handle);
		for (unsigned k = 0; k < ARRAY_LEN(u->tokens[i].blocks); k++)
			printf(",\"block%u\":[%u,%zu]", k, u->tokens[i].blocks[k].off, u->tokens[i].blocks[k].bytes.n);
		puts("}");
	}
	if (u->comment_a || u->comment_w) {
		begin("comment");
		str("a", u->comment_a);
		str("w", u->comment_w);
		puts("}");
	}
	if (u->breakpad.present || u->breakpad.has_assertion) {
		begin("breakpad");
		num("present", u->breakpad.present);
		num("validity", u->breakpad.validity);
		num("dump_tid", u->breakpad.dump_tid);
		num("requesting_tid", u->breakpad.requesting_tid);
		num("assertion", u->breakpad.has_assertion);
		str("expression", u->breakpad.expression);
		str("function", u->breakpad.function);
		str("file", u->breakpad.file);
		num("line", u->breakpad.line);
		num("type", u->breakpad.type);
		puts("}");
	}
}

static void print_crashpad(const struct dump_crashpad *c)
{
	if (!c->present)
		return;
	begin("crashpad");
	num("version", c->version);
	bytes("report", (struct span){ c->report_id, 16 });
	bytes("client", (struct span){ c->client_id, 16 });
	hex("mask", c->address_mask);
	puts("}");
	pairs("crashpad_annotation", SIZE_MAX, c->annotations, c->n_annotations);
	for (size_t i = 0; i < c->n_modules; i++) {
		const struct dump_crashpad_module *m = &c->modules[i];
		pairs("crashpad_simple", m->index, m->simple, m->n_simple);
		pairs("crashpad_object", m->index, m->objects, m->n_objects);
		for (size_t k = 0; k < m->n_list; k++) {
			begin("crashpad_list");
			num("module", m->index);
			str("value", m->list[k]);
			puts("}");
		}
	}
}

static void print_user(const struct dump_user *u, struct arena *a)
{
	begin("header");
	hex("version", u->version_low);
	hex("writer", u->version_high);
	num("checksum", u->checksum);
	num("timestamp", u->timestamp);
	hex("flags", u->flags);
	puts("}");
	for (size_t i = 0; i < u->n_streams; i++) {
		const struct dump_stream *s = &u->streams[i];
		begin("stream");
		num("type", s->type);
		str("name", s->name);
		num("size", s->size);
		num("rva", s->rva);
		num("have", s->bytes.n);
		str("status", err_name(s->status));
		puts("}");
	}
	print_system(u);
	print_counters(u);
	print_threads(u);
	print_modules(u);
	print_exception(u);
	print_handles(u, a);
	print_rest(u);
	print_crashpad(&u->crashpad);
}

int main(int argc, char **argv)
{
	struct file_map map;
	if (argc < 2) {
		fprintf(stderr, "usage: dump_facts FILE [ARENA_LIMIT_MIB]\n");
		return 2;
	}
	err_t e = file_map_open(argv[1], &map);
	struct arena *a = arena_new((size_t)(argc > 2 ? strtoul(argv[2], NULL, 10) : 1024) << 20);
	struct dump *d = NULL;
	if (!e.code)
		e = dump_open(a, argv[1], map.bytes, &d);
	begin("open");
	str("code", err_name(e.code));
	str("what", e.what);
	num("at", e.at);
	puts("}");
	if (!e.code) {
		begin("dump");
		str("format", d->format->name);
		num("kind", d->kind);
		hex("machine", d->machine);
		num("ptr_bytes", d->ptr_bytes);
		num("truncated", d->truncated);
		num("ranges", dump_ranges_count(d->ranges));
		puts("}");
		if (d->user)
			print_user(d->user, a);
		print_memory(d);
	}
	for (size_t i = 0; d && i < d->n_notes; i++) {
		begin("note");
		str("code", err_name(d->notes[i].code));
		str("what", d->notes[i].what);
		num("at", d->notes[i].at);
		puts("}");
	}
	arena_free(a);
	file_map_close(&map);
	return 0;
}
