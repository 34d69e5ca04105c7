// SPDX-License-Identifier: Apache-2.0
// system.c: names of systems and times. Version numbers, product types and suite bits: Microsoft's
// OSVERSIONINFOEX page.
#include "target/system.h"

#include "target/kernel.h"
#include "target/nt_builds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *system_name(const struct target *t)
{
	const struct dump_system *s = &t->user->system;
	static const struct {
		uint32_t major, minor;
		const char *name;
	} names[] = {
		{ 4, 0, "Windows NT 4" },        { 5, 0, "Windows 2000" },  { 5, 1, "Windows XP" },
		{ 5, 2, "Windows Server 2003" }, { 6, 0, "Windows Vista" }, { 6, 1, "Windows 7" },
		{ 6, 2, "Windows 8" },           { 6, 3, "Windows 8.1" },   { 10, 0, "Windows 10" },
	};
	enum { PLATFORM_NT = 2 };
	if (!s->present || s->platform_id != PLATFORM_NT)
		return "Unknown system";
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (s->major == names[i].major && s->minor == names[i].minor)
			return names[i].name;
	return "Windows";
}

const char *system_platform(const struct target *t)
{
	return t->machine == MACHINE_X64     ? "x64"
	       : t->machine == MACHINE_X86   ? "x86"
	       : t->machine == MACHINE_ARM64 ? "arm64"
					     : "unknown";
}

const char *system_title(const struct target *t, struct arena *a)
{
	const struct dump_system *s = &t->user->system;
	struct sb b = sb_new(a);
	sb_printf(&b, "%s %sVersion %" PRIu32, system_name(t), t->kernel ? "Kernel " : "", s->build);
	if (s->csd && *s->csd)
		sb_printf(&b, " (%s)", s->csd);
	if (s->n_cpus > 1)
		sb_printf(&b, " MP (%u procs)", s->n_cpus);
	else
		sb_add(&b, " UP");
	sb_printf(&b, " Free %s",
		  t->machine == MACHINE_X86     ? "x86 compatible"
		  : t->machine == MACHINE_ARM64 ? "ARM 64-bit (AArch64)"
						: system_platform(t));
	return sb_str(&b);
}

const char *system_product(const struct target *t, struct arena *a)
{
	static const char *const products[] = { "<unknown>", "WinNt", "LanManNt", "Server" };
	static const struct {
		uint16_t bit;
		const char *name;
	} suites[] = {
		{ 0x1, "SmallBusiness" },       { 0x2, "Enterprise" },      { 0x4, "BackOffice" },
		{ 0x8, "CommunicationServer" }, { 0x10, "TerminalServer" }, { 0x20, "SmallBusinessRestricted" },
		{ 0x40, "EmbeddedNT" },         { 0x80, "DataCenter" },     { 0x100, "SingleUserTS" },
		{ 0x200, "Personal" },          { 0x400, "Blade" },
	};
	const struct dump_system *s = &t->user->system;
	struct sb b = sb_new(a);
	sb_add(&b, products[s->product_type < ARRAY_LEN(products) ? s->product_type : 0]);
	bool first = true;
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		if (!(s->suite_mask & suites[i].bit))
			continue;
		sb_printf(&b, "%s %s", first ? ", suite:" : "", suites[i].name);
		first = false;
	}
	return sb_str(&b);
}

static const struct dump_module *system_module(const struct target *t)
{
	static const char *const candidates[] = { "kernel32.dll", "ntdll.dll", "kernelbase.dll" };
	for (size_t i = 0; i < ARRAY_LEN(candidates); i++)
		for (size_t k = 0; k < t->n_modules; k++)
			if (str_ieq(t->modules[k]->image_name, candidates[i]) && t->modules[k]->facts->has_version)
				return t->modules[k]->facts;
	return NULL;
}

const char *system_build_lab(struct target *t, struct arena *a)
{
	const struct dump_misc *m = &t->user->misc;
	if (t->kernel)
		return t->kernel->build_lab;
	if ((m->flags & MISC_BUILD) && m->build_string && *m->build_string)
		return m->build_string;
	const struct dump_module *f = system_module(t);
	enum { FILE_MS = 2, FILE_LS = 3 };
	return f ? arena_printf(a, "%u.%u.%u.%u", f->fixed[FILE_MS] >> 16, f->fixed[FILE_MS] & 0xffff,
				f->fixed[FILE_LS] >> 16, f->fixed[FILE_LS] & 0xffff)
		 : NULL;
}

