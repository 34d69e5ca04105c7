// SPDX-License-Identifier: Apache-2.0
// evaluate.c: ?: the value of an expression; .formats: the same in many notations.
#include "cmd/help.h"
#include "cmd/msfloat.h"
#include "cmd/topics.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_evaluate;

SCHEMA(value, "The value of an expression", NULL, "Evaluate expression: {decimal} = {shown}",
       { "value", R_HEX, "64 bits" }, { "decimal", R_INT, "signed" }, { "shown", R_STR, "as an address" });
SCHEMA(formats, "A value in many notations", NULL,
       "Evaluate expression:\n"
       "  Hex:     {hex}\n"
       "  Decimal: {decimal}\n"
       "  Decimal (unsigned) : {unsigned}\n"
       "  Octal:   {octal}\n"
       "  Binary:  {binary}\n"
       "  Chars:   {chars}\n"
       "  Time:    {time}\n"
       "  Float:   low {float_low} high {float_high}\n"
       "  Double:  {double}",
       { "value", R_HEX, "64 bits" }, { "hex", R_STR, "as an address" }, { "decimal", R_INT, "signed" },
       { "unsigned", R_DEC, "unsigned" }, { "octal", R_STR, "" }, { "binary", R_STR, "bytes, highest first" },
       { "chars", R_STR, "bytes as text, highest first" },
       { "time", R_STR, "UTC: seconds since 1970, or a FILETIME when it needs more than 32 bits" },
       { "float_low", R_STR, "the low 32 bits as a float" }, { "float_high", R_STR, "the high 32 bits" },
       { "double", R_STR, "all bits as a double" });

// A 32-bit target's values are sign-extended inside; eight digits say all of them.
static bool fits_32(const struct session *s, uint64_t v)
{
	bool narrow = s->target && s->target->ptr_bytes == 4;
	return narrow && (v <= UINT32_MAX || v >= 0xffffffff80000000);
}

static const char *number(struct arena *a, uint64_t v, bool narrow)
{
	struct val x = V(v);
	return doc_value_text(a, R_PTR, &x, narrow ? 4 : 8);
}

// Days since 1601-01-01, a Monday, which begins a 400-year cycle of the Gregorian calendar. Time stamps of any
// size have to come out right, so the host's calendar is not asked.
static const char *calendar(struct arena *a, uint64_t seconds, const char *fraction, const char *zone)
{
	static const char *const names[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	static const unsigned lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	uint64_t days = seconds / 86400, year = 1601 + days / 146097 * 400;
	unsigned left = (unsigned)(days % 146097), in_day = (unsigned)(seconds % 86400), month = 0;
	unsigned centuries = MIN(left / 36524, 3U);
	left -= centuries * 36524;
	unsigned fours = left / 1461;
	left -= fours * 1461;
	unsigned years = MIN(left / 365, 3U);
	left -= years * 365;
	year += centuries * 100 + fours * 4 + years;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	for (;; month++) {
		unsigned n = lengths[month] + (month == 1 && leap);
		if (left < n)
			break;
		left -= n;
	}
	return arena_printf(a, "%s %s %2u %02u:%02u:%02u%s %" PRIu64 "%s", names[days % 7], months[month], left + 1,
			    in_day / 3600, in_day / 60 % 60, in_day % 60, fraction, year, zone);
}

static const char *time_text(struct arena *a, uint64_t v, bool narrow)
{
	const uint64_t ticks = 10000000, epoch = 11644473600; // 100 ns a tick; seconds from 1601 to 1970
	if (narrow)
		v &= UINT32_MAX;
	if (v <= UINT32_MAX)
		return v > INT32_MAX ? "***** Invalid" : calendar(a, v + epoch, "", "");
	if (v > INT64_MAX)
		return "***** Invalid FILETIME";
	return calendar(a, v / ticks, arena_printf(a, ".%03u", (unsigned)(v % ticks / 10000)), " (UTC + 0:00)");
}

static void show_formats(struct session *s, struct call *c, struct doc *out, uint64_t v)
{
	bool narrow = fits_32(s, v);
	unsigned bytes = narrow ? 4 : 8;
	struct sb binary = sb_new(c->a), chars = sb_new(c->a);
	for (unsigned i = bytes * 8; i-- > 0;) {
		sb_ch(&binary, v >> i & 1 ? '1' : '0');
		if (i && i % 8 == 0)
			sb_ch(&binary, ' ');
	}
	for (unsigned i = bytes; i-- > 0;) {
		uint8_t b = (uint8_t)(v >> (8 * i));
		sb_ch(&chars, b >= 0x20 && b < 0x7f ? (char)b : '.');
	}
	uint64_t bits = narrow ? v & UINT32_MAX : v;
	int64_t decimal = narrow ? (int32_t)v : (int64_t)v;
	ROW(out, formats, V(v), VS(number(c->a, v, narrow)), V(decimal), V(bits),
	    VS(arena_printf(c->a, "%0*" PRIo64, narrow ? 11 : 22, bits)), VS(sb_str(&binary)), VS(sb_str(&chars)),
	    VS(time_text(c->a, v, narrow)), VS(ms_float(c->a, (double)ms_f32((uint32_t)bits), 6)),
	    VS(ms_float(c->a, (double)ms_f32((uint32_t)(bits >> 32)), 6)), VS(ms_float(c->a, ms_f64(bits), 6)));
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t v;
	if (c->name[0] == '?' && arg_end(c)) {
		help_standard(c->a, out);
		return ok();
	}
	TRY(arg_expr(c, &v));
	TRY(arg_done(c));
	if (c->name[0] == '.') {
		show_formats(s, c, out, v);
		return ok();
	}
	bool narrow = fits_32(s, v);
	ROW(out, value, V(v), V(narrow ? (int32_t)v : (int64_t)v), VS(number(c->a, v, narrow)));
	return ok();
}

static const struct schema *const rows[] = { &value, &formats, &row_command_help, &row_operator_help, NULL };
const struct cmd cmd_evaluate = {
	.names = "? .formats",
	.any_tail = true,
	.group = "Expressions and the prompt",
	.args = "EXPRESSION",
	.summary = "Evaluate an expression (see .expr); .formats: in many notations",
	.help = "? poi(rsp)+8   numbers are hex unless they begin with 0n, 0t, 0y\n"
		".formats 57724231   hex, decimal, octal, binary, text, time, float\n",
	.run = run,
	.rows = rows,
};
