// SPDX-License-Identifier: Apache-2.0
// pdb_frames.h: how a PDB describes frames, and what compiler made the code. RVAs and lifetimes as in pdb.h.
#pragma once
#include "pdb/pdb.h"

// How x86 code lays out its frame. Sizes in bytes.
enum pdb_frame_kind { PDB_FRAME_DATA, PDB_FRAME_FPO };
enum pdb_fpo_type { PDB_FPO, PDB_FPO_TRAP, PDB_FPO_TSS, PDB_FPO_NONE };
struct pdb_frame {
	enum pdb_frame_kind kind;
	uint32_t rva, size;             // the code it describes
	uint32_t locals, params, saved; // saved: registers, the return address not counted
	uint32_t prolog;                // of the code
	uint32_t stack_max;             // FrameData
	bool has_seh, has_eh;
	bool is_start;          // FrameData: rva is where a function starts
	bool uses_bp;           // FPO: ebp is a general register here
	enum pdb_fpo_type type; // FPO
	const char *program;    // FrameData: postfix; NULL when unreadable
};
// The innermost FrameData record that covers an RVA; else the FPO record. False: none.
bool pdb_frame_at(struct pdb *p, uint32_t rva, struct pdb_frame *ret);
// S_FRAMEPROC of the function that covers an RVA.
struct pdb_frameproc {
	uint32_t rva, size;      // the function
	uint32_t frame, padding; // bytes of locals with padding; of padding
	uint32_t padding_offset, saved;
	uint32_t flags; // microsoft-pdb's cvinfo.h, FRAMEPROCSYM
	uint32_t body,
		epilog; // offsets in the function of the first instruction behind the prolog, and of the last epilog
};
bool pdb_frameproc_at(struct pdb *p, uint32_t rva, struct pdb_frameproc *ret);
// The tool that made the code at an RVA, as its module records it. False: not recorded.
struct pdb_compiler {
	const char *name;           // "Microsoft (R) Optimizing Compiler"
	uint8_t language;           // enum CV_CFL_LANG of cvinfo.h
	uint16_t machine;           // enum CV_CPU_TYPE_e
	uint16_t front[4], back[4]; // versions
};
bool pdb_compiler_at(struct pdb *p, uint32_t rva, struct pdb_compiler *ret);
bool pdb_compiler(struct pdb *p, struct pdb_compiler *ret); // of the first module that records one

// For tools and tests: FrameData, then FPO records, as recorded. fn returns false to stop.
void pdb_each_frame(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_frame *f), void *ctx);
