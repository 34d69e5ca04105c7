// SPDX-License-Identifier: Apache-2.0
// kernel.h: the kernel side of a target: the debugger data block, the processors, what the dump tells of the current
// process and thread. NULL in targets of user dumps.
//
// A kernel dump is presented in the shape of a user dump (target->user): its drivers are the modules, its processors
// the threads (index: the processor's number), its header the exception. What has no such shape is here.
#pragma once
#include "dump/kernel.h"
#include "mem/paging.h"
#include "target/target.h"

// Offsets in KDDEBUGGER_DATA64 (Microsoft's wdbgexts.h); the fields are 8 bytes wide but those named *_OFF and *_SIZE,
// which are 2.
enum kdbg_field {
	KDBG_KERN_BASE = 0x18,
	KDBG_LOADED_MODULES = 0x48,
	KDBG_ACTIVE_PROCESSES = 0x50,
	KDBG_CID_TABLE = 0x58,
	KDBG_BUGCHECK_CALLBACKS = 0x80,
	KDBG_BUGCHECK_DATA = 0x88,
	KDBG_HIGHEST_USER_ADDRESS = 0x1c8,
	KDBG_BUILD_LAB = 0x208,
	KDBG_PROCESSOR_BLOCK = 0x218,
	KDBG_UNLOADED_DRIVERS = 0x220,
	KDBG_LAST_UNLOADED = 0x228,
	KDBG_TRIAGE_ACTION = 0x230,
	KDBG_VERIFIER_DATA = 0x248,
	KDBG_THREAD_TEB_OFF = 0x29a,
	KDBG_THREAD_KERNEL_STACK_OFF = 0x29c,
	KDBG_THREAD_INITIAL_STACK_OFF = 0x29e,
	KDBG_THREAD_APC_PROCESS_OFF = 0x2a0,
	KDBG_THREAD_STATE_OFF = 0x2a2,
	KDBG_PROCESS_SIZE = 0x2a8,
	KDBG_PROCESS_PEB_OFF = 0x2aa,
	KDBG_PROCESS_PARENT_OFF = 0x2ac,
	KDBG_PROCESS_DTB_OFF = 0x2ae,
	KDBG_PRCB_SIZE = 0x2b0,
	KDBG_PRCB_DPC_ROUTINE_OFF = 0x2b2,
	KDBG_PRCB_THREAD_OFF = 0x2b4,
	KDBG_PRCB_MHZ_OFF = 0x2b6,
	KDBG_PRCB_CPU_TYPE_OFF = 0x2b8,
	KDBG_PRCB_VENDOR_OFF = 0x2ba,
	KDBG_PRCB_CONTEXT_INLINE_OFF = 0x2bc,
	KDBG_PRCB_NUMBER_OFF = 0x2be,
	KDBG_THREAD_SIZE = 0x2c0,
	KDBG_PCR_SIZE = 0x2e0,
	KDBG_PCR_PRCB_OFF = 0x2e6, // of the PRCB inside the PCR
	KDBG_PRCB_SPECIAL_OFF = 0x2f2,
	KDBG_PRCB_CONTEXT_OFF = 0x338,       // of a pointer
	KDBG_THREAD_STACK_LIMIT_OFF = 0x340, // 4 bytes, and the next
	KDBG_THREAD_STACK_BASE_OFF = 0x344,
	KDBG_PRCB_IDLE_THREAD_OFF = 0x350,
	KDBG_PRCB_DPC_STACK_OFF = 0x354,
	KDBG_PRCB_ISR_STACK_OFF = 0x356,
	KDBG_DPC_FRAME_SIZE = 0x358,
	KDBG_THREAD_WAIT_REASON_OFF = 0x35c,
	KDBG_PTE_BASE = 0x360,
};

struct processor {
	va_t prcb;   // 0: not known
	va_t thread; // KTHREAD that ran on it; 0: not known
	bool has_context;
};
struct nt_image; // target/nt_builds.h
struct nt_pdb;
struct kernel {
	const struct dump_kernel *facts;
	const struct nt_image *image; // which kernel it is, by its time stamp and size; NULL: not known
	const struct nt_pdb *pdbs;    // PDBs that it may have, by the distances of its globals
	size_t n_pdbs;
	const char *build_lab;      // "19041.1.amd64fre.vb_release.191206-1406"; NULL: not in the dump
	unsigned ptr_bytes;         // of the target
	struct span kdbg;           // KDDEBUGGER_DATA64, plain; empty: not in the dump, or not readable yet
	const char *no_kdbg;        // why it is empty; NULL: it is not
	struct span kdbg_coded;     // what stands in its place without being one, perhaps encoded; empty: nothing
	bool kdbg_decoded;          // kdbg was encoded
	struct symbols *kdbg_tried; // the kernel's symbols that kdbg_coded was last decoded with
	struct paging *paging;      // in force in the target's space; NULL: triage
	bool dtb_good;              // the root in force leads to Windows' shared data
	const char *root_note;  // why another root than the recorded one is in force, or may be needed; NULL: neither
	const char *cpu_note;   // on the processor that the header's registers were given to; NULL: the dump tells it
	const char *lists_note; // why the modules may be incomplete; NULL: they are not
	va_t base;              // of the kernel's image; 0: not known
	struct dump_user *user; // what target->user points to
	struct processor *processors;
	size_t n_processors;
	size_t current;       // the processor that crashed; SIZE_MAX: not known
	va_t thread, process; // of that processor; 0: not known
};
// A field of n bytes, an address as the target has it; 0 when the block ends before it or is not there.
uint64_t kernel_kdbg(const struct kernel *k, enum kdbg_field field, unsigned n);
// Reads kdbg_coded as an encoded block, with nt!KiWaitNever, nt!KiWaitAlways and the address of nt!KdpDataBlockEncoded.
// True: it is one, of this kernel; then the processors, the threads and the unloaded drivers were filled again. 64-bit
// kernels only.
bool kernel_decode(struct target *t, uint64_t never, uint64_t always, va_t flag);
// What to say of a kernel dump when it is opened; the number of sentences.
enum { KERNEL_NOTES = 4 };
size_t kernel_notes(const struct kernel *k, const char *ret[KERNEL_NOTES]);
// KTHREAD and EPROCESS that a session is at: those that .thread and .process chose, else the current processor's. 0:
// not known.
va_t session_kthread(const struct session *s);
va_t session_kprocess(const struct session *s);
// EPROCESS of a thread, by the offset that the dump gives; 0: not known.
va_t kernel_process_of(const struct target *t, va_t thread);
// Bytes of physical memory, over pages; how many were there. 0 in dumps without any.
size_t target_read_phys(const struct target *t, pa_t pa, void *buf, size_t n);
// Where the kernel maps its page tables into memory (the entry of page n lies n entries behind); 0: not known.
va_t kernel_pte_base(const struct target *t);
// From here on addresses of the lower half are translated by this page-table root; 0: by the dump's own again.
// E_UNSUPPORTED in dumps without page tables.
MUST_USE err_t session_set_dirbase(struct session *s, pa_t root);
pa_t session_dirbase(const struct session *s); // in force for the lower half; 0: no page tables
// The name of the dump's kind as the debugger's banner has it.
const char *kernel_kind_text(const struct dump_kernel *k);
