// SPDX-License-Identifier: Apache-2.0
// msf.c: the container of a PDB, MSF 7.00: streams made of blocks. Documented in LLVM's docs/PDB/MsfFile.rst.
// A file may pass 4 GiB (larger blocks), a stream may not. Blocks need not be in order.
#include "pdb/pdb_int.h"

#include <assert.h>

enum { SUPERBLOCK = 52, NIL = -1 };

static err_t other_format(struct span file)
{
	static const struct {
		const char *magic, *why;
		enum err_code code;
	} known[] = {
		{ "Microsoft C/C++ program database 2.00\r\n",
		  "a PDB 2.00 file (Visual C++ 6 and older): not supported", E_UNSUPPORTED },
		{ "Microsoft MSFZ Container\r\n", "a compressed PDB (MSFZ): not supported", E_UNSUPPORTED },
		{ "BSJB", "a portable PDB: it describes managed code only: not supported", E_UNSUPPORTED },
		{ "MSCF", "a cabinet file: it has to be unpacked first", E_UNSUPPORTED },
		{ "MODULE ", "a Breakpad symbol file, not a PDB", E_UNSUPPORTED },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = strlen(known[i].magic);
		if (file.n >= n && !memcmp(file.p, known[i].magic, n))
			return fail(known[i].code, known[i].why, 0);
	}
	return fail(E_CORRUPT, "not a PDB: the signature is unknown", 0);
}

// The directory itself is scattered: the superblock names the blocks that name its blocks.
static err_t read_directory(struct arena *a, struct msf *m, uint32_t size, struct span *ret)
{
	const uint64_t block = (uint64_t)1 << m->shift, per = block / 4;
	uint64_t n = (size + block - 1) >> m->shift;
	if (size > m->file.n || size > LIMIT_PDB_DIRECTORY || SUPERBLOCK + (n + per - 1) / per * 4 > block)
		return fail(E_CORRUPT, "the PDB's directory is larger than the file", 44);
	uint8_t *copy = NULL;
	uint64_t start = 0;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t map = le_get(m->file.p + SUPERBLOCK + i / per * 4, 4) << m->shift;
		if (!in_range(map, block, m->file.n))
			return fail(E_CORRUPT, "a block of the PDB's directory map lies outside the file", map);
		uint64_t at = le_get(m->file.p + map + i % per * 4, 4) << m->shift, len = MIN(block, size - i * block);
		if (!in_range(at, len, m->file.n))
			return fail(E_CORRUPT, "a block of the PDB's directory lies outside the file", at);
		if (!i)
			start = at;
		if (!copy && at != start + i * block) {
			copy = NEW_N(a, uint8_t, size);
			memcpy(copy, m->file.p + start, (size_t)(i * block));
		}
		if (copy)
			memcpy(copy + i * block, m->file.p + at, (size_t)len);
	}
	*ret = (struct span){ copy ? copy : m->file.p + start, size };
	return ok();
}

err_t msf_open(struct arena *a, struct span file, struct msf *ret)
{
	static const char magic[32] = "Microsoft C/C++ MSF 7.00\r\n\x1a"
				      "DS\0\0";
	if (file.n < sizeof(magic) || memcmp(file.p, magic, sizeof(magic)) != 0)
		return other_format(file);
	struct rd r = rd_at(file, sizeof(magic));
	uint32_t block = rd_u32(&r);
	rd_skip(&r, 8); // the free block map's number, and the number of blocks
	uint32_t size = rd_u32(&r);
	TRY(rd_done(&r, "the PDB ends inside its header"));
	if (block < 512 || block > 65536 || (block & (block - 1)) || file.n < block)
		return fail(E_CORRUPT, "the PDB's block size is no power of two from 512 to 65536", sizeof(magic));
	*ret = (struct msf){ .file = file, .shift = (unsigned)__builtin_ctz(block) };
	struct span dir;
	TRY(read_directory(a, ret, size, &dir));
	r = rd_at(dir, 0);
	size_t n = rd_count(&r, rd_u32(&r), 4);
	if (r.bad || n > LIMIT_PDB_STREAMS)
		return fail(E_CORRUPT, "the PDB's directory counts more streams than it holds", 0);
	ret->streams = NEW_N(a, struct msf_stream, n);
	ret->n_streams = (uint32_t)n;
	uint64_t blocks = 0, have = rd_left(&r) / 4 - n;
	for (size_t i = 0; i < n; i++) {
		uint32_t bytes = rd_u32(&r);
		bytes = bytes == (uint32_t)NIL ? 0 : bytes;
		ret->streams[i] = (struct msf_stream){ bytes, (uint32_t)blocks };
		blocks += ((uint64_t)bytes + block - 1) >> ret->shift;
		if (blocks > have)
			return fail(E_CORRUPT, "the PDB's directory lists fewer blocks than its streams need", i);
	}
	ret->lists = span_sub(dir, r.pos, rd_left(&r));
	return ok();
}

