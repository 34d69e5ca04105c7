// SPDX-License-Identifier: Apache-2.0
#include "arch/disasm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// Lines of real WinDbg output (public case studies): address, bytes, text, and the name WinDbg had for the
// address in the text.
struct line {
	uint16_t machine;
	va_t va;
	const char *hex, *text, *name;
};
static const struct line WINDBG[] = {
	{ MACHINE_X64, 0xfffff806697f82f8, "4883c420", "add rsp,20h", NULL },
	{ MACHINE_X64, 0xfffff806697f8328, "4883c428", "add rsp,28h", NULL },
	{ MACHINE_X64, 0xfffff8045e4f9aff, "4883c450", "add rsp,50h", NULL },
	{ MACHINE_X64, 0xfffff80784da1118, "e8a3080000", "call EvilDriver+0x19c0 (fffff807`84da19c0)",
	  "EvilDriver+0x19c0" },
	{ MACHINE_X64, 0xfffff802084d9055, "e8c6daffff", "call Ntfs!NtfsWriteLog (fffff802`084d6b20)",
	  "Ntfs!NtfsWriteLog" },
	{ MACHINE_X64, 0xfffff80784da1155, "ff15050f0000", "call qword ptr [EvilDriver+0x2060 (fffff807`84da2060)]",
	  "EvilDriver+0x2060" },
	{ MACHINE_X64, 0xfffff804789a114c, "ff15de0e0000", "call qword ptr [Driver+0x2030 (fffff804`789a2030)]",
	  "Driver+0x2030" },
	{ MACHINE_X64, 0xfffff80784da1145, "ff15e50e0000", "call qword ptr [EvilDriver+0x2030 (fffff807`84da2030)]",
	  "EvilDriver+0x2030" },
	{ MACHINE_X64, 0xfffff804789a116a, "ff15f00e0000", "call qword ptr [Driver+0x2060 (fffff804`789a2060)]",
	  "Driver+0x2060" },
	{ MACHINE_X64, 0xfffff806697f8322, "ff15f0904700", "call qword ptr [rtwlanu+0x4c1418 (fffff806`69c71418)]",
	  "rtwlanu+0x4c1418" },
	{ MACHINE_X64, 0xfffff804789a115c, "ff15fe0e0000", "call qword ptr [Driver+0x2060 (fffff804`789a2060)]",
	  "Driver+0x2060" },
	{ MACHINE_X64, 0xfffff800524853a8, "48394208", "cmp qword ptr [rdx+8],rax", NULL },
	{ MACHINE_X64, 0xfffff8068a1c75b0, "48395a08", "cmp qword ptr [rdx+8],rbx", NULL },
	{ MACHINE_X64, 0xfffff806697f82fe, "cc", "int 3", NULL },
	{ MACHINE_X64, 0xfffff806697f8312, "7414", "je rtwlanu+0x48328 (fffff806`697f8328)", "rtwlanu+0x48328" },
	{ MACHINE_X64, 0x00007ff874d9c239, "eb00", "jmp ntdll!RtlReportFatalFailure+0xb (00007ff8`74d9c23b)",
	  "ntdll!RtlReportFatalFailure+0xb" },
	{ MACHINE_X64, 0x00007ff966b7c239, "eb00", "jmp ntdll!RtlReportFatalFailure+0xb (00007ff9`66b7c23b)",
	  "ntdll!RtlReportFatalFailure+0xb" },
	{ MACHINE_X64, 0xfffff80784da110a, "eb4f", "jmp EvilDriver+0x115b (fffff807`84da115b)", "EvilDriver+0x115b" },
	{ MACHINE_X64, 0xfffff80327ced832, "eb9d", "jmp nt!ExAcquireFastMutex+0xc1 (fffff803`27ced7d1)",
	  "nt!ExAcquireFastMutex+0xc1" },
	{ MACHINE_X64, 0xfffff80784da1103, "7507", "jne EvilDriver+0x110c (fffff807`84da110c)", "EvilDriver+0x110c" },
	{ MACHINE_X64, 0xfffff80784da1121, "488d45df", "lea rax,[rbp-21h]", NULL },
	{ MACHINE_X64, 0xfffff80784da110c, "4c8d043f", "lea r8,[rdi+rdi]", NULL },
	{ MACHINE_X64, 0x00007ff8fb0b168d, "f00fba710800", "lock btr dword ptr [rcx+8],0", NULL },
	{ MACHINE_X64, 0x00007ffff409404a, "f00fb14b08", "lock cmpxchg dword ptr [rbx+8],ecx", NULL },
	{ MACHINE_X64, 0xfffff802084d9038, "41b907000000", "mov r9d,7", NULL },
	{ MACHINE_X64, 0xfffff80784da1140, "4889442420", "mov qword ptr [rsp+20h],rax", NULL },
	{ MACHINE_X64, 0xfffff80784da113b, "48895c2428", "mov qword ptr [rsp+28h],rbx", NULL },
	{ MACHINE_X64, 0xfffff80784da112d, "4889742438", "mov qword ptr [rsp+38h],rsi", NULL },
	{ MACHINE_X64, 0xfffff80784da1125, "4889742440", "mov qword ptr [rsp+40h],rsi", NULL },
	{ MACHINE_X64, 0xfffff802084d9033, "48897c2420", "mov qword ptr [rsp+20h],rdi", NULL },
	{ MACHINE_X64, 0xfffff80784da111d, "488b4dc7", "mov rcx,qword ptr [rbp-39h]", NULL },
	{ MACHINE_X64, 0xfffff802084d9049, "488b5130", "mov rdx,qword ptr [rcx+30h]", NULL },
	{ MACHINE_X64, 0xfffff806697f8304, "488b5260", "mov rdx,qword ptr [rdx+60h]", NULL },
	{ MACHINE_X64, 0xfffff806697f82f3, "488b5c2430", "mov rbx,qword ptr [rsp+30h]", NULL },
	{ MACHINE_X64, 0xfffff806697f8314, "488b81d40d0000", "mov rax,qword ptr [rcx+0DD4h]", NULL },
	{ MACHINE_X64, 0xfffff806697f831b, "488b89500d0000", "mov rcx,qword ptr [rcx+0D50h]", NULL },
	{ MACHINE_X64, 0xfffff806697f8308, "488b8958070000", "mov rcx,qword ptr [rcx+758h]", NULL },
	{ MACHINE_X64, 0xfffff802084d904d, "488b8c24d0000000", "mov rcx,qword ptr [rsp+0D0h]", NULL },
	{ MACHINE_X64, 0x00007ffff1401570, "488bc4", "mov rax,rsp", NULL },
	{ MACHINE_X64, 0xfffff80784da1150, "488bcb", "mov rcx,rbx", NULL },
	{ MACHINE_X64, 0xfffff80784da10fd, "488bd8", "mov rbx,rax", NULL },
	{ MACHINE_X64, 0xfffff802084d9062, "49894708", "mov qword ptr [r15+8],rax", NULL },
	{ MACHINE_X64, 0xfffff802084d903e, "4c8b8424e8000000", "mov r8,qword ptr [rsp+0E8h]", NULL },
	{ MACHINE_X64, 0xfffff802084d905a, "4c8bbc24a8000000", "mov r15,qword ptr [rsp+0A8h]", NULL },
	{ MACHINE_X64, 0x00007ff8fb12f7a0, "4c8bd1", "mov r10,rcx", NULL },
	{ MACHINE_X64, 0x00007ffbb45d9010, "4c8bdc", "mov r11,rsp", NULL },
	{ MACHINE_X64, 0xfffff802084d9046, "4d8b00", "mov r8,qword ptr [r8]", NULL },
	{ MACHINE_X64, 0x00007ffbc3124f10, "65488b042530000000", "mov rax,qword ptr gs:[30h]", NULL },
	{ MACHINE_X64, 0xfffff80633e1432e, "8806", "mov byte ptr [rsi],al", NULL },
	{ MACHINE_X64, 0xfffff80784da1135, "897c2430", "mov dword ptr [rsp+30h],edi", NULL },
	{ MACHINE_X64, 0xfffff80656786674, "8a8164010000", "mov al,byte ptr [rcx+164h]", NULL },
	{ MACHINE_X64, 0xfffff80060da1981, "8b03", "mov eax,dword ptr [rbx]", NULL },
	{ MACHINE_X64, 0xfffff80211765b23, "8bf0", "mov esi,eax", NULL },
	{ MACHINE_X64, 0xfffff80784da1153, "8bf8", "mov edi,eax", NULL },
	{ MACHINE_X86, 0x7536a820, "8bff", "mov edi,edi", NULL },
	{ MACHINE_X64, 0xfffff80784da114b, "ba31427257", "mov edx,57724231h", NULL },
	{ MACHINE_X64, 0xfffff80784da1110, "ba41000000", "mov edx,41h", NULL },
	{ MACHINE_X64, 0xfffff80784da1105, "bf9a0000c0", "mov edi,0C000009Ah", NULL },
	{ MACHINE_X64, 0xfffff806697f82fc, "5f", "pop rdi", NULL },
	{ MACHINE_X64, 0x00007ff8fb0eaaa0, "4053", "push rbx", NULL },
	{ MACHINE_X64, 0x00007ffad2421020, "4055", "push rbp", NULL },
	{ MACHINE_X64, 0xfffff806697f82fd, "c3", "ret", NULL },
	{ MACHINE_X64, 0xfffff806697f8300, "4883ec28", "sub rsp,28h", NULL },
	{ MACHINE_X64, 0x00007ff8fb12ee52, "0f05", "syscall", NULL },
	{ MACHINE_X64, 0xfffff80784da1100, "4885c0", "test rax,rax", NULL },
	{ MACHINE_X64, 0xfffff806697f830f, "4885d2", "test rdx,rdx", NULL },
	{ MACHINE_X64, 0xfffff8076624f3d4, "3300", "xor eax,dword ptr [rax]", NULL },
	{ MACHINE_X64, 0xfffff806697f82f1, "33c0", "xor eax,eax", NULL },
	{ MACHINE_X64, 0xfffff80784da1139, "33d2", "xor edx,edx", NULL },
	{ MACHINE_X64, 0xfffff80784da1132, "4533c0", "xor r8d,r8d", NULL },
	{ MACHINE_X64, 0xfffff80784da112a, "4533c9", "xor r9d,r9d", NULL },
	{ MACHINE_X86, 0x7c81c017, "64a118000000", "mov eax,dword ptr fs:[00000018h]", NULL },
	{ MACHINE_X86, 0x7661d0dc, "8b4034", "mov eax,dword ptr [eax+34h]", NULL },
	{ MACHINE_X86, 0x77d8e8e3, "f3a5", "rep movs dword ptr es:[edi],dword ptr [esi]", NULL },
	{ MACHINE_X86, 0x7eb31de8, "ff2495001fb37e", "jmp dword ptr ntdll!memcpy+0x148 (7eb31f00)[edx*4]",
	  "ntdll!memcpy+0x148" },
	{ MACHINE_X86, 0x8053e628, "3b35d4995580", "cmp esi,dword ptr [nt!MmUserProbeAddress (805599d4)]",
	  "nt!MmUserProbeAddress" },
	{ MACHINE_X86, 0x8053e62e, "0f83a8010000", "jae nt!KiSystemCallExit2+0x9f (8053e7dc)",
	  "nt!KiSystemCallExit2+0x9f" },
	{ MACHINE_X86, 0x82c6d595, "f00907", "lock or dword ptr [edi],eax", NULL },
	{ MACHINE_X86, 0x82c6d59f, "87442420", "xchg eax,dword ptr [esp+20h]", NULL },
	{ MACHINE_X86, 0x82c6d59c, "83c118", "add ecx,18h", NULL },
	{ MACHINE_X86, 0x82c6d594, "40", "inc eax", NULL },
	{ MACHINE_X86, 0x82c6d5a3, "833900", "cmp dword ptr [ecx],0", NULL },
	{ MACHINE_X86, 0x7eb31de1, "83f908", "cmp ecx,8", NULL },
	{ MACHINE_X86, 0x7eb31de4, "7229", "jb ntdll!memcpy+0x5c (7eb31e0f)", "ntdll!memcpy+0x5c" },
	{ MACHINE_X86, 0x7c81c00e, "8945e4", "mov dword ptr [ebp-1Ch],eax", NULL },
	{ MACHINE_X64, 0xfffff80e6c60f5c2, "878308030000", "xchg eax,dword ptr [rbx+308h]", NULL },
	{ MACHINE_X64, 0xfffff80e6c60f5c8, "83f801", "cmp eax,1", NULL },
	{ MACHINE_X64, 0xfffff80e6c60f5b8, "e965f7fdff",
	  "jmp storport!RaidAdapterRequestComplete+0x32 (fffff80e`6c5eed22)",
	  "storport!RaidAdapterRequestComplete+0x32" },
	{ MACHINE_X64, 0x00007ff756cb117b, "f3aa", "rep stos byte ptr [rdi]", NULL },
	{ MACHINE_X64, 0x00007fffb33ef700, "e9930a1800", "jmp 00007fff`b3570198", NULL },
	{ MACHINE_X64, 0x00007fffb33ef708, "f604250803fe7f01",
	  "test byte ptr [SharedUserData+0x308 (00000000`7ffe0308)],1", "SharedUserData+0x308" },
	{ MACHINE_X64, 0x00007ff89f45cb65, "cd2e", "int 2Eh", NULL },
	{ MACHINE_X86, 0xf075c1, "f2c3", "bnd ret", NULL },
	{ MACHINE_X86, 0xeb117d, "64a300000000", "mov dword ptr fs:[00000000h],eax", NULL },
	{ MACHINE_X86, 0x1000, "64ff3500000000", "push dword ptr fs:[0]", NULL },
	{ MACHINE_X86, 0x1007, "64892500000000", "mov dword ptr fs:[0],esp", NULL },
	{ MACHINE_X86, 0xd97534, "660fd6401c", "movq mmword ptr [eax+1Ch],xmm0", NULL },
	{ MACHINE_X64, 0xfffff80321c7eac9, "f0480fc70e", "lock cmpxchg16b oword ptr [rsi]", NULL },
	{ MACHINE_X64, 0xfffff80d8081568e, "f20f11442460", "movsd mmword ptr [rsp+60h],xmm0", NULL },
	{ MACHINE_X64, 0xfffff8074bdfbfff, "f20f114b30", "movsd mmword ptr [rbx+30h],xmm1", NULL },
	{ MACHINE_X64, 0xfffff8020bfc801d, "0f0d8b90000000", "prefetchw [rbx+90h]", NULL },
	{ MACHINE_X64, 0xfffff803d9d61705, "0f0d0d64c4e0ff", "prefetchw [nt!CmpCallbackListLock (fffff803`d9b6db70)]",
	  "nt!CmpCallbackListLock" },
	{ MACHINE_X64, 0xfffff8020bfc8024, "0fae5dac", "stmxcsr dword ptr [rbp-54h]", NULL },
	{ MACHINE_X64, 0xfffff80321cf3657, "660f1f0400", "nop word ptr [rax+rax]", NULL },
};

