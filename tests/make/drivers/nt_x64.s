# SPDX-License-Identifier: Apache-2.0
# Entries of the kernel for x64: a trap frame behind what the processor pushed, rbp 0x80 above its start, as the unwind
# data of Windows' entries has it; stacks of processors. KTRAP_FRAME, KEXCEPTION_FRAME, KSWITCH_FRAME: public symbols.
	.intel_syntax noprefix
	.text

	.macro TRAP_FRAME
	push rbp
	.seh_pushreg rbp
	sub rsp, 0x158
	.seh_stackalloc 0x158
	lea rbp, [rsp + 0x80]
	.seh_setframe rbp, 0x80
	.seh_endprologue
	mov [rbp - 0x50], rax
	mov [rbp - 0x48], rcx
	mov [rbp - 0x40], rdx
	mov [rbp - 0x38], r8
	mov [rbp - 0x30], r9
	mov [rbp - 0x28], r10
	mov [rbp - 0x20], r11
	.endm

	.macro ENTRY name
	.globl \name
	.def \name; .scl 2; .type 32; .endef
	.p2align 4, 0x90
	.seh_proc \name
\name:
	.endm

ENTRY KiPageFault
	.seh_pushframe @code
	TRAP_FRAME
	mov ecx, 0xd1
	call KiBugCheckDispatch
	nop
	.seh_endproc

ENTRY KiDoubleFaultAbort
	.seh_pushframe @code
	TRAP_FRAME
	mov ecx, 0x7f
	mov edx, 8
	call KiBugCheckDispatch
	nop
	.seh_endproc

ENTRY KiInterruptDispatch
	.seh_pushframe
	sub rsp, 8
	.seh_stackalloc 8
	TRAP_FRAME
	mov rcx, [rip + KiIsrStack]
	mov [rcx - 0x10], rsp
	lea rsp, [rcx - 0x20]
	mov rcx, [rip + KiRoutine]
	call KiInterruptSubDispatch
	mov rsp, [rsp + 0x10]
	nop
	.seh_endproc

ENTRY KiDpcInterrupt
	.seh_pushframe
	sub rsp, 8
	.seh_stackalloc 8
	TRAP_FRAME
	call KiDpcInterruptBypass
	nop
	.seh_endproc

ENTRY KiDpcInterruptBypass
	sub rsp, 0x28
	.seh_stackalloc 0x28
	.seh_endprologue
	call KiDispatchInterrupt
	nop
	add rsp, 0x28
	ret
	.seh_endproc

ENTRY KiDispatchInterrupt
	sub rsp, 0x28
	.seh_stackalloc 0x28
	.seh_endprologue
	lea rax, [rip + KiDispatchInterruptContinue]
	jmp KxRetireDpcList
	.globl KiDispatchInterruptContinue
KiDispatchInterruptContinue:
	sti
	add rsp, 0x28
	ret
	.seh_endproc

ENTRY KxRetireDpcList
	mov rcx, [rip + KiDpcStack]
	mov [rcx + 0x28], rax
	mov qword ptr [rcx + 0x30], 0x10
	mov qword ptr [rcx + 0x38], 0x246
	mov [rcx + 0x40], rsp
	mov qword ptr [rcx + 0x48], 0x18
	lea rsp, [rcx + 0x28]
	.seh_pushframe
	sub rsp, 0x28
	.seh_stackalloc 0x28
	.seh_endprologue
	mov rcx, [rip + KiRoutine]
	call KiRetireDpcList
	nop
	.seh_endproc

ENTRY KiSystemCall64
	mov [rip + KiUserRsp], rsp
	mov rsp, [rip + KiInitialStack]
	push 0x2b
	push qword ptr [rip + KiUserRsp]
	push r11
	push 0x33
	push rcx
	.seh_pushframe
	sub rsp, 8
	.seh_stackalloc 8
	TRAP_FRAME
	mov rcx, [rip + KiRoutine]
	.globl KiSystemServiceCopyEnd
KiSystemServiceCopyEnd:
	call NtDeviceIoControlFile
	nop
	.seh_endproc

	.macro SAVE_EXCEPTION_FRAME
	sub rsp, 0x138
	.seh_stackalloc 0x138
	mov [rsp + 0x100], rbx
	.seh_savereg rbx, 0x100
	mov [rsp + 0x108], rdi
	.seh_savereg rdi, 0x108
	mov [rsp + 0x110], rsi
	.seh_savereg rsi, 0x110
	mov [rsp + 0x118], r12
	.seh_savereg r12, 0x118
	mov [rsp + 0x120], r13
	.seh_savereg r13, 0x120
	mov [rsp + 0x128], r14
	.seh_savereg r14, 0x128
	mov [rsp + 0x130], r15
	.seh_savereg r15, 0x130
	.seh_endprologue
	.endm

ENTRY KiBugCheckDispatch
	SAVE_EXCEPTION_FRAME
	call KeBugCheckEx
	nop
	.seh_endproc

ENTRY KiSwapContext
	SAVE_EXCEPTION_FRAME
	call SwapContext
	add rsp, 0x138
	ret
	.seh_endproc

ENTRY SwapContext
	sub rsp, 0x38
	.seh_stackalloc 0x38
	mov [rsp + 0x30], rbp
	.seh_savereg rbp, 0x30
	.seh_endprologue
	.globl SwapContextDone
SwapContextDone:
	nop
	mov rbp, [rsp + 0x30]
	add rsp, 0x38
	ret
	.seh_endproc

	.globl KeBugCheckEx
KeBugCheckEx:
	mov [rsp + 8], rcx
	hlt

	.globl _DllMainCRTStartup
_DllMainCRTStartup:
	ret

	.section .drectve, "yn"
	.ascii " /export:KeBugCheckEx"

	.data
	.macro VARIABLE name
	.globl \name
\name:
	.quad 0
	.endm
	VARIABLE KiIsrStack
	VARIABLE KiDpcStack
	VARIABLE KiRoutine
	VARIABLE KiUserRsp
	VARIABLE KiInitialStack