struct msf_stream msf_stream(const struct msf *m, uint32_t index)
{
	return index < m->n_streams ? m->streams[index] : (struct msf_stream){ 0, 0 };
}

static uint64_t block_at(const struct msf *m, const struct msf_stream *s, uint64_t i)
{
	return le_get(m->lists.p + 4 * (s->first + i), 4);
}

size_t msf_run(const struct msf *m, const struct msf_stream *s, uint64_t off, size_t most)
{
	if (off >= s->size)
		return 0;
	const uint64_t block = (uint64_t)1 << m->shift;
	uint64_t i = off >> m->shift, in = off & (block - 1), first = block_at(m, s, i), have = block - in;
	most = (size_t)MIN((uint64_t)most, s->size - off);
	for (uint64_t k = 1; have < most && block_at(m, s, i + k) == first + k; k++)
		have += block;
	have = MIN(have, (uint64_t)most);
	return in_range((first << m->shift) + in, have, m->file.n) ? (size_t)have : 0;
}

const uint8_t *msf_view(const struct msf *m, const struct msf_stream *s, uint64_t off, size_t n, void *buf)
{
	if (!n || !in_range(off, n, s->size))
		return NULL;
	assert(m->file.p); // an empty file is refused at opening
	const uint64_t mask = ((uint64_t)1 << m->shift) - 1;
	size_t run = msf_run(m, s, off, n);
	if (run == n)
		return m->file.p + (block_at(m, s, off >> m->shift) << m->shift) + (off & mask);
	if (!buf)
		return NULL;
	for (size_t done = 0; done < n; done += run) {
		run = msf_run(m, s, off + done, n - done);
		if (!run)
			return NULL;
		uint64_t at = (block_at(m, s, (off + done) >> m->shift) << m->shift) + ((off + done) & mask);
		memcpy((uint8_t *)buf + done, m->file.p + at, run);
	}
	return buf;
}

err_t msf_part(struct msf *m, struct arena *a, const struct msf_stream *s, uint64_t off, uint64_t n, struct span *ret)
{
	*ret = (struct span){ NULL, 0 };
	if (!n)
		return ok();
	if (!in_range(off, n, s->size))
		return fail(E_CORRUPT, "a part of a PDB stream lies outside the stream", off);
	const uint8_t *p = msf_view(m, s, off, (size_t)n, NULL);
	if (!p) {
		// Blocks belong to one stream each, so more than the file's size is never copied.
		if (n > m->file.n - m->gathered)
			return fail(E_CORRUPT, "streams of the PDB share blocks", off);
		if (n > LIMIT_PDB_PART)
			return fail(E_LIMIT, "a scattered stream of the PDB is too large", off);
		uint8_t *copy = NEW_N(a, uint8_t, n);
		m->gathered += n;
		p = msf_view(m, s, off, (size_t)n, copy);
		if (!p)
			return fail(E_CORRUPT, "a block of a PDB stream lies outside the file", off);
	}
	*ret = (struct span){ p, (size_t)n };
	return ok();
}
