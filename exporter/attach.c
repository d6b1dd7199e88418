/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach.h"

#include <errno.h>

#include "log.h"

/* The ladder, best first: exactness before cost. */
static const struct attach_ops *const ladder[] = {
	&attach_kretprobe,
	&attach_tracepoint,
	&attach_uretprobe,
};

/* A mechanism that some targets use. */
struct group {
	const struct attach_ops *ops;
	struct attach_context context;
	struct attach_slot **slots;
	size_t n;
	bool open;
};

struct attach {
	struct attach_slot *slots; /* by target id */
	size_t n;
	struct features *features;
	struct group groups[ARRAY_SIZE(ladder)];
	size_t ngroups;
	uint64_t *syscall_spec, *syscall_compat_spec;
};

static const char *const type_names[] = {
	[TARGET_KERNEL] = "kernel functions",
	[TARGET_SYSCALL] = "system calls",
	[TARGET_USER] = "user-space functions",
};

void attach__refuse(struct attach_slot *slot, char *why)
{
	slot->target->reason = REASON_REFUSED;
	free(slot->target->why);
	slot->target->why = why;
	slot->attached = false;
}

/* ---- planning ------------------------------------------------------------------------------ */

static const struct attach_ops *rung(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ladder); i++)
		if (!strcmp(ladder[i]->name, name))
			return ladder[i];
	return NULL;
}

/* A forced rung that cannot be had is an error of its own, not of each target. */
static int check_forced(const struct targets *targets, struct features *f, const char *mechanism,
			char **error)
{
	const struct attach_ops *ops = rung(mechanism);
	const char *why;

	if (!ops) {
		*error = xasprintf("--mechanism=%s: no such mechanism", mechanism);
		return -EINVAL;
	}
	why = ops->unavailable(f);
	if (why) {
		*error = xasprintf("--mechanism=%s cannot be had: %s", mechanism, why);
		return -EINVAL;
	}
	for (size_t i = 0; i < targets->nids; i++)
		if (targets->v[i]->type == ops->type)
			return 0;
	*error = xasprintf("--mechanism=%s is for %s, and none is to be probed: leave it out",
			   mechanism, type_names[ops->type]);
	return -EINVAL;
}

static void choose(struct attach_slot *slot, struct features *f, const char *mechanism)
{
	const char *own = slot->target->settings->mechanism, *why = NULL;
	const struct attach_ops *forced;

	forced = rung(own ? own : mechanism);
	for (size_t i = 0; i < ARRAY_SIZE(ladder); i++) {
		if (ladder[i]->type != slot->target->type)
			continue;
		if (forced && forced->type == slot->target->type && forced != ladder[i])
			continue;
		why = ladder[i]->unavailable(f);
		if (!why) {
			slot->ops = ladder[i];
			return;
		}
	}
	attach__refuse(slot, xasprintf("%s", why ? why : "no mechanism is for such a target"));
}

static struct group *group_of(struct attach *a, const struct attach_ops *ops)
{
	struct group *g;

	for (size_t i = 0; i < a->ngroups; i++)
		if (a->groups[i].ops == ops)
			return &a->groups[i];
	g = &a->groups[a->ngroups++];
	g->ops = ops;
	g->slots = xcalloc(a->n, sizeof(*g->slots));
	g->context.features = a->features;
	return g;
}

static void note_syscall(struct attach *a, const struct target *t)
{
	uint64_t spec = RP_SPEC(t->id, t->kind, t->ret_size);

	if (t->nr >= 0 && t->nr < RP_SYSCALLS)
		a->syscall_spec[t->nr] = spec;
	if (t->nr32 >= 0 && t->nr32 < RP_SYSCALLS)
		/* A 32-bit program's result is an int. */
		a->syscall_compat_spec[t->nr32] = RP_SPEC(t->id, t->kind, 4);
}

int attach__plan(struct targets *targets, struct features *f, const char *mechanism,
		 struct attach **out, char **error)
{
	bool forced = strcmp(mechanism, "auto") != 0;
	struct attach *a;