// A64: words of real WinDbg output too, except where the operand is a target.
static const struct line WINDBG_ARM64[] = {
	{ MACHINE_ARM64, 0x180243810, "7f2303d5", "pacibsp", NULL },
	{ MACHINE_ARM64, 0x180243814, "fd7bbca9", "stp fp,lr,[sp,#-0x40]!", NULL },
	{ MACHINE_ARM64, 0x180243818, "f35301a9", "stp x19,x20,[sp,#0x10]", NULL },
	{ MACHINE_ARM64, 0x180243820, "f91b00f9", "str x25,[sp,#0x30]", NULL },
	{ MACHINE_ARM64, 0x180243824, "fd030091", "mov fp,sp", NULL },
	{ MACHINE_ARM64, 0x180243828, "5ee6fb97", "bl kernelbase!#__security_push_cookie (00000001`8013d1a0)",
	  "kernelbase!#__security_push_cookie" },
	{ MACHINE_ARM64, 0x18024382c, "ff8300d1", "sub sp,sp,#0x20", NULL },
	{ MACHINE_ARM64, 0xfffff8028c407570, "00003ed4", "brk #0xF000", NULL },
	{ MACHINE_ARM64, 0x1806b1818, "e80300aa", "mov x8,x0", NULL },
	{ MACHINE_ARM64, 0x1806b181c, "004541f9", "ldr x0,[x8,#0x288]", NULL },
	{ MACHINE_ARM64, 0x1000, "e88f1ff8", "str x8,[sp,#-8]!", NULL },
	{ MACHINE_ARM64, 0x1000, "00000014", "b 00000000`00001000", NULL },
	{ MACHINE_ARM64, 0x1000, "e0ffff54", "b.eq 00000000`00000ffc", NULL },
	{ MACHINE_ARM64, 0x1000, "400000b4", "cbz x0,00000000`00001008", NULL },
	{ MACHINE_ARM64, 0x1000, "48001837", "tbnz w8,#3,00000000`00001008", NULL },
	{ MACHINE_ARM64, 0x1234, "080000b0", "adrp x8,app!table (00000000`00002000)", "app!table" },
	{ MACHINE_ARM64, 0x1000, "48000058", "ldr x8,00000000`00001008", NULL },
	{ MACHINE_ARM64, 0x1000, "0000b852", "mov w0,#0xC0000000", NULL },
	{ MACHINE_ARM64, 0x1000, "00008012", "mov w0,#-1", NULL },
	{ MACHINE_ARM64, 0x1000, "e87b40b2", "mov x8,#0x7FFFFFFF", NULL },
	{ MACHINE_ARM64, 0x1000, "200020f8", "ldadd x0,x0,[x1]", NULL },
	{ MACHINE_ARM64, 0x1000, "01fce2c8", "casal x2,x1,[x0]", NULL },
	{ MACHINE_ARM64, 0x1000, "ff0b5fd6", "retaa", NULL },
	{ MACHINE_ARM64, 0x1000, "11093fd7", "blraa x8,x17", NULL },
	{ MACHINE_ARM64, 0x1000, "ff0f5fd6", "retab", NULL },
	{ MACHINE_ARM64, 0x1000, "5f2403d5", "bti c", NULL },
	{ MACHINE_ARM64, 0x1000, "e043c1da", "xpaci x0", NULL },
	{ MACHINE_ARM64, 0x1000, "28c1bff8", "ldapr x8,[x9]", NULL },
	{ MACHINE_ARM64, 0x1000, "285141d9", "ldapur x8,[x9,#0x15]", NULL },
	{ MACHINE_ARM64, 0x1000, "69e55f78", "ldrh w9,[x11],#-2", NULL },
};

