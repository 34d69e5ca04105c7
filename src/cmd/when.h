// SPDX-License-Identifier: Apache-2.0
// when.h: the parts of the load banner that other commands show too.
#pragma once
#include "cmd/cmd.h"

void banner_emit(struct session *s, struct call *c, struct doc *out);
extern const struct schema *const banner_rows[];                    // what it may emit; NULL-terminated
void when_emit(struct session *s, struct call *c, struct doc *out); // the times
// The event the dump was taken for; short_form: "(3c8c.4054): Access violation - code c0000005 (...)".
void lastevent_emit(struct session *s, struct call *c, struct doc *out, bool short_form);
extern const struct schema row_last_event;
