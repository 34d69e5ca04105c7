// SPDX-License-Identifier: Apache-2.0
// minidump_system.c: the streams about the machine and the process as a whole: MINIDUMP_SYSTEM_INFO,
// MISC_INFO 1 to 5, SYSTEM_MEMORY_INFO_1, PROCESS_VM_COUNTERS 1 and 2, comments.
#include "base/limits.h"
#include "dump/minidump_int.h"

#include <string.h>

void md_system(struct mdmp *m)
{
	enum { SIZE = 56 };
	struct dump_stream *s = md_stream(m, STREAM_SYSTEM);
	if (!s)
		return;
	struct dump_system *y = &m->u->system;
	struct rd r = rd_at(s->bytes, 0);
	y->arch = rd_u16(&r);
	y->level = rd_u16(&r);
	y->revision = rd_u16(&r);
	y->n_cpus = rd_u8(&r);
	y->product_type = rd_u8(&r);
	y->major = rd_u32(&r);
	y->minor = rd_u32(&r);
	y->build = rd_u32(&r);
	y->platform_id = rd_u32(&r);
	y->present = !r.bad; // the rest is an extra
	uint32_t csd = rd_u32(&r);
	y->suite_mask = rd_u16(&r);
	rd_skip(&r, 2);
	const uint8_t *cpu = rd_bytes(&r, sizeof(y->cpu));
	if (cpu)
		memcpy(y->cpu, cpu, sizeof(y->cpu));
	if (s->size < SIZE)
		md_corrupt(m, s, "SystemInfoStream: too short", s->rva);
	if (y->present)
		y->csd = csd ? md_string(m, csd, "service pack name") : "";
}

static void misc_zone(struct mdmp *m, struct dump_misc *x, struct rd *r)
{
	enum { NAME = 64, SYSTEMTIME = 16 };
	x->timezone_id = rd_u32(r);
	x->tz_bias = (int32_t)rd_u32(r);
	const uint8_t *standard = rd_bytes(r, NAME);
	rd_skip(r, SYSTEMTIME);
	x->tz_standard_bias = (int32_t)rd_u32(r);
	const uint8_t *daylight = rd_bytes(r, NAME);
	rd_skip(r, SYSTEMTIME);
	x->tz_daylight_bias = (int32_t)rd_u32(r);
	if (r->bad)
		return;
	x->tz_standard = md_wide(m, (struct span){ standard, NAME });
	x->tz_daylight = md_wide(m, (struct span){ daylight, NAME });
}

static void misc_xstate(struct dump_misc *x, struct rd *r)
{
	enum { XSTATE_SIZE = 528 };
	uint32_t size = rd_u32(r);
	uint32_t context = rd_u32(r);
	uint64_t features = rd_u64(r);
	if (r->bad || size < XSTATE_SIZE)
		return;
	for (size_t i = 0; i < ARRAY_LEN(x->xstate); i++) {
		x->xstate[i].off = rd_u32(r);
		x->xstate[i].size = rd_u32(r);
	}
	if (r->bad) {
		memset(x->xstate, 0, sizeof(x->xstate));
		return;
	}
	x->xstate_size = context;
	x->xstate_features = features;
}