// Spelling that follows from the rules those lines show.
static const struct line DERIVED[] = {
	{ MACHINE_X64, 0x1000, "cc", "int 3", NULL },
	{ MACHINE_X64, 0x1000, "cd29", "int 29h", NULL },
	{ MACHINE_X64, 0x1000, "0f0b", "ud2", NULL },
	{ MACHINE_X64, 0x1000, "4883e4f0", "and rsp,0FFFFFFFFFFFFFFF0h", NULL },
	{ MACHINE_X86, 0x1000, "83e4f8", "and esp,0FFFFFFF8h", NULL },
	{ MACHINE_X86, 0x1000, "6aff", "push 0FFFFFFFFh", NULL },
	{ MACHINE_X64, 0x1000, "c20800", "ret 8", NULL },
	{ MACHINE_X64, 0x1000, "0f1f440000", "nop dword ptr [rax+rax]", NULL },
	{ MACHINE_X64, 0x1000, "660f1f840000000000", "nop word ptr [rax+rax]", NULL },
	{ MACHINE_X64, 0x1000, "0f11442420", "movups xmmword ptr [rsp+20h],xmm0", NULL },
	{ MACHINE_X64, 0x1000, "f20f114008", "movsd mmword ptr [rax+8],xmm0", NULL },
	{ MACHINE_X64, 0x1000, "48a5", "movs qword ptr [rdi],qword ptr [rsi]", NULL },
	{ MACHINE_X64, 0x1000, "f348ab", "rep stos qword ptr [rdi]", NULL },
	{ MACHINE_X64, 0x1000, "f2ae", "repne scas byte ptr [rdi]", NULL },
	{ MACHINE_X86, 0x1000, "f3a6", "repe cmps byte ptr [esi],byte ptr es:[edi]", NULL },
	{ MACHINE_X64, 0x1000, "48b8f0debc9a78563412", "mov rax,123456789ABCDEF0h", NULL },
	{ MACHINE_X64, 0x1000, "48a1f0debc9a78563412", "mov rax,qword ptr [12345678`9abcdef0]", NULL },
	{ MACHINE_X64, 0x1000, "488b05f9ffffff", "mov rax,qword ptr [00000000`00001000]", NULL },
	{ MACHINE_X64, 0x1000, "440f4cc8", "cmovl r9d,eax", NULL },
	{ MACHINE_X64, 0x1000, "0f95c0", "setne al", NULL },
	{ MACHINE_X64, 0x1000, "d1f8", "sar eax,1", NULL },
	{ MACHINE_X64, 0x1000, "c1e004", "shl eax,4", NULL },
	{ MACHINE_X64, 0x1000, "6bc064", "imul eax,eax,64h", NULL },
	{ MACHINE_X64, 0x1000, "ec", "in al,dx", NULL },
	{ MACHINE_X64, 0x1000, "0f05", "syscall", NULL },
	{ MACHINE_X64, 0x1000, "9b", "wait", NULL },
	{ MACHINE_X64, 0x1000, "480f07", "sysretq", NULL },
	{ MACHINE_X64, 0x1000, "0f01f8", "swapgs", NULL },
	{ MACHINE_X86, 0x1000, "64890d00000000", "mov dword ptr fs:[0],ecx", NULL },
	{ MACHINE_X86, 0x1000, "a134304000", "mov eax,dword ptr ds:[00403034h]", NULL },
	{ MACHINE_X86, 0x1000, "8b0d34304000", "mov ecx,dword ptr ds:[403034h]", NULL },
	{ MACHINE_X86, 0x1000, "6834304000", "push offset app!text (00403034)", "app!text" },
	{ MACHINE_X86, 0x1000, "6834304000", "push 403034h", NULL },
	{ MACHINE_X86, 0x401000, "e8fb0f0000", "call 00402000", NULL },
	{ MACHINE_X86, 0x1000, "ea09702c773300", "jmp 0033:772C7009", NULL },
	{ MACHINE_X64, 0x1000, "f0480fc709", "lock cmpxchg16b oword ptr [rcx]", NULL },
	{ MACHINE_X64, 0x1000, "8b848880000000", "mov eax,dword ptr [rax+rcx*4+80h]", NULL },
	{ MACHINE_X64, 0x1000, "4a8d04ed10000000", "lea rax,[r13*8+10h]", NULL },
	{ MACHINE_X64, 0x1000, "d9c1", "fld st(1)", NULL },
	{ MACHINE_X64, 0x1000, "dd4508", "fld qword ptr [rbp+8]", NULL },
	{ MACHINE_X64, 0x1000, "db6d08", "fld tbyte ptr [rbp+8]", NULL },
};

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;
	for (size_t i = 0; i < n; i++) {
		unsigned b = 0;
		sscanf(hex + 2 * i, "%2x", &b);
		out[i] = (uint8_t)b;
	}
	return n;
}

