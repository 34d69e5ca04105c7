// SPDX-License-Identifier: Apache-2.0
// kernel_triage_tab.c: which kernel frames are worth blaming, as triage_tab.c says of processes. Everything without a
// rule is definite: drivers, whoever made them. What the debugger passes over: its public output.
#include "verdict/verdict_int.h"

const struct triage_rule kernel_triage_rules[] = {
	// Machinery that stops the system, or reports what somebody else did.
	{ "nt!KeBugCheck*", TRIAGE_IGNORE },
	{ "nt!KiBugCheck*", TRIAGE_IGNORE },
	{ "nt!DbgBreakPointWithStatus", TRIAGE_IGNORE },
	{ "nt!Ki*Fault*", TRIAGE_IGNORE },
	{ "nt!KiDoubleFaultAbort", TRIAGE_LAST },
	{ "nt!KiExceptionDispatch*", TRIAGE_IGNORE },
	{ "nt!KiDispatchException*", TRIAGE_IGNORE },
	{ "nt!KiSystemServiceHandler", TRIAGE_IGNORE },
	{ "nt!KiMcheckAbort", TRIAGE_IGNORE },
	{ "nt!KiInterruptDispatch*", TRIAGE_IGNORE },
	{ "nt!KiInterruptSubDispatch*", TRIAGE_IGNORE },
	{ "nt!MmAccessFault", TRIAGE_IGNORE },
	{ "nt!MiSystemFault", TRIAGE_IGNORE },
	{ "nt!RtlDispatchException", TRIAGE_IGNORE },
	{ "nt!RtlpExecuteHandlerFor*", TRIAGE_IGNORE },
	{ "nt!RtlRaise*", TRIAGE_IGNORE },
	{ "nt!ExRaise*", TRIAGE_IGNORE },
	{ "nt!RtlpHp*", TRIAGE_IGNORE },
	{ "nt!RtlpHeapHandleError", TRIAGE_IGNORE },
	{ "nt!RtlpLogHeapFailure", TRIAGE_IGNORE },
	{ "nt!ExFreePool*", TRIAGE_IGNORE },
	// The core: it does what callers ask for.
	{ "nt", TRIAGE_LAST },
	{ "hal", TRIAGE_LAST },
	{ "kd", TRIAGE_LAST },
	{ "kdcom", TRIAGE_LAST },
	{ "kdnet*", TRIAGE_LAST },
	{ "verifier*", TRIAGE_LAST },
	{ "securekernel", TRIAGE_LAST },
	{ "watchdog", TRIAGE_LAST },
	{ "fltmgr", TRIAGE_LAST },
	{ "Ntfs", TRIAGE_LAST },
	// Frameworks that call drivers, and are called by them: named when no driver is on the stack.
	{ "Wdf01000", TRIAGE_MAYBE },
	{ "ndis", TRIAGE_MAYBE },
	{ NULL, TRIAGE_DEFINITE },
};
