// SPDX-License-Identifier: Apache-2.0
// system.h: what the dump says of the machine it came from, in the debugger's words.
#pragma once
#include "target/target.h"

// "Windows 10": the debugger names every 10.0 so, Windows 11 too.
const char *system_name(const struct target *t);
// "Windows 10 Version 19041 MP (4 procs) Free x64"; a service pack in parentheses behind the version.
const char *system_title(const struct target *t, struct arena *a);
// "WinNt, suite: TerminalServer SingleUserTS"
const char *system_product(const struct target *t, struct arena *a);
// The build string of the dump, else the file version of kernel32 or ntdll; NULL when neither is there.
const char *system_build_lab(struct target *t, struct arena *a);
// "10.0.19041.1": the last part from the system modules when they tell, else left out.
const char *system_version(struct target *t, struct arena *a);
// "x64", "x86", "arm64" as OSPLATFORM_TYPE and the banner say it.
const char *system_platform(const struct target *t);

// "Thu Oct  7 20:33:12.945 2021 (UTC + 9:00)": milliseconds since 1970 UTC in the dump's time zone (UTC when the
// dump has none).
const char *system_time_text(const struct target *t, struct arena *a, uint64_t unix_ms);
// "Thu Oct  7 20:33:12 2021", UTC, of a time_t: time stamps of images.
const char *time_stamp_text(struct arena *a, uint32_t unix_seconds);
// "0 days 0:03:35.000" of a duration in 100 ns units.
const char *duration_text(struct arena *a, uint64_t hundred_ns);
// FILETIME to milliseconds since 1970; 0 for times before.
uint64_t filetime_to_unix_ms(uint64_t filetime);
