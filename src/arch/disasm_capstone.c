// SPDX-License-Identifier: Apache-2.0
// disasm_capstone.c: Capstone, loaded when the first ARM64 instruction asks for it. Linked, it costs every
// start of the program 0.9 ms (1.1 against 2.0, measured; 6.6 MB with their relocations), and few dumps are ARM64.
#include "arch/disasm_capstone.h"

#if __has_include(<capstone/capstone.h>)
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <stdio.h>
#include <threads.h>

#define STR_(x) #x
#define STR(x)  STR_(x)

// The one piece of process-wide state of the disassembler: opening a handle per instruction costs more than
// the decoding. It is written once, under call_once; the lock is there because Capstone keeps an error number
// and a lookup table in the handle. Nothing that a caller can see depends on it.
static struct {
	once_flag once;
	mtx_t lock;
	bool ready;
	csh handle;
	bool (*iter)(csh handle, const uint8_t **code, size_t *size, uint64_t *address, cs_insn *insn);
} capstone = { .once = ONCE_FLAG_INIT };

static void load(void)
{
	// The name carries the version: another one would lay out cs_insn differently.
	void *lib = dlopen("libcapstone.so." STR(CS_API_MAJOR), RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return;
	union { // ISO C has no cast from object to function pointers
		void *p;
		cs_err (*open)(cs_arch arch, cs_mode mode, csh *handle);
		bool (*iter)(csh handle, const uint8_t **code, size_t *size, uint64_t *address, cs_insn *insn);
	} f;
	f.p = dlsym(lib, "cs_open");
	if (!f.p || f.open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &capstone.handle) != CS_ERR_OK)
		return;
	f.p = dlsym(lib, "cs_disasm_iter");
	capstone.iter = f.iter;
	capstone.ready = f.p && mtx_init(&capstone.lock, mtx_plain) == thrd_success;
}

bool arm64_capstone(uint32_t w, va_t va, char *mnemonic, size_t mn, char *operands, size_t on)
{
	uint8_t bytes[] = { (uint8_t)w, (uint8_t)(w >> 8), (uint8_t)(w >> 16), (uint8_t)(w >> 24) };
	const uint8_t *p = bytes;
	size_t n = sizeof(bytes);
	uint64_t at = va;
	cs_insn in = { .detail = NULL };
	call_once(&capstone.once, load);
	if (!capstone.ready)
		return false;
	mtx_lock(&capstone.lock);
	bool got = capstone.iter(capstone.handle, &p, &n, &at, &in);
	mtx_unlock(&capstone.lock);
	if (got) {
		snprintf(mnemonic, mn, "%s", in.mnemonic);
		snprintf(operands, on, "%s", in.op_str);
	}
	return got;
}
#else
bool arm64_capstone(uint32_t w, va_t va, char *mnemonic, size_t mn, char *operands, size_t on)
{
	(void)w, (void)va, (void)mnemonic, (void)mn, (void)operands, (void)on;
	return false;
}
#endif