const char *system_version(struct target *t, struct arena *a)
{
	const struct dump_system *s = &t->user->system;
	const struct dump_module *f = system_module(t);
	enum { FILE_LS = 3 };
	const struct nt_image *nt = t->kernel ? t->kernel->image : NULL;
	if (nt && nt->build == s->build)
		return arena_printf(a, "%u.%u.%u.%u", s->major, s->minor, s->build, nt->revision);
	if (f && f->fixed[FILE_LS] >> 16 == (s->build & 0xffff))
		return arena_printf(a, "%u.%u.%u.%u", s->major, s->minor, s->build, f->fixed[FILE_LS] & 0xffff);
	return arena_printf(a, "%u.%u.%u", s->major, s->minor, s->build);
}

struct civil {
	int64_t year;
	unsigned month, day, weekday, hour, minute, second; // month 0..11, weekday 0 is Sunday
};

// Days to a date in the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date
// algorithms", public domain): any 64-bit time works, with no table of the host.
static struct civil civil_from_unix(int64_t seconds)
{
	enum { DAY = 86400, ERA = 146097 };
	int64_t days = seconds / DAY, rest = seconds % DAY;
	if (rest < 0) {
		rest += DAY;
		days--;
	}
	int64_t z = days + 719468, era = (z >= 0 ? z : z - (ERA - 1)) / ERA;
	unsigned doe = (unsigned)(z - era * ERA), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	unsigned month = mp < 10 ? mp + 2 : mp - 10;
	int64_t weekday = (days % 7 + 11) % 7;
	return (struct civil){ .year = yoe + era * 400 + (month <= 1),
			       .month = month,
			       .day = doy - (153 * mp + 2) / 5 + 1,
			       .weekday = (unsigned)weekday,
			       .hour = (unsigned)(rest / 3600),
			       .minute = (unsigned)(rest / 60 % 60),
			       .second = (unsigned)(rest % 60) };
}

static const char months[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};
static const char weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

// Of a kernel dump: KUSER_SHARED_DATA.TimeZoneBias, a KSYSTEM_TIME of 100 ns (public ntddk.h). 0 when it has none.
static int64_t kernel_bias(const struct target *t)
{
	enum { TIME_ZONE_BIAS = 0x20 };
	const int64_t minute = 600000000;
	va_t shared = t->ptr_bytes == 8 ? 0xfffff78000000000 : 0xffdf0000;
	uint64_t bias;
	return t->kernel && space_u64(t->space, shared + TIME_ZONE_BIAS, &bias) ? (int64_t)bias / minute : 0;
}

const char *system_time_text(const struct target *t, struct arena *a, uint64_t unix_ms)
{
	const struct dump_misc *m = &t->user->misc;
	int64_t bias = kernel_bias(t); // minutes, UTC = local + bias
	enum { STANDARD = 1, DAYLIGHT = 2, MOST_BIAS = 24 * 60 };
	if (m->flags & MISC_TIMEZONE)
		bias = (int64_t)m->tz_bias + (m->timezone_id == DAYLIGHT   ? m->tz_daylight_bias
					      : m->timezone_id == STANDARD ? m->tz_standard_bias
									   : 0);
	if (bias < -MOST_BIAS || bias > MOST_BIAS)
		bias = 0;
	struct civil c = civil_from_unix((int64_t)(unix_ms / 1000) - bias * 60);
	int64_t off = bias > 0 ? bias : -bias;
	return arena_printf(a, "%s %s %2u %02u:%02u:%02u.%03u %" PRId64 " (UTC %c %" PRId64 ":%02" PRId64 ")",
			    weekdays[c.weekday], months[c.month], c.day, c.hour, c.minute, c.second,
			    (unsigned)(unix_ms % 1000), c.year, bias > 0 ? '-' : '+', off / 60, off % 60);
}

const char *time_stamp_text(struct arena *a, uint32_t unix_seconds)
{
	struct civil c = civil_from_unix(unix_seconds);
	return arena_printf(a, "%s %s %2u %02u:%02u:%02u %" PRId64, weekdays[c.weekday], months[c.month], c.day, c.hour,
			    c.minute, c.second, c.year);
}

const char *duration_text(struct arena *a, uint64_t hundred_ns)
{
	uint64_t ms = hundred_ns / 10000, s = ms / 1000;
	return arena_printf(a, "%" PRIu64 " days %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64, s / 86400,
			    s / 3600 % 24, s / 60 % 60, s % 60, ms % 1000);
}

uint64_t filetime_to_unix_ms(uint64_t filetime)
{
	const uint64_t epoch = 116444736000000000u; // 1601 to 1970 in 100 ns
	return filetime < epoch ? 0 : (filetime - epoch) / 10000;
}
