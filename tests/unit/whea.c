// SPDX-License-Identifier: Apache-2.0
// Machine check codes in words. The forms are those of Intel SDM volume 3B, "Incremental decoding information" and
// "Compound error codes".
#include "win/whea.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void codes(void **state)
{
	static const struct {
		uint64_t status;
		const char *text;
	} known[] = {
		{ 0xbe00000000800400, "Internal timer" },
		{ 0xb200000000000005, "Internal parity" },
		{ 0xb200000000000402, "Internal unclassified" },
		{ 0xf200001044100c0f, "BUSLG_OBS_ERR_*_NOTIMEOUT_ERR" },
		{ 0xbf80000000000124, "DCACHEL0_WR_ERR" },
		{ 0xbf80000000001135, "DCACHEL1_DRD_ERR" }, // bit 12: corrections are filtered
		{ 0x8000000000000014, "DTLBL0_ERR" },
		{ 0x8c00004000010091, "RD_CHANNEL1_ERR" },
		{ 0x800000000000009f, "MEMORY_CONTROLLER_RD_ERR" },
		{ 0x800000000000000e, "CACHEL2_ERR" },
		{ 0x8000000000002000, "Unknown" },
	};
	(void)state;
	struct arena *a = arena_new(1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_string_equal(whea_mca_text(a, known[i].status), known[i].text);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(codes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