// The test's symbol table is one name: that of the line.
static bool name_of_line(void *ctx, va_t va, char *buf, size_t n)
{
	const struct line *l = ctx;
	(void)va;
	if (!l->name)
		return false;
	snprintf(buf, n, "%s", l->name);
	return true;
}

static void decode_hex(uint16_t machine, const char *hex, va_t va, struct insn *in)
{
	uint8_t b[32];
	size_t n = unhex(hex, b);
	insn_decode(machine, (struct span){ b, n }, va, NULL, NULL, in);
}

static void check_lines(const struct line *l, size_t n)
{
	for (size_t i = 0; i < n; i++, l++) {
		uint8_t b[16];
		char got[200];
		struct insn in;
		size_t len = unhex(l->hex, b);
		insn_decode(l->machine, (struct span){ b, len }, l->va, name_of_line, (void *)(uintptr_t)l, &in);
		snprintf(got, sizeof(got), "%s%s%s", in.mnemonic, in.operands[0] ? " " : "", in.operands);
		assert_string_equal(got, l->text);
		assert_true(in.valid);
		assert_int_equal(in.len, len);
	}
}

static void spells_as_windbg(void **state)
{
	(void)state;
	check_lines(WINDBG, ARRAY_LEN(WINDBG));
	check_lines(WINDBG_ARM64, ARRAY_LEN(WINDBG_ARM64));
	check_lines(DERIVED, ARRAY_LEN(DERIVED));
}

