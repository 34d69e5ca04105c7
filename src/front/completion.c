// SPDX-License-Identifier: Apache-2.0
// completion.c: dumpscope --completion bash: what makes bash complete the command line, from the tables of options,
// sub-commands and verbs. It needs nothing of the bash-completion package.
#include "front/options.h"
#include "front/symbols.h"

#include <stdio.h>
#include <string.h>

static bool takes_our_options(const struct front *f)
{
	return strstr(f->args, "[options]");
}

// What the text of a sub-command's arguments ("[--to full|bitmap] IN OUT") has of options, and of words behind one.
struct args_cursor {
	const char *p;
	const char *option; // the last one; NULL: none, or its bracket is closed
	size_t option_n;
};

// The next option (`*is_option`), or the next lower-case word that is a value of `c->option`. NULL at the end.
static const char *next_word(struct args_cursor *c, size_t *n, bool *is_option)
{
	while (*c->p) {
		if (*c->p == ']')
			c->option = NULL;
		size_t len = strcspn(c->p, " []|");
		const char *word = c->p;
		c->p += len + !len;
		*n = len;
		*is_option = len && *word == '-';
		if (*is_option) {
			c->option = word;
			c->option_n = len;
		}
		if (*is_option || (len && c->option && strspn(word, "abcdefghijklmnopqrstuvwxyz") >= len))
			return word;
	}
	return NULL;
}

// One case of options, and one for each option that has a choice of words.
static void put_options(const char *key, const char *args)
{
	size_t n;
	bool is_option;
	printf("\t'%s') words='", key);
	struct args_cursor c = { .p = args };
	for (const char *w; (w = next_word(&c, &n, &is_option));)
		if (is_option)
			printf(" %.*s", (int)n, w);
	printf("'%s ;;\n", *args ? "" : " files=");
}

static void put_values(const char *key, const char *args)
{
	size_t n;
	bool is_option, open = false;
	struct args_cursor c = { .p = args };
	for (const char *w; (w = next_word(&c, &n, &is_option));) {
		if (!is_option && !open)
			printf("\t'%s %.*s') words='", key, (int)c.option_n, c.option);
		if (!is_option)
			printf(" %.*s", (int)n, w);
		else if (open)
			puts("' files= ;;");
		open = !is_option;
	}
	if (open)
		puts("' files= ;;");
}

static void put_each(void (*put)(const char *key, const char *args))
{
	for (const struct front *const *f = fronts; *f; f++)
		if (!str_eq((*f)->name, "symbols") && !takes_our_options(*f)) // the verbs of symbols are
			put((*f)->name, (*f)->args);
	char key[64];
	for (const struct symbols_verb *const *v = symbols_verbs; *v; v++) {
		snprintf(key, sizeof(key), "symbols %s", (*v)->name);
		put(key, (*v)->args);
	}
}

static void put_own_values(enum option_value value, const char *then)
{
	bool any = false;
	for (const struct option_word *w = option_words; w->name; w++) {
		if (w->value != value)
			continue;
		printf("%s' -%s'", any ? "|" : "\t", w->name);
		any = true;
	}
	if (any)
		printf(") %s ;;\n", then);
}

int options_completion(const char *shell)
{
	if (!str_eq(shell, "bash")) {
		fprintf(stderr, "dumpscope: not supported: completion for %s; there is bash\n", shell);
		return EXIT_USAGE;
	}
	puts("# SPDX-License-Identifier: Apache-2.0\n"
	     "# bash completion for dumpscope; made by `dumpscope --completion bash`.\n"
	     "_dumpscope()\n{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} first=1 key='' words='' files=-f\n"
	     "\t[[ ${COMP_WORDS[1]} == --json ]] && first=2\n"
	     "\tif ((COMP_CWORD > first)); then\n"
	     "\t\tcase ${COMP_WORDS[first]} in");
	fputs("\t\t", stdout);
	const char *between = "";
	for (const struct front *const *f = fronts; *f; f++) {
		if (takes_our_options(*f))
			continue;
		printf("%s%s", between, (*f)->name);
		between = "|";
	}
	puts(") key=${COMP_WORDS[first]} ;;\n\t\tesac\n"
	     "\t\t[[ $key == symbols ]] && ((COMP_CWORD > first + 1)) && key+=\" ${COMP_WORDS[first+1]}\"\n\tfi");
	fputs("\tcase $key in\n\t'') words='", stdout);
	for (const struct option_word *w = option_words; w->name; w++)
		printf("%s-%s", (w - option_words) % 12 == 11 ? "\n\t\t" : " ", w->name);
	fputs("'\n\t\t((COMP_CWORD == first)) && words+='", stdout);
	for (const struct front *const *f = fronts; *f; f++)
		printf(" %s", (*f)->name);
	fputs("' ;;\n\tsymbols) files= words='", stdout);
	for (const struct symbols_verb *const *v = symbols_verbs; *v; v++)
		printf(" %s", (*v)->name);
	puts(" --help' ;;");
	put_each(put_options);
	puts("\tesac\n\tcase \"$key $prev\" in");
	put_each(put_values);
	for (const struct option_word *w = option_words; w->name; w++)
		if (w->value == VALUE_ONE_OF)
			printf("\t' -%s') words='%s' files= ;;\n", w->name, w->words);
	put_own_values(VALUE_TEXT, "words='' files=");
	put_own_values(VALUE_FILE, "words=''");
	put_own_values(VALUE_FOLDERS, "words='' files=-d");
	puts("\t'symbols '*' -y') words='' files=-d ;;\n\tesac\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"\n"
	     "\t\t[[ $files && $cur != -* ]] && compgen $files -- \"$cur\")\n"
	     "}\n"
	     "complete -o filenames -F _dumpscope dumpscope");
	return EXIT_ANALYSED;
}
