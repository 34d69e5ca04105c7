// SPDX-License-Identifier: Apache-2.0
// x86_extension.c: instructions that only some processors have.
#include "arch/x86_extension.h"

#include "base/str.h"

// Instructions that not every x64 processor has; WinDbg's mnemonics. Intel's and AMD's manuals, CPUID feature flags.
const char *x86_extension(const char *text)
{
	static const struct {
		const char *pattern, *name;
	} list[] = {
		{ "popcnt*", "POPCNT" },
		{ "crc32*", "SSE4.2" },
		{ "pcmp?str*", "SSE4.2" },
		{ "pcmpgtq*", "SSE4.2" },
		{ "pshufb*", "SSSE3" },
		{ "ptest*", "SSE4.1" },
		{ "round??*", "SSE4.1" },
		{ "movbe*", "MOVBE" },
		{ "aes*", "AES" },
		{ "pclmul*", "PCLMULQDQ" },
		{ "andn *", "BMI1" },
		{ "bextr*", "BMI1" },
		{ "bls*", "BMI1" },
		{ "pdep*", "BMI2" },
		{ "pext *", "BMI2" },
		{ "mulx*", "BMI2" },
		{ "rorx*", "BMI2" },
		{ "sarx*", "BMI2" },
		{ "shlx*", "BMI2" },
		{ "shrx*", "BMI2" },
		{ "rdrand*", "RDRAND" },
		{ "rdseed*", "RDSEED" },
		{ "clflushopt*", "CLFLUSHOPT" },
		{ "clwb*", "CLWB" },
		{ "cmpxchg16b*", "CMPXCHG16B" },
		{ "lock cmpxchg16b*", "CMPXCHG16B" },
		{ "rdpid*", "RDPID" },
		{ "vzeroupper*", "AVX" },
		{ "vfm*", "FMA" },
		{ "vcvtph2ps*", "F16C" },
		{ "sha1*", "SHA" },
		{ "sha256*", "SHA" },
		{ "wrfsbase*", "FSGSBASE" },
		{ "rdfsbase*", "FSGSBASE" },
		{ "wrgsbase*", "FSGSBASE" },
		{ "rdgsbase*", "FSGSBASE" },
		{ "rdtscp*", "RDTSCP" },
		{ "vmov*", "AVX or AVX-512" },
		{ "vp*", "AVX, AVX2 or AVX-512" },
	};
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (str_wild(list[i].pattern, text))
			return list[i].name;
	return NULL;
}

// Intel's manual, CPUID signatures: family 6 has these since model 26 (Nehalem; 29 is older in kind), family 15 never.
// AMD's: since family 16. Left out are extensions that some of these older ones have.
bool x86_lacks(const char *extension, const char *vendor, unsigned family, unsigned model)
{
	static const char *const older[] = { "SSSE3", "SSE4.1", "MOVBE", "CMPXCHG16B" };
	enum { P6 = 6, NETBURST = 15, K8 = 15, NEHALEM = 26, DUNNINGTON = 29 };
	for (size_t i = 0; i < ARRAY_LEN(older); i++)
		if (str_eq(extension, older[i]))
			return false;
	if (str_eq(vendor, "GenuineIntel"))
		return family == NETBURST || (family == P6 && (model < NEHALEM || model == DUNNINGTON));
	return str_eq(vendor, "AuthenticAMD") && family <= K8 && !str_eq(extension, "RDTSCP");
}
