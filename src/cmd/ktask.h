// SPDX-License-Identifier: Apache-2.0
// ktask.h: what the commands on threads and processes of a kernel dump share.
#pragma once
#include "cmd/rows.h"
#include "target/kernel.h"
#include "win/layout.h"

// Bits of !process and !thread, as Microsoft documents them.
enum { TASK_DETAILS = 1, TASK_WAITS = 2, TASK_STACK = 4, TASK_NO_ARGS = 8, TASK_CONTEXT = 0x10, TASK_PEB = 0x20 };

// A number in a field of an object; absent when no layout or no memory tells it.
struct val task_number(struct session *s, va_t object, const char *type, const char *field, unsigned bytes);
// A layout whose lines begin with `indent` blanks.
const struct layout *task_layout(struct call *c, unsigned indent, const char *text);
// "00:00:47.378", days in front when there are any.
const char *task_time(struct arena *a, uint64_t hundred_ns);
// Length of a clock tick in 100 ns. False: the dump does not tell; then that of nearly all systems.
bool task_increment(struct session *s, uint64_t *ret);
// The block of !thread for one thread.
void task_thread(struct session *s, struct call *c, struct doc *out, va_t thread, unsigned flags, unsigned indent);
// Makes the user modules of the list those of the process (0: none), whose memory is in force. say: as .reload does,
// with dots and what could not be read.
void task_user_modules(struct session *s, struct doc *out, va_t process, bool say);
// What a whole listing has to say once, at its end: where layouts come from, and (times) the length of clock ticks.
void task_notes(struct session *s, struct doc *out, bool times);
enum { TASK_TYPE_PROCESS = 3, TASK_TYPE_THREAD = 6 }; // DISPATCHER_HEADER.Type, of public symbols
// E_ABSENT: the object is not in the dump; E_NOTFOUND: it is another kind of object.
MUST_USE err_t task_check(struct session *s, struct call *c, va_t at, uint8_t type);
extern const struct schema row_kernel_thread, row_wait_object, row_thread_irp, row_kernel_thread_details;
