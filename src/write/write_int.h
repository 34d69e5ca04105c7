// SPDX-License-Identifier: Apache-2.0
// write_int.h: shared by the files of the minidump writer.
#pragma once
#include "dump/dump.h"
#include "write/write.h"

// ---- a growing file image: what is copied from the source is not held twice
struct blob_piece {
	const uint8_t *p; // NULL: zeros
	size_t n;
};
struct blob {
	struct arena *a;
	struct blob_piece *p;
	size_t n, cap;
	uint64_t at; // file offset of what comes next
};
// Each returns the file offset at which it put the bytes, a multiple of 4. They must live as long as the blob.
uint32_t blob_put(struct blob *b, struct span bytes);
uint32_t blob_string(struct blob *b, const char *text);          // MINIDUMP_STRING
uint8_t *blob_room(struct blob *b, size_t n, uint32_t *rva_ret); // zeroed, to be filled
void le_put(uint8_t *p, uint64_t v, unsigned n);
// Fields one after the other.
struct cursor {
	uint8_t *p;
};
void put_u16(struct cursor *c, uint16_t v);
void put_u32(struct cursor *c, uint32_t v);
void put_u64(struct cursor *c, uint64_t v);

// ---- address ranges: [first, last], sorted and disjoint after intervals_settle()
struct interval {
	va_t first, last;
};
struct intervals {
	struct arena *a;
	struct interval *p;
	size_t n, cap;
	bool full; // there were more than LIMIT_WRITE_INTERVALS
};
void intervals_add(struct intervals *v, va_t first, uint64_t size); // what would pass the end of memory is left out
void intervals_settle(struct intervals *v);
bool intervals_hold(const struct intervals *v, va_t va);
// The first interval that ends at or above va; v->n when there is none.
size_t intervals_from(const struct intervals *v, va_t va);

// ---- memory that is written: the dump's ranges, or what of them lies in intervals
struct selection {
	const struct dump *d;
	bool all;
	struct intervals want;
};
struct selection_at {
	size_t range, interval;
};
// The next piece in ascending order; false at the end.
bool selection_next(const struct selection *sel, struct selection_at *at, va_t *va_ret, struct span *ret);

struct writer {
	struct session *s;
	struct target *t;
	const struct dump_user *u;
	struct arena *a;
	const struct write_options *o;
	struct write_result *r;
	struct blob b;
	struct {
		uint32_t type, rva;
		uint64_t size;
	} * dir;
	size_t n_dir;
	uint64_t directory; // file offset
	struct selection memory;
	struct intervals stacks;
	bool wide; // Memory64ListStream
	uint8_t *thread_entries;
};
static inline bool wants(const struct writer *w, enum write_type bit)
{
	return (w->o->type & bit) != 0;
}
// What is asked for, and the source has: it is in the header's flags.
static inline void met(struct writer *w, enum write_type bit)
{
	w->r->type |= bit;
}
void writer_stream(struct writer *w, uint32_t type, uint32_t rva, uint64_t size);
err_t write_select(struct writer *w) MUST_USE;  // fills memory and stacks
err_t write_streams(struct writer *w) MUST_USE; // all but memory
err_t write_handles(struct writer *w) MUST_USE;
void write_modules(struct writer *w);
void write_crashpad(struct writer *w);
// Zeroes the words of a stack that lead nowhere: those that are no address of code or of a stack.
void write_filter(const struct writer *w, va_t va, uint8_t *p, size_t n);