	if (forced && check_forced(targets, f, mechanism, error))
		return -EINVAL;
	a = xcalloc(1, sizeof(*a));
	a->features = f;
	a->n = targets->nids;
	a->slots = xcalloc(a->n, sizeof(*a->slots));
	a->syscall_spec = xcalloc(RP_SYSCALLS, sizeof(*a->syscall_spec));
	a->syscall_compat_spec = xcalloc(RP_SYSCALLS, sizeof(*a->syscall_compat_spec));
	for (size_t i = 0; i < a->n; i++) {
		struct attach_slot *slot = &a->slots[i];
		struct group *g;

		slot->target = targets->v[i];
		choose(slot, f, mechanism);
		if (!slot->ops)
			continue;
		g = group_of(a, slot->ops);
		g->slots[g->n++] = slot;
		if (slot->target->type == TARGET_SYSCALL)
			note_syscall(a, slot->target);
	}
	*out = a;
	return 0;
}

uint32_t attach__programs(const struct attach *a)
{
	uint32_t programs = 0;

	for (size_t i = 0; i < a->ngroups; i++)
		programs |= a->groups[i].ops->programs;
	return programs;
}

const uint64_t *attach__syscall_specs(const struct attach *a, bool compat)
{
	return compat ? a->syscall_compat_spec : a->syscall_spec;
}

/* ---- doing --------------------------------------------------------------------------------- */

static int open_group(struct group *g)
{
	int err = g->ops->open ? g->ops->open(&g->context) : 0;
	char buf[16];

	g->open = !err;
	if (!err)
		return 0;
	for (size_t i = 0; i < g->n; i++)
		attach__refuse(g->slots[i], xasprintf("%s cannot be set up: %s", g->ops->name,
						      errno_name(-err, buf, sizeof(buf))));
	return err;
}

size_t attach__run(struct attach *a, struct bpfobj *obj)
{
	size_t attached = 0;

	for (size_t i = 0; i < a->ngroups; i++) {
		struct group *g = &a->groups[i];

		g->context.obj = obj;
		if (!open_group(g))
			g->ops->attach(&g->context, g->slots, g->n);
	}
	for (size_t i = 0; i < a->n; i++) {
		if (!a->slots[i].attached)
			continue;
		attached++;
		log_debug("%s: attached by %s", a->slots[i].target->function,
			  a->slots[i].ops->name);
	}
	return attached;
}

void attach__free(struct attach *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->ngroups; i++) {
		struct group *g = &a->groups[i];

		if (g->open) {
			g->ops->detach(&g->context, g->slots, g->n);
			if (g->ops->close)
				g->ops->close(&g->context);
		}
		free(g->slots);
	}
	free(a->slots);
	free(a->syscall_spec);
	free(a->syscall_compat_spec);
	free(a);
}

const struct attach_slot *attach__slots(const struct attach *a, size_t *n)
{
	*n = a->n;
	return a->slots;
}

void attach__count(struct attach *a, struct kernel_counts *out)
{
	for (size_t i = 0; i < a->ngroups; i++) {
		struct group *g = &a->groups[i];

		if (g->open && g->ops->count)
			g->ops->count(&g->context, g->slots, g->n, out);
	}
}

static struct bpfobj_counts count_programs(const struct bpfobj *obj, uint32_t programs,
					   bool entries)
{
	struct bpfobj_counts sum = {};

	/* Entry and return programs alternate in enum bpf_program_id. */
	for (int id = !entries; id < PROG_MAX; id += 2) {
		struct bpfobj_counts c;

		if (!(programs & 1U << id))
			continue;
		c = bpfobj__program_counts(obj, id);
		sum.run_ns += c.run_ns;
		sum.runs += c.runs;
		sum.skipped += c.skipped;
	}
	return sum;
}

size_t attach__count_programs(struct attach *a, struct attach_program_counts *out)
{
	size_t n = 0;

	for (size_t i = 0; i < a->ngroups; i++) {
		const struct group *g = &a->groups[i];

		if (!g->open)
			continue;
		out[n++] = (struct attach_program_counts){
			.mechanism = g->ops->name,
			.shared = !g->ops->count,
			.entry = count_programs(g->context.obj, g->ops->programs, true),
			.leave = count_programs(g->context.obj, g->ops->programs, false),
		};
	}
	return n;
}
