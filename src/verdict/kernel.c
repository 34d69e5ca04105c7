// SPDX-License-Identifier: Apache-2.0
// kernel.c: puts the verdict of a kernel dump together.
#include "target/kernel.h"
#include "verdict/bugcheck.h"
#include "verdict/kernel_int.h"

#include <string.h>

void kernel_field(struct kernel_case *c, const char *name, const char *value, bool one_blank)
{
	struct kernel_verdict *k = c->k;
	if (k->n_fields < KERNEL_FIELDS)
		k->fields[k->n_fields++] =
			(struct kernel_field){ .name = name, .value = value, .one_blank = one_blank };
}

void kernel_reason(struct kernel_list *l, const char *text, const char *command)
{
	if (text && l->n < KERNEL_REASONS)
		l->list[l->n++] = (struct kernel_reason){ text, command };
}

static void make_prefix(struct kernel_case *c)
{
	struct target *t = c->s->target;
	struct prefix_facts x = { .rule = c->rule,
				  .code = c->k->code,
				  .op = c->v->op,
				  .av = c->v->has_exception && c->v->code == 0xc0000005,
				  .ip = c->v->op == FAULT_EXECUTE ? c->v->fault_address : c->v->address };
	memcpy(x.params, c->k->params, sizeof(x.params));
	x.ip_in_module = target_module_at(t, x.ip) != NULL;
	c->k->prefix = kernel_prefix(c->s->arena, &x);
	c->unverified = kernel_prefix_unverified(&x);
}

err_t kernel_judge(struct session *s, struct verdict *v)
{
	const struct dump_kernel *f = s->target->kernel->facts;
	struct kernel_verdict *k = NEW(s->arena, struct kernel_verdict);
	struct kernel_case c = { .s = s, .v = v, .k = k, .rule = bugcheck_rule(f->bugcheck) };
	v->kernel = k;
	v->blamed_frame = SIZE_MAX;
	k->code = f->bugcheck;
	k->mini = f->bugcheck_mini;
	k->name = bugcheck_name(f->bugcheck, f->bugcheck_mini);
	memcpy(k->params, f->params, sizeof(k->params));
	kernel_facts(&c);
	make_prefix(&c);
	kernel_stack(&c);
	kernel_special(&c);
	kernel_code(&c);
	kernel_blame(&c);
	if (!k->code_check)
		kernel_foreign(&c);
	kernel_words(&c);
	return ok();
}
