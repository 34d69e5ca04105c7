// SPDX-License-Identifier: Apache-2.0
// The rules of the kernel verdict over plain facts. Stacks, buckets and hashes: published output of the debugger
// (DebugPrivilege/InsightEngineering, the kernel-dump article, MicrosoftDocs, public issues).
#include "verdict/bugcheck.h"
#include "verdict/kernel_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(16 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

// Frames "module!function" separated by blanks; '-': in no module; '~' before a name: found by scanning.
static size_t frames(const char *text, struct blame_frame *f, size_t max)
{
	size_t n = 0;
	for (const char *p = text; *p && n < max; n++) {
		size_t len = strcspn(p, " ");
		char *w = arena_strndup(arena, p, len);
		p += len + (p[len] == ' ');
		f[n] = (struct blame_frame){ .trust = *w == '~' ? TRUST_SCAN : TRUST_UNWIND };
		w += *w == '~';
		char *bang = strchr(w, '!');
		if (bang)
			*bang = 0;
		f[n].module = *w == '-' ? NULL : w;
		f[n].function = bang ? bang + 1 : NULL;
	}
	return n;
}

struct sample {
	uint32_t code;
	uint64_t params[4];
	bool exception, av;
	enum fault_op op;
	const char *stack;         // from the fault on, else from KeBugCheckEx on
	const char *bucket, *hash; // hash NULL: the driver has another name here than it was published with
};

