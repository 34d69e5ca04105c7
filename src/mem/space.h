// SPDX-License-Identifier: Apache-2.0
// space.h: one address space of the target. Layers are tried in order: the dump's own ranges first, then
// image files laid under them. Reads may be partial, and "why not" has an answer.
#pragma once
#include "mem/paging.h"

enum space_source { SPACE_NONE, SPACE_DUMP, SPACE_IMAGE };
enum space_why {
	SPACE_OK,
	SPACE_NOT_CAPTURED, // part of the process, but the dump's writer left it out
	SPACE_NOT_MAPPED,   // the process had nothing there (memory info says free or reserved)
	SPACE_TRUNCATED,    // the dump's table promises it, the file ends before it
	SPACE_UNKNOWN,      // not in the dump; whether it was mapped is not recorded
	// With page tables:
	SPACE_PAGE_ABSENT, // mapped, but its page of physical memory is not in the dump
	SPACE_PAGED_OUT,   // in a page file, or compressed
	SPACE_DEMAND_ZERO, // reserved for use, never touched
	SPACE_PROTOTYPE,   // shared memory or a mapped file that is not in memory
	SPACE_BAD_ADDRESS, // no address of this machine
};

struct space;
struct space *space_new(struct arena *a, const struct dump *d);
// Lays an image under the captured memory. `read` gives bytes of the image at an offset from `base` as the
// loader would have mapped them. The layer lives as long as the space. Later layers lie deeper.
typedef size_t space_image_fn(void *ctx, uint64_t off, void *buf, size_t n);
void space_add_image(struct space *sp, va_t base, uint64_t size, space_image_fn *read, void *ctx);
// Asked once per read when an address is in no layer; may add an image and return true to try again. So
// image files are opened only when something really reads them.
typedef bool space_fault_fn(void *ctx, va_t va);
void space_on_fault(struct space *sp, space_fault_fn *fn, void *ctx);

// Reads by page tables where the dump has no range, before images are asked. The paging may be changed at any time, by
// another call; NULL: none. It must live as long as the space.
void space_set_paging(struct space *sp, const struct paging *p);
const struct paging *space_paging(const struct space *sp); // NULL: none

// Reads n bytes at va. OK with *got < n is a partial answer (the first *got bytes are valid); E_ABSENT when
// the first byte is not readable, `what` is space_why_text(). An end past 2^64 is clipped.
err_t space_read(const struct space *sp, va_t va, void *buf, size_t n, size_t *got);
bool space_read_all(const struct space *sp, va_t va, void *buf, size_t n); // all n bytes, or false
// What the dump itself holds at va, without images; how many bytes of n, 0 when the first is not there.
size_t space_read_dump(const struct space *sp, va_t va, void *buf, size_t n);
bool space_u8(const struct space *sp, va_t va, uint8_t *ret);
bool space_u16(const struct space *sp, va_t va, uint16_t *ret);
bool space_u32(const struct space *sp, va_t va, uint32_t *ret);
bool space_u64(const struct space *sp, va_t va, uint64_t *ret);
bool space_ptr(const struct space *sp, va_t va, unsigned ptr_bytes, uint64_t *ret); // 4 or 8 bytes
enum space_source space_source_at(const struct space *sp, va_t va);
enum space_why space_why(const struct space *sp, va_t va);
const char *space_why_text(enum space_why why); // "not captured in this dump", ...
// The first readable address at or above va and below limit; false when there is none.
// Through page tables it gives up after LIMIT_SPACE_STEPS pages that are not in the dump.
bool space_next(const struct space *sp, va_t va, va_t limit, va_t *ret);
// The same; on false *resume_ret is 0, or it gave up there and the answer is still open (target/scan.h goes on).
bool space_next_step(const struct space *sp, va_t va, va_t limit, va_t *ret, va_t *resume_ret);
// The same of the dump alone, without images.
bool space_next_dump(const struct space *sp, va_t va, va_t limit, va_t *ret, va_t *resume_ret);
