# SPDX-License-Identifier: Apache-2.0
# A program that makes one system call.
	.intel_syntax noprefix
	.text
	.globl start
	.seh_proc start
start:
	sub rsp, 0x28
	.seh_stackalloc 0x28
	.seh_endprologue
	call NtDeviceIoControlFile
	nop
	.seh_endproc

	.globl NtDeviceIoControlFile
NtDeviceIoControlFile:
	mov r10, rcx
	mov eax, 7
	.globl enter
enter:
	syscall
	ret