void md_misc(struct mdmp *m)
{
	enum { BUILD = 520, DEBUG_BUILD = 80, AT_XSTATE = 832, AT_COOKIE = 1360 };
	// The record's size up to which a flag's fields are covered.
	static const struct {
		uint32_t flag, size;
	} covered[] = { { MISC_PID, 12 },       { MISC_TIMES, 24 },      { MISC_POWER, 44 },
			{ MISC_INTEGRITY, 48 }, { MISC_EXEC_FLAGS, 52 }, { MISC_PROTECTED, 56 },
			{ MISC_TIMEZONE, 232 }, { MISC_BUILD, 832 },     { MISC_COOKIE, 1364 } };
	struct dump_stream *s = md_stream(m, STREAM_MISC);
	if (!s)
		return;
	struct dump_misc *x = &m->u->misc;
	struct rd r = rd_at(s->bytes, 0);
	x->size = rd_u32(&r);
	uint32_t flags = rd_u32(&r);
	if (r.bad || x->size < 12) {
		if (s->status == OK)
			md_corrupt(m, s, "MiscInfoStream: too short", s->rva);
		return;
	}
	x->present = true;
	r.s = span_clip(s->bytes, 0, x->size);
	for (size_t i = 0; i < ARRAY_LEN(covered); i++)
		if ((flags & covered[i].flag) && r.s.n >= covered[i].size)
			x->flags |= covered[i].flag;
	x->pid = rd_u32(&r);
	x->create_time = rd_u32(&r);
	x->user_time = rd_u32(&r);
	x->kernel_time = rd_u32(&r);
	x->mhz_max = rd_u32(&r);
	x->mhz_current = rd_u32(&r);
	x->mhz_limit = rd_u32(&r);
	x->idle_max = rd_u32(&r);
	x->idle_current = rd_u32(&r);
	x->integrity = rd_u32(&r);
	x->execute_flags = rd_u32(&r);
	x->protected_process = rd_u32(&r);
	misc_zone(m, x, &r);
	struct span build = span_sub(r.s, r.pos, BUILD), debug = span_sub(r.s, r.pos + BUILD, DEBUG_BUILD);
	if (!r.bad && build.n && debug.n) {
		x->build_string = md_wide(m, build);
		x->dbg_build_string = md_wide(m, debug);
	}
	r = rd_at(r.s, AT_XSTATE);
	misc_xstate(x, &r);
	r = rd_at(r.s, AT_COOKIE);
	x->process_cookie = rd_u32(&r);
}

static void sysmem(struct mdmp *m)
{
	struct dump_stream *s = md_stream(m, STREAM_SYSMEM);
	if (!s)
		return;
	struct dump_sysmem *y = &m->u->sysmem;
	struct rd r = rd_at(s->bytes, 0);
	y->revision = rd_u16(&r);
	y->flags = rd_u16(&r);
	y->timer_resolution = rd_u32(&r);
	y->page_size = rd_u32(&r);
	y->physical_pages = rd_u32(&r);
	y->lowest_page = rd_u32(&r);
	y->highest_page = rd_u32(&r);
	y->allocation_granularity = rd_u32(&r);
	y->min_user_address = rd_u64(&r);
	y->max_user_address = rd_u64(&r);
	y->active_processors = rd_u64(&r);
	y->n_processors = rd_u32(&r);
	y->present = !r.bad;
	y->raw = s->bytes;
	if (r.bad && s->status == OK)
		md_corrupt(m, s, "SystemMemoryInfoStream: too short", s->rva);
}

static void vm_counters(struct mdmp *m)
{
	struct dump_stream *s = md_stream(m, STREAM_VM);
	if (!s)
		return;
	struct dump_vm *v = &m->u->vm;
	struct rd r = rd_at(s->bytes, 0);
	v->revision = rd_u16(&r);
	uint16_t flags = rd_u16(&r); // padding in revision 1
	v->flags = v->revision >= 2 ? flags : 0;
	v->page_faults = rd_u32(&r);
	uint64_t *const common[] = {
		&v->peak_ws,        &v->ws,       &v->quota_peak_paged, &v->quota_paged, &v->quota_peak_nonpaged,
		&v->quota_nonpaged, &v->pagefile, &v->peak_pagefile
	};
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		*common[i] = rd_u64(&r);
	v->present = !r.bad;
	if (v->revision >= 2) {
		v->peak_virtual = rd_u64(&r);
		v->virtual_size = rd_u64(&r);
	}
	v->private_usage = rd_u64(&r);
	if (v->revision >= 2) {
		uint64_t *const more[] = { &v->private_ws,
					   &v->shared_commit,
					   &v->job_shared_commit,
					   &v->job_private_commit,
					   &v->job_peak_private_commit,
					   &v->job_private_commit_limit,
					   &v->job_total_commit_limit };
		for (size_t i = 0; i < ARRAY_LEN(more); i++)
			*more[i] = rd_u64(&r);
	}
	if (!v->present && s->status == OK)
		md_corrupt(m, s, "ProcessVmCountersStream: too short", s->rva);
}

void md_counters(struct mdmp *m)
{
	sysmem(m);
	vm_counters(m);
}

void md_comments(struct mdmp *m)
{
	struct dump_stream *a = md_stream(m, STREAM_COMMENT_A), *w = md_stream(m, STREAM_COMMENT_W);
	if (a)
		m->u->comment_a = md_narrow(m, span_clip(a->bytes, 0, LIMIT_COMMENT_BYTES));
	if (w)
		m->u->comment_w = md_wide(m, span_clip(w->bytes, 0, LIMIT_COMMENT_BYTES));
}