static void memory_operands(void **state)
{
	(void)state;
	struct insn in;
	decode_hex(MACHINE_X64, "48895c2428", 0x1000, &in); // mov qword ptr [rsp+28h],rbx
	assert_true(in.mem.present && in.mem.is_write);
	assert_int_equal(in.mem.base, X64_RSP);
	assert_int_equal(in.mem.index, -1);
	assert_int_equal(in.mem.disp, 0x28);
	assert_int_equal(in.mem.size, 8);
	assert_string_equal(in.mem.segment, "ss");
	decode_hex(MACHINE_X64, "8b448b10", 0x1000, &in); // mov eax,dword ptr [rbx+rcx*4+10h]
	assert_int_equal(in.mem.base, X64_RBX);
	assert_int_equal(in.mem.index, X64_RCX);
	assert_int_equal(in.mem.scale, 4);
	assert_false(in.mem.is_write);
	assert_string_equal(in.mem.segment, "ds");
	decode_hex(MACHINE_X64, "65488b042530000000", 0x1000, &in);
	assert_string_equal(in.mem.segment, "gs");
	assert_int_equal(in.mem.base, -1);
	assert_int_equal(in.mem.disp, 0x30);
	decode_hex(MACHINE_X64, "ff15de0e0000", 0xfffff804789a114c, &in);
	assert_true(in.mem.is_ip_relative);
	assert_int_equal((uint64_t)in.mem.disp, 0xfffff804789a2030);
	assert_int_equal(in.kind, INSN_CALL);
	assert_false(in.has_target);
	decode_hex(MACHINE_X64, "488d45df", 0x1000, &in);
	assert_true(in.mem.is_lea);
	decode_hex(MACHINE_X86, "f3a5", 0x1000, &in); // the destination comes first
	assert_int_equal(in.mem.base, X64_RDI);
	assert_string_equal(in.mem.segment, "es");
	assert_true(in.mem.is_write);
	decode_hex(MACHINE_X86, "8b0dfcffffff", 0x1000, &in); // an x86 address is 32 bits
	assert_int_equal((uint64_t)in.mem.disp, 0xfffffffc);
	decode_hex(MACHINE_X64, "55", 0x1000, &in); // push's store is not an operand
	assert_false(in.mem.present);
}