static const struct sample samples[] = {
	{ 0xd1,
	  { 0xffffd8024aaa8010, 2, 0, 0xfffff80060da1981 },
	  false,
	  false,
	  FAULT_READ,
	  "myfault myfault myfault nt!IofCallDriver nt!IopSynchronousServiceTail",
	  "AV_myfault!unknown_function",
	  "{9745090a-9bce-ccba-c096-ca6e9ca04c64}" },
	{ 0xd1,
	  { 0xffff80091002ac08, 2, 1, 0xfffff802084d9062 },
	  false,
	  false,
	  FAULT_WRITE,
	  "Ntfs!NtfsChangeAttributeValue Ntfs!NtfsAllocateRecord Ntfs!NtfsFsdCreate nt!IofCallDriver "
	  "FLTMGR!FltpLegacyProcessingAfterPreCallbacksCompleted FLTMGR!FltReissueSynchronousIo "
	  "fileinfo!FIPfFileFSOpPostCreate fileinfo!FIPostCreateCallback FLTMGR!FltpCreate nt!IofCallDriver "
	  "TestDriver!LogCurrentIrql",
	  "AV_fileinfo!FIPfFileFSOpPostCreate",
	  "{b4048e5d-9388-9a34-9958-ec36d87bbe12}" },
	{ 0xd1,
	  { 8, 2, 0, 0xfffff8068a1c75b0 },
	  false,
	  false,
	  FAULT_READ,
	  "tunnel!TeredoWfpRemoveHashEntry tunnel!TeredoWfpDdLayerDelete NETIO!WfpNotifyFlowContextDelete tcpip",
	  "AV_tunnel!TeredoWfpRemoveHashEntry",
	  "{ed81a04d-9dd2-aa51-bc2a-d6f45f90b7a5}" },
	{ 0x19,
	  { 0x22, 0xffffc48068d7d000, 4, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!ExRemovePoolTag nt!MmFreeContiguousMemory Driver Driver nt!PnpCallDriverEntry",
	  "0x19_22_Driver!unknown_function",
	  "{13274a29-c6c5-4e24-cb5a-0988e703af11}" },
	{ 0x13a,
	  { 0x12, 0xffffe2808c200140, 0xffffe2809abee000, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!RtlpHeapHandleError nt!RtlpHpHeapHandleError nt!RtlpLogHeapFailure "
	  "nt!RtlpHpVsContextAllocateInternal nt!ExAllocateHeapPool nt!ExAllocatePool2 Driver!CreateRandomFile",
	  "0x13a_12_Driver!CreateRandomFile",
	  "{ea91b8db-b8d2-b485-3fb8-7116e18cbc08}" },
	{ 0x7e,
	  { 0xffffffffc0000005, 0xfffff8076624f3d4, 0xffffa1088a4aebf8, 0xffffa1088a4ae410 },
	  true,
	  true,
	  FAULT_READ,
	  "nt!RtlpHpVsFreeChunkInsert nt!RtlpHpFreeHeap nt!ExFreePoolWithTag EvilDriver EvilDriver nt!IopLoadDriver",
	  "AV_EvilDriver!unknown_function",
	  "{0a02cf11-80e3-568b-892e-59d7b590ecbf}" },
	{ 0x3b,
	  { 0xc0000005, 0xfffff80656786674, 0xffffa0873efde280, 0 },
	  true,
	  true,
	  FAULT_READ,
	  "dxgkrnl!DXGVIRTUALMACHINE::IsWsl2Guest dxgkrnl!ADAPTER_RENDER::ReadVirtualFunctionConfig vpcivsp nt",
	  "AV_dxgkrnl!DXGVIRTUALMACHINE::IsWsl2Guest",
	  "{1653d76e-587a-827c-afc4-0327e70c52dc}" },
	{ 0x13c,
	  { 0xffff8b0351756040, 1, 1, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!PspThreadDelete nt!ObpRemoveObjectRoutine nt!PspReaper nt!ExpWorkerThread",
	  "0x13C_nt!PspThreadDelete",
	  "{6fe88179-1572-f8e2-aeff-cd9c600ecf3a}" },
	{ 0x20,
	  { 0, 0xffff, 0, 1 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!PspExitThread nt!PspTerminateThreadByPointer nt!PspSystemThreadStartup",
	  "0x20_NULLAPC_KAPC_NEGATIVE_nt!PspExitThread",
	  "{fcbbc787-b7cc-0ca4-c274-c788b86a9951}" },
	{ 0x162,
	  { 0xffff910142869040, 0xffff910145796f70, 0xffffffff, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!KeAbPostRelease nt!ExReleasePushLockExclusiveEx TestDriver nt!PnpCallDriverEntry",
	  "0x162_TestDriver!unknown_function",
	  "{419d12bb-5d5f-512c-e75c-1fd193415869}" },
	{ 0x50,
	  { 0xffffe5068d8a4000, 2, 0xfffff801197f1d1e, 0 },
	  false,
	  false,
	  FAULT_WRITE,
	  "Driver Driver nt!PnpCallDriverEntry",
	  "AV_W_(null)_Driver!unknown_function",
	  "{2f4cb3f6-118f-01c9-d978-7b6c7a9a1257}" },
	{ 0x50,
	  { 0xfffff78000001000, 0, 0xfffff80528f293cb, 2 },
	  false,
	  false,
	  FAULT_READ,
	  "win32kbase!WmsgpConnect win32kbase!RegisterLogonProcess win32k nt",
	  "AV_R_(null)_win32kbase!WmsgpConnect",
	  "{ece26be9-101a-e2cf-72a9-a92359219248}" },
	{ 0x133,
	  { 0, 0x500, 0x500, 0xfffff803e1dc33a0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!KeAccumulateTicks nt!KiUpdateRunTime nt!KiInterruptDispatchNoLockNoEtw "
	  "nt!RtlpCSparseBitmapUnlock nt!ExAllocatePoolWithTag drv7",
	  "0x133_DPC_drv7!unknown_function",
	  NULL },
	{ 0x139,
	  { 0x1d, 0xffff800000000000, 0xffff800000000000, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!KiBugCheckDispatch nt!KiFastFailDispatch nt!KiRaiseSecurityCheckFailure "
	  "nt!RtlRbRemoveNode Driver",
	  "0x139_1d_INVALID_BALANCED_TREE_Driver!unknown_function",
	  "{8ebd2998-ea64-b96c-aae8-2108d8c92247}" },
	{ 0x139,
	  { 3, 0xffffc2857eb13850, 0xffffc2857eb137a8, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!DbgBreakPointWithStatus nt!KiBugCheckDebugBreak nt!KeBugCheck2 nt!KeBugCheckEx nt!KiBugCheckDispatch "
	  "nt!KiFastFailDispatch nt!KiRaiseSecurityCheckFailure nt!PspProcessDelete nt!ObpRemoveObjectRoutine",
	  "0x139_3_CORRUPT_LIST_ENTRY_nt!KiFastFailDispatch",
	  "{3aede96a-54dd-40d6-d4cb-2a161a843851}" },
	{ 0x139,
	  { 4, 0xffffe48092d92510, 0xffffe48092d92468, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!KiBugCheckDispatch nt!KiFastFailDispatch nt!KiRaiseSecurityCheckFailure "
	  "nt!RtlpGetStackLimitsEx nt!RtlDispatchException nt!KiDispatchException",
	  "0x139_MISSING_GSFRAME_nt!KiFastFailDispatch",
	  "{1971a9b0-b7ec-89bf-0a51-10ac52818da5}" },
	{ 0x139,
	  { 3, 0xffffa90fa4fe2370, 0xffffa90fa4fe22c8, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!KiFastFailDispatch nt!KiRaiseSecurityCheckFailure FLTMGR!FltpInsertCallback "
	  "FLTMGR!FltStartFiltering drv8 drv8 nt!PnpCallDriverEntry nt!IopLoadDriver",
	  "0x139_3_CORRUPT_LIST_ENTRY_drv8!unknown_function",
	  NULL },
	{ 0xd1,
	  { 8, 2, 0, 0xfffff8024e50c688 },
	  false,
	  false,
	  FAULT_READ,
	  "NETIO!StreamInvokeCalloutAndNormalizeAction NETIO!StreamCalloutProcessingLoop NETIO!ArbitrateAndEnforce",
	  "AV_NETIO!StreamInvokeCalloutAndNormalizeAction",
	  "{c2ca2d1f-cfdc-88d5-c7bc-7693b8f0de04}" },
	{ 0xa,
	  { 0x30, 0xff, 0, 0xfffff80481e57698 },
	  false,
	  false,
	  FAULT_READ,
	  "nt!KiAddThreadToPrcbQueue nt!KiGroupSchedulingQuantumEnd nt!KiQuantumEnd nt!KiIdleLoop",
	  "AV_nt!KiAddThreadToPrcbQueue",
	  "{c74074a9-9c03-f27a-ab5d-89f228e80821}" },
	{ 0x119,
	  { 0xa000, 0xffffdf8f708a8000, 0x18c, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx watchdog!WdLogSingleEntry5 dxgmms2!VidSchiResetHwEngine dxgmms2!VidSchiResetEngines",
	  "0x119_a000_VIDSCH_RESET_HW_ENGINE_SUSPEND_dxgmms2!VidSchiResetHwEngine",
	  NULL },
	{ 0x133,
	  { 1, 0x1e00, 0xfffff803e1dc33a0, 0 },
	  false,
	  false,
	  FAULT_NONE,
	  "nt!KeBugCheckEx nt!KeAccumulateTicks nt!KiUpdateRunTime nt!KiInterruptDispatchNoLockNoEtw nt!KiIdleLoop",
	  "0x133_ISR_nt!KeAccumulateTicks",
	  NULL },
};

static void published(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *x = &samples[i];
		const struct bugcheck_rule *r = bugcheck_rule(x->code);
		struct blame_frame f[32];
		struct blame who;
		size_t n = frames(x->stack, f, ARRAY_LEN(f));
		blame_find_in(kernel_triage_rules, f, n, true, &who);
		assert_in_range(who.frame, 0, n - 1);
		struct prefix_facts p = { .rule = r, .code = x->code, .op = x->op, .av = x->av, .ip_in_module = true };
		memcpy(p.params, x->params, sizeof(p.params));
		if (r->bits != OP_NONE)
			p.op = bugcheck_op(r, MACHINE_X64, 19041, x->params[r->op - 1]);
		assert_int_equal(p.op, x->op);
		const char *bucket = kernel_bucket(arena, kernel_prefix(arena, &p), f[who.frame].module,
						   f[who.frame].function, NULL);
		assert_string_equal(bucket, x->bucket);
		if (x->hash)
			assert_string_equal(verdict_hash(arena, true, bucket), x->hash);
	}
}

// The same stacks with other names: nothing may hang on the names of the samples.
static void any_driver(void **state)
{
	(void)state;
	static const struct {
		const char *stack, *module, *function;
		enum triage class;
	} cases[] = {
		{ "nt!KeBugCheckEx nt!ExRemovePoolTag zz9 nt!PnpCallDriverEntry", "zz9", NULL, TRIAGE_DEFINITE },
		{ "Ntfs!NtfsX FLTMGR!FltpY nt!IofCallDriver aFilter!Post other", "aFilter", "Post", TRIAGE_DEFINITE },
		{ "Ntfs!NtfsX FLTMGR!FltpY nt!IofCallDriver", "Ntfs", "NtfsX", TRIAGE_LAST },
		{ "nt!KeBugCheckEx Wdf01000!FxA nt!B", "Wdf01000", "FxA", TRIAGE_MAYBE },
		{ "nt!KeBugCheckEx nt!KiBugCheckDispatch nt!KiPageFault nt!Worker", "nt", "Worker", TRIAGE_LAST },
		{ "- - driver9", "driver9", NULL, TRIAGE_DEFINITE },
		{ "nt!KeBugCheckEx", "nt", "KeBugCheckEx", TRIAGE_IGNORE },
		{ "ndis!NdisReturnNetBufferLists nt!X", "ndis", "NdisReturnNetBufferLists", TRIAGE_MAYBE },
		{ "hal!HalX nt!X", "hal", "HalX", TRIAGE_LAST },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct blame_frame f[16];
		struct blame who;
		size_t n = frames(cases[i].stack, f, ARRAY_LEN(f));
		blame_find_in(kernel_triage_rules, f, n, true, &who);
		assert_in_range(who.frame, 0, n - 1);
		assert_string_equal(f[who.frame].module, cases[i].module);
		assert_int_equal(who.class, cases[i].class);
		if (cases[i].function)
			assert_string_equal(f[who.frame].function, cases[i].function);
	}
}

static const char *prefix(uint32_t code, uint64_t p1, uint64_t p2, uint64_t p4, bool av, enum fault_op op, va_t ip,
			  bool in_module)
{
	const struct prefix_facts x = { .rule = bugcheck_rule(code),
					.code = code,
					.params = { p1, p2, 0, p4 },
					.op = op,
					.av = av,
					.ip = ip,
					.ip_in_module = in_module };
	return kernel_prefix(arena, &x);
}

// Words that no public output confirms are said to be so: of a cookie wrong in one bit, not in many.
static void unverified_words(void **state)
{
	static const struct {
		uint32_t code;
		uint64_t p1, p2;
		bool unverified;
	} list[] = {
		{ 0xf7, 0x80, 0x81, true },
		{ 0xf7, 0x80, 0x83, true },
		{ 0xf7, 0x80, 0x87, false },
		{ 0xf7, 0x7508adca8132, 0x7508adca81f1, false },
		{ 0x12b, 0xffffffffc00002c4, 0x200, true },
		{ 0x12b, 0xffffffffc000003f, 0x200, false },
		{ 0x12b, 0xfffff80012345000, 0x200, false },
		{ 0xd1, 0x80, 0x81, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		struct prefix_facts x = { .rule = bugcheck_rule(list[i].code),
					  .code = list[i].code,
					  .params = { list[i].p1, list[i].p2, 0, 0 } };
		assert_int_equal(kernel_prefix_unverified(&x), list[i].unverified);
	}
}

static void prefixes(void **state)
{
	(void)state;
	assert_string_equal(prefix(0xe3, 1, 2, 0, false, FAULT_NONE, 0, false), "0xE3");
	assert_string_equal(prefix(0x9f, 3, 2, 0, false, FAULT_NONE, 0, false), "0x9F_3");
	assert_string_equal(prefix(0x116, 1, 2, 0, false, FAULT_NONE, 0, false), "0x116");
	assert_string_equal(prefix(0x133, 1, 0x1e00, 0, false, FAULT_NONE, 0, false), "0x133_ISR");
	assert_string_equal(prefix(0x7a, 1, 0xffffffffc0000185, 0, false, FAULT_NONE, 0, false), "0x7a_c0000185");
	assert_string_equal(prefix(0x5a, 0xffffffffc0000428, 0, 0, false, FAULT_NONE, 0, false), "0x5A_c0000428");
	assert_string_equal(prefix(0x109, 0, 0, 0x19, false, FAULT_NONE, 0, false), "0x109_19");
	assert_string_equal(prefix(0x7e, 0xffffffffc000001d, 0, 0, false, FAULT_NONE, 0, false), "0x7E_C000001D");
	assert_string_equal(prefix(0xd1, 0, 2, 0, false, FAULT_EXECUTE, 0xfffff80012345678, true),
			    "AV_CODE_AV_PAGED_IP");
	assert_string_equal(prefix(0xd1, 0, 2, 0, false, FAULT_EXECUTE, 0x10, false), "AV_CODE_AV_NULL_IP");
	assert_string_equal(prefix(0xa, 0, 2, 0, false, FAULT_EXECUTE, 0xfffff80012345678, false), "AV_CODE_AV_BAD_IP");
	assert_string_equal(prefix(0x20, 0, 1, 0, false, FAULT_NONE, 0, false), "0x20");
	assert_string_equal(prefix(0x139, 0x7777, 0, 0, false, FAULT_NONE, 0, false), "0x139_7777");
	assert_string_equal(prefix(0x139, 2, 0, 0, false, FAULT_NONE, 0, false), "0x139_MISSING_GSFRAME");
	assert_string_equal(prefix(0xf7, 0x7508adca8132, 0x7508adca81f1, 0, false, FAULT_NONE, 0, false),
			    "0xF7_MISSING_GSFRAME");
	assert_string_equal(prefix(0xf7, 0x80, 0x81, 0, false, FAULT_NONE, 0, false), "0xF7_ONE_BIT_MISSING_GSFRAME");
	assert_string_equal(prefix(0x119, 5, 0, 0, false, FAULT_NONE, 0, false),
			    "0x119_5_DRIVER_FAULTED_SYSTEM_COMMAND");
	assert_string_equal(prefix(0x119, 0x400, 0, 0, false, FAULT_NONE, 0, false), "0x119_400");
	assert_string_equal(prefix(0xc4, 0x20005, 0, 0, false, FAULT_NONE, 0, false), "0xc4_IrqlExApcLte1_XDV");
	assert_string_equal(prefix(0xc4, 0xf6, 0, 0, false, FAULT_NONE, 0, false), "0xc4_f6");
	assert_string_equal(prefix(0x101, 0x10, 0, 6, false, FAULT_NONE, 0, false), "CLOCK_WATCHDOG_TIMEOUT");
	assert_string_equal(kernel_bucket(arena, "0x116", "card5", NULL, "card5.sys"), "0x116_IMAGE_card5.sys");
	assert_string_equal(kernel_bucket(arena, "0x109_19", NULL, NULL, NULL),
			    "0x109_19_ANALYSIS_INCONCLUSIVE!unknown_function");
}

static void marks(void **state)
{
	(void)state;
	assert_string_equal(marked_prefix(arena, "AV", false, false), "AV");
	assert_string_equal(marked_prefix(arena, "AV", true, false), "AV_VRF");
	assert_string_equal(marked_prefix(arena, "AV_CODE_AV_PAGED_IP", true, false), "AV_VRF_CODE_AV_PAGED_IP");
	assert_string_equal(marked_prefix(arena, "0xc4_IrqlExApcLte1_XDV", true, false), "0xc4_IrqlExApcLte1_XDV_VRF");
	assert_string_equal(marked_prefix(arena, "0x141", false, true), "LKD_0x141");
	const char *verified = marked_prefix(arena, "0x3B_C0000006", true, false);
	const char *bucket = kernel_bucket(arena, verified, "nt", "HvpGetCellPaged", NULL);
	assert_string_equal(verdict_hash(arena, true, bucket), "{7a661e2f-534d-3e96-ba17-ba22422da673}");
}

static void operations(void **state)
{
	(void)state;
	const struct bugcheck_rule *irql = bugcheck_rule(0xa), *page = bugcheck_rule(0x50);
	assert_int_equal(bugcheck_op(irql, MACHINE_X64, 19041, 0), FAULT_READ);
	assert_int_equal(bugcheck_op(irql, MACHINE_X64, 19041, 1), FAULT_WRITE);
	assert_int_equal(bugcheck_op(irql, MACHINE_X64, 19041, 8), FAULT_EXECUTE);
	assert_int_equal(bugcheck_op(page, MACHINE_X64, 10240, 2), FAULT_WRITE);
	assert_int_equal(bugcheck_op(page, MACHINE_X64, 10240, 1), FAULT_READ); // the page is there
	assert_int_equal(bugcheck_op(page, MACHINE_X64, 10240, 3), FAULT_WRITE);
	assert_int_equal(bugcheck_op(page, MACHINE_X64, 10240, 0x10), FAULT_EXECUTE);
	assert_int_equal(bugcheck_op(page, MACHINE_X64, 10240, 8), FAULT_READ); // a corrupt page-table entry
	assert_int_equal(bugcheck_op(page, MACHINE_X86, 10240, 0x10), FAULT_EXECUTE);
	assert_int_equal(bugcheck_op(page, MACHINE_ARM64, 10240, 8), FAULT_EXECUTE);
	assert_int_equal(bugcheck_op(page, MACHINE_ARM64, 10240, 0x10), FAULT_READ);
	assert_int_equal(bugcheck_op(page, MACHINE_X64, 9600, 1), FAULT_WRITE);
	assert_int_equal(bugcheck_op(page, MACHINE_X64, 9600, 8), FAULT_EXECUTE);
	assert_int_equal(bugcheck_op(page, MACHINE_X64, 9600, 2), FAULT_READ);
	assert_int_equal(bugcheck_op(bugcheck_rule(0x7b), MACHINE_X64, 19041, 1), FAULT_NONE);
}

static void named_faults(void **state)
{
	(void)state;
	static const uint32_t with[] = { 0xa,  0x1e, 0x23, 0x3b, 0x3d, 0x50, 0x7e,
					 0x8e, 0xbe, 0xcd, 0xd1, 0xd5, 0xfc, 0x139 };
	static const uint32_t without[] = { 0x1a, 0x5a, 0x7a, 0x7b, 0x7f, 0x9f, 0xc2, 0x124, 0x133, 0xe2, 0x7777 };
	for (size_t i = 0; i < ARRAY_LEN(with); i++)
		assert_true(bugcheck_names_fault(bugcheck_rule(with[i])));
	for (size_t i = 0; i < ARRAY_LEN(without); i++)
		assert_false(bugcheck_names_fault(bugcheck_rule(without[i])));
	const uint64_t params[4] = { 0x11, 0x22, 0x33, 0x44 };
	assert_int_equal(bugcheck_ip(bugcheck_rule(0xd1), params), 0x44);
	assert_int_equal(bugcheck_ip(bugcheck_rule(0xfc), params), 0x11);
	assert_int_equal(bugcheck_ip(bugcheck_rule(0xbe), params), 0);
}

static void bits(void **state)
{
	(void)state;
	assert_true(one_bit(0x2000000000));
	assert_false(one_bit(0));
	assert_false(one_bit(0x2000000001));
	assert_int_equal(flipped_bit(0x2000000068), 37);
	assert_int_equal(flipped_bit(0), -1);
	assert_int_equal(flipped_bit(0x68), -1);
	assert_int_equal(flipped_bit(0x7ff8f16ece54), -1);
	assert_int_equal(flipped_bit(0xffffd8024aaa8010), -1);
	assert_int_equal(flipped_bit(0xfffbd8024aaa8010), 50);
	assert_int_equal(flipped_bit(0x4141414141414141), -1);
	assert_int_equal(flipped_bit(0x80000068), -1); // as good as any 32-bit value
}

// Every row's parameters are parameters, and every code that is judged has a text.
static void rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_bugcheck_names; i++) {
		const struct bugcheck_rule *r = bugcheck_rule(bugcheck_names[i].code);
		const uint8_t args[] = { r->status,  r->ip,     r->address, r->op,      r->irql,
					 r->context, r->record, r->trap,    r->pointer, r->subtype };
		for (size_t k = 0; k < sizeof(args); k++)
			assert_in_range(args[k], 0, 4);
		assert_true(r->prefix != PREFIX_ARG || r->subtype);
		assert_true(r->prefix != PREFIX_STATUS || r->subtype || r->status);
		assert_true(r->bits == OP_NONE || r->bits == OP_WRITE || r->bits == OP_EXECUTE || r->op);
		assert_true(!r->code || bugcheck_find(r->code));
	}
}

static void windows_files(void **state)
{
	(void)state;
	assert_true(kernel_is_windows("Ntfs.sys"));
	assert_true(kernel_is_windows("ntoskrnl.exe"));
	assert_false(kernel_is_windows("myfault.sys"));
	assert_true(kernel_is_core("nt"));
	assert_true(kernel_is_core("Wdf01000"));
	assert_false(kernel_is_core("myfault"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published),        cmocka_unit_test(any_driver), cmocka_unit_test(prefixes),
		cmocka_unit_test(unverified_words), cmocka_unit_test(marks),      cmocka_unit_test(operations),
		cmocka_unit_test(named_faults),     cmocka_unit_test(bits),       cmocka_unit_test(rules),
		cmocka_unit_test(windows_files),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
