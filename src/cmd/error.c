// SPDX-License-Identifier: Apache-2.0
// error.c: !error: the message text of an error code, documented in Microsoft's "!error".
#include "cmd/cmd.h"
#include "verdict/verdict.h"

extern const struct cmd cmd_error;

SCHEMA(error_code, "An error code", NULL, NULL, { "kind", R_STR, "Win32, NTSTATUS, HRESULT" },
       { "code", R_HEX, "32 bits" }, { "decimal", R_DEC, "the same" },
       { "text", R_STR, "its message; null: not in our tables" });
static const struct layout zero = { NULL, "Error code: ({kind}) 0 (0) - {text}" },
			   number = { NULL,
				      "Error code: ({kind}) 0x{code} ({decimal}) - {?text {text}}{!text <Unable to get "
				      "error code text>}" };

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t v, flags = 0;
	(void)s;
	TRY(arg_expr(c, &v));
	if (!arg_end(c))
		TRY(arg_expr(c, &flags));
	TRY(arg_done(c));
	uint32_t code = (uint32_t)v;
	const char *kind = "Win32", *text;
	// The top bits tell: 11 is an NTSTATUS error unless FACILITY_NT_BIT makes it an HRESULT; 10 is an HRESULT
	// unless it is a known NTSTATUS warning.
	bool error = code >> 30 == 3 && !(code & 0x10000000);
	bool warning = code >> 16 == 0x8000 && ntstatus_text(code) && !hresult_text(code);
	if (flags & 1 || error || warning)
		kind = "NTSTATUS";
	else if (code >> 31)
		kind = "HRESULT";
	if (kind[0] == 'N')
		text = ntstatus_text(code);
	else
		text = kind[0] == 'H' ? hresult_text(code) : win32_error_text(code);
	ROW_AS(out, error_code, code ? &number : &zero, VS(kind), V(code), V(code), VS(text));
	return ok();
}

static const struct schema *const rows[] = { &error_code, NULL };
const struct cmd cmd_error = {
	.names = "!error",
	.no_target = true,
	.group = "Expressions and the prompt",
	.args = "CODE [1]",
	.summary = "Display the message text of an error code",
	.help = "!error 5         a Win32 code\n"
		"!error c0000005  an NTSTATUS\n"
		"!error 102 1     the number is an NTSTATUS\n"
		"!error 80070005  an HRESULT\n",
	.run = run,
	.rows = rows,
};