static void memory_operands_arm64(void **state)
{
	(void)state;
	static const struct {
		const char *hex;
		int base, index;
		unsigned scale;
		int index_bits;
		int64_t disp;
		unsigned size;
		bool is_write;
	} T[] = {
		{ "fd7bbca9", A64_SP, -1, 1, 0, -0x40, 16, true }, // stp fp,lr,[sp,#-0x40]!
		{ "fd7bc4a8", A64_SP, -1, 1, 0, 0, 16, false },    // ldp fp,lr,[sp],#0x40: before the move
		{ "004541f9", 8, -1, 1, 0, 0x288, 8, false },      // ldr x0,[x8,#0x288]
		{ "28694938", 9, -1, 1, 0, 0x96, 1, false },       // ldtrb w8,[x9,#0x96]
		{ "697a68f8", 19, 8, 8, 0, 0, 8, false },          // ldr x9,[x19,x8,lsl #3]
		{ "69da68b8", 19, 8, 4, -32, 0, 4, false },        // ldr w9,[x19,w8,sxtw #2]
		{ "695a28b8", 19, 8, 4, 32, 0, 4, true },          // str w9,[x19,w8,uxtw #2]
		{ "e00780ad", A64_SP, -1, 1, 0, 0, 32, true },     // stp q0,q1,[sp,#0]!
		{ "200020f8", 1, -1, 1, 0, 0, 8, true },           // ldadd x0,x0,[x1]
		{ "28c1bff8", 9, -1, 1, 0, 0, 8, false },          // ldapr x8,[x9]
		{ "01fce2c8", 0, -1, 1, 0, 0, 8, true },           // casal x2,x1,[x0]
		{ "28fd5fc8", 9, -1, 1, 0, 0, 8, false },          // ldaxr x8,[x9]
		{ "6020df4c", 3, -1, 1, 0, 0, 64, false },         // ld1 {v0.16b-v3.16b},[x3],#0x40
	};
	struct insn in;
	for (size_t i = 0; i < ARRAY_LEN(T); i++) {
		decode_hex(MACHINE_ARM64, T[i].hex, 0x1000, &in);
		assert_true(in.valid && in.mem.present);
		assert_int_equal(in.mem.base, T[i].base);
		assert_int_equal(in.mem.index, T[i].index);
		assert_int_equal(in.mem.scale, T[i].scale);
		assert_int_equal(in.mem.index_bits, T[i].index_bits);
		assert_int_equal(in.mem.disp, T[i].disp);
		assert_int_equal(in.mem.size, T[i].size);
		assert_int_equal(in.mem.is_write, T[i].is_write);
	}
	decode_hex(MACHINE_ARM64, "48000058", 0x1000, &in); // ldr x8,(literal)
	assert_true(in.mem.is_ip_relative);
	assert_int_equal(in.mem.disp, 0x1008);
	decode_hex(MACHINE_ARM64, "00010091", 0x1000, &in); // add
	assert_false(in.mem.present);
}

