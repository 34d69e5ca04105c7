// SPDX-License-Identifier: Apache-2.0
// topics.c: the messages that the debugger sends people to `.hh` with, and the operators of expressions. Facts:
// dbgerr001 to dbgerr005 and masm-numbers-and-operators.md of Microsoft's documentation.
#include "cmd/topics.h"

static const struct topic topics[] = {
	{ "dbgerr001", "The PEB is paged out",
	  "  The process environment block holds the list of the process' user-mode modules. Its page\n"
	  "  was not in memory when the dump was written, or the dump leaves it out, so the modules of\n"
	  "  that process, and their symbols, cannot be found this way. Kernel modules are not affected.\n"
	  "    !process 0 0           which processes the dump holds\n"
	  "    .process /p /r ADDR    take another one, and load its modules\n" },
	{ "dbgerr002", "A symbol store points to a file that is not there",
	  "  The store has an entry for the symbol file, and the entry (file.ptr) leads to another place\n"
	  "  where it is not: a computer that cannot be reached, or a file that was deleted.\n"
	  "    !sym noisy; .reload /f MODULE    shows every place that is tried\n" },
	{ "dbgerr003", "Mismatched symbols",
	  "  A symbol file of the right name was found, but it is another build's, or nothing proves that\n"
	  "  it is this one's. Names from it can be wrong.\n"
	  "    !lmi MODULE            the GUID and age that are wanted\n"
	  "    !chksym MODULE FILE    does this file match?\n"
	  "    .symopt+ 0x400         refuse such files (SYMOPT_EXACT_SYMBOLS)\n" },
	{ "dbgerr004", "A page is not present in the dump file",
	  "  The memory was not written to the dump: small dumps leave most of it out, kernel dumps leave\n"
	  "  user memory out, and what was paged out is in none. The number is the page frame number of\n"
	  "  the physical page. Nothing is wrong with the dump; a larger kind of dump holds more.\n"
	  "    .dumpdebug             what kind of dump it is, and what it holds\n"
	  "    !pte ADDRESS           where the page was\n" },
	{ "dbgerr005", "Private symbols are required",
	  "  Names of functions and global variables are public symbols. Types, local variables and source\n"
	  "  lines are private ones, which makers of software often keep for themselves, Microsoft too.\n"
	  "  What needs them cannot be shown; what needs only names is not affected.\n"
	  "    lm                     `(private pdb symbols)` says who has them\n" },
};

const struct topic *topic_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		if (str_ieq(topics[i].name, name))
			return &topics[i];
	return NULL;
}

static const struct field operator_fields[] = { { "operator", R_STR, "as it is written" },
						{ "meaning", R_STR, "its value" } };
const struct schema row_operator_help = { "operator_help",
					  "An operator of expressions",
					  { NULL, "  {operator:26} {meaning}" },
					  operator_fields,
					  ARRAY_LEN(operator_fields) };

void topics_operators(struct doc *out)
{
	static const char *const list[][2] = {
		{ "+ - * /", "sum, difference, product, quotient" },
		{ "% mod", "remainder" },
		{ "<< >> >>>", "shifts; >>> keeps the sign" },
		{ "& | ^  and or xor", "bit by bit" },
		{ "- + ~ not", "of one value: negative, itself, complement; not: 1 when it is zero" },
		{ "== = != < > <= >=", "1 or 0" },
		{ "poi(a) by wo dwo qwo", "what the memory at a holds: a pointer, 1, 2, 4, 8 bytes" },
		{ "hi(v) low(v)", "upper and lower 16 bits" },
		{ "0x 0n 0t 0y", "hexadecimal, decimal, octal, binary; without: the base that n shows" },
		{ "@reg $t0-$t19 @$ip ...", "registers and pseudo-registers" },
		{ "a b | a L n", "an address range: its ends, or its number of elements" },
	};
	doc_text(out, "Operators");
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		const struct val row[] = { VS(list[i][0]), VS(list[i][1]) };
		doc_row(out, &row_operator_help, NULL, row, false);
	}
}