static void kinds_and_targets(void **state)
{
	(void)state;
	static const struct {
		uint16_t machine;
		const char *hex;
		enum insn_kind kind;
		va_t target; // 0: none
	} T[] = {
		{ MACHINE_X64, "e8fb0f0000", INSN_CALL, 0x2000 },
		{ MACHINE_X64, "ffd0", INSN_CALL, 0 },
		{ MACHINE_X64, "eb00", INSN_JUMP, 0x1002 },
		{ MACHINE_X64, "7507", INSN_COND_JUMP, 0x1009 },
		{ MACHINE_X64, "e2fe", INSN_COND_JUMP, 0x1000 },
		{ MACHINE_X64, "c3", INSN_RET, 0 },
		{ MACHINE_X64, "48cf", INSN_RET, 0 },
		{ MACHINE_X64, "cc", INSN_TRAP, 0 },
		{ MACHINE_X64, "cd29", INSN_TRAP, 0 },
		{ MACHINE_X64, "cd2e", INSN_OTHER, 0 },
		{ MACHINE_X64, "0f0b", INSN_TRAP, 0 },
		{ MACHINE_X64, "90", INSN_OTHER, 0 },
		{ MACHINE_X86, "e9fbefffff", INSN_JUMP, 0 },
		{ MACHINE_X86, "e8f6efffff", INSN_CALL, 0xfffffffb },
		{ MACHINE_ARM64, "00000094", INSN_CALL, 0x1000 },
		{ MACHINE_ARM64, "00013fd6", INSN_CALL, 0 },
		{ MACHINE_ARM64, "02000014", INSN_JUMP, 0x1008 },
		{ MACHINE_ARM64, "00011fd6", INSN_JUMP, 0 },
		{ MACHINE_ARM64, "c0035fd6", INSN_RET, 0 },
		{ MACHINE_ARM64, "ff0b5fd6", INSN_RET, 0 },
		{ MACHINE_ARM64, "e0039fd6", INSN_RET, 0 },
		{ MACHINE_ARM64, "11093fd7", INSN_CALL, 0 },
		{ MACHINE_ARM64, "11091fd7", INSN_JUMP, 0 },
		{ MACHINE_ARM64, "00003ed4", INSN_TRAP, 0 },
		{ MACHINE_ARM64, "610000d4", INSN_OTHER, 0 },
		{ MACHINE_ARM64, "00000000", INSN_TRAP, 0 },
		{ MACHINE_ARM64, "400000b4", INSN_COND_JUMP, 0x1008 },
		{ MACHINE_ARM64, "48001837", INSN_COND_JUMP, 0x1008 },
		{ MACHINE_ARM64, "e0ffff54", INSN_COND_JUMP, 0xffc },
		{ MACHINE_ARM64, "080000b0", INSN_OTHER, 0x2000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(T); i++) {
		struct insn in;
		decode_hex(T[i].machine, T[i].hex, 0x1000, &in);
		assert_int_equal(in.kind, T[i].kind);
		assert_int_equal(in.target, T[i].target);
	}
}

static void bad_bytes(void **state)
{
	(void)state;
	struct insn in;
	insn_decode(MACHINE_X64, (struct span){ NULL, 0 }, 0, NULL, NULL, &in);
	assert_false(in.valid);
	assert_int_equal(in.len, 1);
	assert_string_equal(in.mnemonic, "???");
	decode_hex(MACHINE_X64, "488b84", 0, &in); // truncated: all there is
	assert_false(in.valid);
	assert_int_equal(in.len, 3);
	decode_hex(MACHINE_X64, "06", 0, &in); // push es, not in 64-bit mode
	assert_false(in.valid);
	assert_int_equal(in.len, 1);
	assert_string_equal(in.operands, "");
	// 15 bytes are an instruction, 16 are not.
	decode_hex(MACHINE_X64, "66666666666666662e0f1f840000000000", 0, &in);
	assert_false(in.valid);
	decode_hex(MACHINE_X64, "6666666666662e0f1f840000000000", 0, &in);
	assert_true(in.valid);
	assert_int_equal(in.len, 15);
	decode_hex(MACHINE_ARM64, "e6e7fef6", 0, &in);
	assert_false(in.valid);
	assert_int_equal(in.len, 4);
	decode_hex(MACHINE_ARM64, "e6e7fe", 0, &in);
	assert_false(in.valid);
	assert_int_equal(in.len, 3);
	decode_hex(MACHINE_ARM, "00bf", 0, &in);
	assert_false(in.valid);
	assert_int_equal(in.len, 1);
}

static void long_names_are_cut(void **state)
{
	(void)state;
	char name[300];
	struct line l = { .name = name };
	uint8_t b[8];
	struct insn in;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	size_t n = unhex("f604250803fe7f01", b);
	insn_decode(MACHINE_X64, (struct span){ b, n }, 0x1000, name_of_line, &l, &in);
	assert_non_null(strstr(in.operands, "x (00000000`7ffe0308)],1"));
}

static bool ends(uint16_t machine, const char *hex)
{
	uint8_t b[32];
	size_t n = unhex(hex, b);
	return insn_ends_with_call(machine, (struct span){ b, n });
}

static void call_before_return_address(void **state)
{
	(void)state;
	assert_true(ends(MACHINE_X64, "90e800000000"));
	assert_true(ends(MACHINE_X64, "ffd0"));
	assert_true(ends(MACHINE_X64, "41ffd3"));
	assert_true(ends(MACHINE_X64, "ff15de0e0000"));
	assert_true(ends(MACHINE_X64, "ff94c878563412"));
	assert_true(ends(MACHINE_X64, "42ff54c808"));
	assert_true(ends(MACHINE_X86, "9a001040002300"));
	assert_false(ends(MACHINE_X64, "9a001040002300"));
	assert_false(ends(MACHINE_X64, "ffe0"));
	assert_false(ends(MACHINE_X64, "c3"));
	assert_false(ends(MACHINE_X64, ""));
	assert_false(ends(MACHINE_X64, "9090909090909090"));
	assert_true(ends(MACHINE_ARM64, "08000094"));  // bl
	assert_true(ends(MACHINE_ARM64, "00013fd6"));  // blr x8
	assert_true(ends(MACHINE_ARM64, "11093fd7"));  // blraa x8,x17
	assert_true(ends(MACHINE_ARM64, "1f093fd6"));  // blraaz x8
	assert_false(ends(MACHINE_ARM64, "00011fd6")); // br x8
	assert_false(ends(MACHINE_ARM64, "3fd6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spells_as_windbg),
		cmocka_unit_test(memory_operands),
		cmocka_unit_test(memory_operands_arm64),
		cmocka_unit_test(kinds_and_targets),
		cmocka_unit_test(bad_bytes),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(call_before_return_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
