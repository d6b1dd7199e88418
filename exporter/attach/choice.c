/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The choice of a mechanism: exactness first, then cost. Each mechanism gets a grade for the
 * target; the best grade wins, and among equals the first in the order, which is the cheapest.
 *
 * Attaching thousands of functions one by one takes minutes. A multi link that misses a few calls
 * of sleeping functions, and counts them, is better. Where no exact mechanism is available, for
 * example because tracefs is closed, one that loses calls and counts them is better than none.
 *
 * System calls have the tracepoints, which are exact and cost something in every call of the
 * machine. A mechanism for kernel functions takes a system call only if it is as exact, and if none
 * needs the tracepoints.
 */
#include "attach/choice.h"

#include "attach/state.h"
#include "base/buf.h"
#include "elf/hazards.h"
#include "expr/capture.h"

/* The best first. */
enum grade {
	GRADE_BEST,  /* exact, and quick to attach */
	GRADE_GOOD,  /* with a drawback that is small */
	GRADE_SLOW,  /* exact, and takes long to attach */
	GRADE_LOSSY, /* loses calls and counts them */
	GRADE_NEVER,
};

/* What can be true of a mechanism, a target and this machine. */
enum fact {
	FACT_OTHER_FORCED,
	FACT_UNAVAILABLE,
	FACT_HARMLESS, /* return probes suit it as well */
	FACT_UNFIT,
	FACT_AGAIN,	 /* the programs of another probe of the function find one target */
	FACT_NO_CAPTURE, /* its labels or filters need something that is missing */
	FACT_FORCED,
	FACT_HARMFUL,
	FACT_BY_FUNCTION, /* of a system call */
	FACT_TRACED,	  /* another system call needs the tracepoints */
	FACT_INEXACT,
	FACT_NO_KERNEL, /* no kernel function: losses would not be counted */
	FACT_FEW_LOSSES,
	FACT_QUICK,
	FACT_SLOW,
	FACT_OUTDONE, /* another mechanism for more functions is available */
	FACT_PINS,
	FACTS,
};
#define BIT(fact) (1U << FACT_##fact)

/* The first row whose facts all hold has the grade. Its reason is that of `told`. */
static const struct row {
	uint32_t facts;
	enum grade grade;
	enum fact told;
} table[] = {
	{ BIT(OTHER_FORCED), GRADE_NEVER, FACT_OTHER_FORCED },
	{ BIT(UNAVAILABLE), GRADE_NEVER, FACT_UNAVAILABLE },
	{ BIT(HARMLESS), GRADE_NEVER, FACT_HARMLESS },
	{ BIT(UNFIT), GRADE_NEVER, FACT_UNFIT },
	{ BIT(AGAIN), GRADE_NEVER, FACT_AGAIN },
	{ BIT(NO_CAPTURE), GRADE_NEVER, FACT_NO_CAPTURE },
	{ BIT(FORCED), GRADE_BEST, FACT_FORCED },
	{ BIT(HARMFUL), GRADE_NEVER, FACT_HARMFUL },
	{ BIT(BY_FUNCTION) | BIT(TRACED), GRADE_NEVER, FACT_TRACED },
	{ BIT(BY_FUNCTION) | BIT(INEXACT), GRADE_NEVER, FACT_INEXACT },
	{ BIT(BY_FUNCTION) | BIT(SLOW), GRADE_NEVER, FACT_SLOW },
	{ BIT(INEXACT) | BIT(NO_KERNEL), GRADE_NEVER, FACT_INEXACT },
	{ BIT(SLOW) | BIT(OUTDONE), GRADE_NEVER, FACT_SLOW },
	{ BIT(INEXACT) | BIT(FEW_LOSSES) | BIT(QUICK), GRADE_GOOD, FACT_INEXACT },
	{ BIT(INEXACT), GRADE_LOSSY, FACT_INEXACT },
	{ BIT(SLOW), GRADE_SLOW, FACT_SLOW },
	{ BIT(PINS), GRADE_GOOD, FACT_PINS },
	{ 0, GRADE_BEST, FACTS },
};

struct verdict {
	enum grade grade;
	enum fact told;	 /* FACTS: none */
	const char *why; /* NULL: none */
};

static bool reads(const struct rp_capture_spec *x, enum rp_source source)
{
	const struct rp_filter *v;
	uint32_t n;

	v = capture_spec__filters(x, &n);
	for (uint32_t i = 0; i < n; i++)
		if (v[i].field.source == source)
			return true;
	for (uint32_t i = 0; i < x->nnumbers; i++)
		if (x->number[i].source == source)
			return true;
	return false;
}

/* What the target's labels and filters need and this machine lacks; NULL: nothing. */
static const char *missing_for_captures(const struct attach *a, const struct target *t)
{
	const struct rp_capture_spec *x = t->capture ? &t->capture->kernel : NULL;
	const char *why = NULL;

	if (!x)
		return NULL;
	if (x->nmeasured)
		why = features__missing(a->features, FEATURE_BTF);
	if (!why && reads(x, RP_SOURCE_CGROUP_ANCESTOR))
		why = features__missing(a->features, FEATURE_CGROUP_ANCESTOR);
	if (!why && reads(x, RP_SOURCE_CGROUP))
		why = features__missing(a->features, FEATURE_CGROUP_V2);
	return why ? why : features__missing(a->features, FEATURE_READ_KERNEL);
}

/* How many targets a mechanism is likely to get, if it gets this one. */
static size_t rivals(const struct attach *a, const struct target *t)
{
	return target__is_in_module(t) ? a->in_modules : a->count[t->type];
}

#define TRACED	  "another system call needs the tracepoints, for which all calls pay"
#define MAX_CALLS 8 /* system calls of up to three functions each */

/* How many targets of this type a mechanism is used for at most; 0: any number. */
static size_t limit_of(const struct attach_ops *ops, const struct target *t)
{
	return ops->max_targets && t->type == TARGET_SYSCALL ? MAX_CALLS : ops->max_targets;
}

/* Whether a mechanism is for targets of this type. */
static bool is_for(const struct attach_ops *ops, const struct target *t)
{
	return ops->type == t->type || (ops->type == TARGET_KERNEL && t->type == TARGET_SYSCALL);
}

static bool lacks_type(const struct target *t)
{
	bool lacks = !t->btf_id;

	for (size_t i = 0; i < t->nmore && t->type == TARGET_SYSCALL; i++)
		lacks |= !t->more[i]->btf_id;
	return lacks;
}

/* Why a system call cannot be attached by its functions; NULL: it can. */
static const char *no_functions(const struct attach *a, const struct target *t)
{
	const char *why = t->no_function;

	if (!why && !t->symbol)
		why = "its functions are not known";
	if (!why && t->capture && capture_spec__reads_late(t->capture))
		why = "text of the process may come into memory during the call, and is read at "
		      "its return then";
	/* For answered calls (attach/by_function.c). */
	return why ? why
		   : features__missing_of(a->features, FEATURE_BIT(FEATURE_BTF) |
							       FEATURE_BIT(FEATURE_TRACEFS) |
							       FEATURE_BIT(FEATURE_PERF_EVENTS) |
							       FEATURE_BIT(FEATURE_KPROBE_EVENTS));
}

/* Whether another slow mechanism attaches more targets in a tolerable time. */
static bool is_outdone(const struct attach *a, const struct attach_ops *ops)
{
	for (size_t i = 0; i < MECHANISMS; i++)
		if (mechanisms[i]->type == ops->type &&
		    !mechanisms__unavailable(mechanisms[i], a->features) &&
		    mechanisms[i]->max_targets > ops->max_targets)
			return true;
	return false;
}

/* Whether the target has a label that a mechanism with trampolines cannot read: on arm64, their
 * frames have no place for it (bpf/callers.bpf.h). */
static bool hides_callers(const struct attach_ops *ops, const struct target *t)
{
#if defined(__x86_64__)
	return false;
#else
	return ops->by_btf_id && t->capture && t->capture->kernel.callers;
#endif
}

/* NULL, or the fact in words. */
static const char *tell(const struct attach *a, const struct attach_ops *ops,
			const struct target *t, const struct attach_ops *forced, enum fact fact)
{
	bool user = ops->type == TARGET_USER;
	bool by_function = ops->type == TARGET_KERNEL && t->type == TARGET_SYSCALL;
	bool slow = ops->max_targets && rivals(a, t) > limit_of(ops, t);
	const char *why;
	bool holds;

	switch (fact) {
	case FACT_OTHER_FORCED:
		return forced && ops != forced ? "another one is requested" : NULL;
	case FACT_UNAVAILABLE:
		return mechanisms__unavailable(ops, a->features);
	case FACT_HARMLESS:
		holds = user && !ops->swaps_return && !t->hazards && ops != forced;
		return holds ? "return probes are cheaper, and safe here" : NULL;
	case FACT_UNFIT:
		why = ops->unfit ? ops->unfit(t) : NULL;
		if (t->untimed && !ops->counting)
			why = "it needs a program at the entry, and durations are off";
		if (by_function && !why)
			why = no_functions(a, t);
		if (hides_callers(ops, t) && !why)
			why = "its programs cannot see callers on this architecture";
		holds = ops->by_btf_id && lacks_type(t);
		return holds && !why ? "its type is not in the kernel's BTF" : why;
	case FACT_AGAIN:
		holds = t->again && ops->shares_links;
		return holds ? "the function has another probe, which its programs would count for"
			     : NULL;
	case FACT_NO_CAPTURE:
		return missing_for_captures(a, t);
	case FACT_FORCED:
		return ops == forced ? "requested" : NULL;
	case FACT_HARMFUL:
		holds = user && ops->swaps_return && t->hazards;
		return holds ? "a return probe could crash the program" : NULL;
	case FACT_BY_FUNCTION:
		return by_function ? "" : NULL;
	case FACT_TRACED:
		return a->traced ? TRACED : NULL;
	case FACT_INEXACT:
		return mechanisms__inexact(ops, a->features);
	case FACT_NO_KERNEL:
		return ops->type == TARGET_KERNEL ? NULL : "";
	case FACT_FEW_LOSSES:
		return ops->few_losses ? "" : NULL;
	case FACT_QUICK:
		return slow ? NULL : "";
	case FACT_SLOW:
		return slow ? "too many functions for it" : NULL;
	case FACT_OUTDONE:
		return is_outdone(a, ops) ? "" : NULL;
	case FACT_PINS:
		holds = ops->pins_module && target__is_in_module(t);
		return holds ? "it would keep the function's module from being unloaded" : NULL;
	case FACTS:
		break;
	}
	return NULL;
}

/* forced: the only mechanism that is acceptable; NULL: any is. Facts are looked up only as needed,
 * since trying a kernel feature takes time. */
static struct verdict judge(const struct attach *a, const struct attach_ops *ops,
			    const struct target *t, const struct attach_ops *forced)
{
	const struct row *row = table;
	enum fact i = 0;

	while (i < FACTS) {
		if (row->facts & 1U << i && !tell(a, ops, t, forced, i)) {
			row++;
			i = 0;
		} else {
			i++;
		}
	}
	return (struct verdict){ row->grade, row->told, tell(a, ops, t, forced, row->told) };
}

/* NULL: it supports the target. */
static const char *objection(const struct attach *a, const struct attach_ops *ops,
			     const struct target *t, const struct attach_ops *forced)
{
	struct verdict v = judge(a, ops, t, forced);

	return v.grade == GRADE_NEVER ? v.why : NULL;
}

static const struct attach_ops *forced_for(const struct attach *a, const struct target *t)
{
	const char *own = t->settings->mechanism;
	const struct attach_ops *forced = mechanisms__find(own ? own : a->mechanism);

	if (!forced || !is_for(forced, t))
		return NULL;
	/* Those that have no functions keep the tracepoints. */
	return forced->type == t->type || !no_functions(a, t) ? forced : NULL;
}

/* Why no mechanism supports the target. */
static char *refusal(const struct attach *a, const struct target *t, const char *why)
{
	__cleanup_free char *words = hazards__in_words(t->hazards);
	const char *ret = NULL;

	if (t->type == TARGET_USER && t->hazards)
		ret = objection(a, &attach_uprobe_ret, t, &attach_uprobe_ret);
	if (!ret)
		return xasprintf("%s", why ? why : "no mechanism can have it");
	return xasprintf(
		"a return probe could crash the program (%s), and uprobe.ret is not for this "
		"function here: %s",
		words, ret);
}

void choice__make(struct attach *a, struct attach_slot *slot, const struct attach_ops *after)
{
	const struct attach_ops *forced = forced_for(a, slot->target);
	enum grade best = GRADE_NEVER;
	const char *why = NULL;

	slot->ops = NULL;
	for (size_t i = 0; i < MECHANISMS; i++) {
		const struct attach_ops *ops = mechanisms[i];
		struct verdict v;

		if (after || !is_for(ops, slot->target) || (forced && forced != ops)) {
			after = ops == after ? NULL : after;
			continue;
		}
		v = judge(a, ops, slot->target, forced);
		why = v.why;
		if (v.grade < best) {
			best = v.grade;
			slot->ops = ops;
		}
		if (best == GRADE_BEST)
			break;
	}
	if (!slot->ops && slot->target->reason == REASON_NONE)
		slot__refuse(slot, 0, refusal(a, slot->target, why));
}

const char *choice__objection(const struct attach *a, const struct attach_slot *slot,
			      const struct target *t)
{
	const struct attach_ops *forced = forced_for(a, t);

	return objection(a, slot->ops, t, forced == slot->ops ? forced : NULL);
}

bool choice__is_outdated(const struct attach *a, uint32_t id)
{
	const struct attach_slot *slot = &a->slots[id];
	const struct attach_ops *ops = slot->ops;

	if (!a->unpreempted || !ops || features__has(a->features, FEATURE_NO_PREEMPTION))
		return false;
	/* Their programs were not told to count entries (object/object.c). */
	if (ops->skips_twice && ops->skips_twice(a->features))
		return true;
	return !ops->few_losses && forced_for(a, slot->target) != ops &&
	       mechanisms__inexact(ops, a->features);
}

static void explain_one(const struct attach_ops *ops, struct verdict v, bool chosen, size_t limit,
			struct buf *out)
{
	const char *why = v.why || chosen ? v.why : "the chosen one comes first";

	buf__printf(out, "%-14s %s", ops->name,
		    !chosen		    ? "no"
		    : v.grade == GRADE_BEST ? "chosen"
					    : "chosen, although");
	if (v.told == FACT_SLOW)
		buf__printf(out, ": used for at most %u functions, as it takes long to attach",
			    (unsigned)limit);
	else if (why)
		buf__printf(out, ": %s", why);
	buf__printf(out, "\n");
}

/* Why no mechanism for kernel functions takes the system call; NULL: one may. */
static const char *why_no_functions(const struct attach *a, const struct target *t)
{
	const struct attach_ops *forced = forced_for(a, t);
	const char *why;

	if (t->type != TARGET_SYSCALL || (forced && forced->type == TARGET_KERNEL))
		return NULL;
	if (forced)
		return "another mechanism is requested";
	why = no_functions(a, t);
	return why || !a->traced ? why : TRACED;
}

void choice__explain(const struct attach *a, const struct attach_slot *slot, const char *indent,
		     struct buf *out)
{
	const struct attach_ops *forced = forced_for(a, slot->target);
	const char *common = why_no_functions(a, slot->target);

	if (common)
		buf__printf(out, "%s%-14s no: %s\n", indent, "its functions", common);
	for (size_t i = 0; i < MECHANISMS; i++) {
		const struct attach_ops *ops = mechanisms[i];
		struct verdict v;

		if (!is_for(ops, slot->target) || (common && ops->type == TARGET_KERNEL))
			continue;
		v = judge(a, ops, slot->target, forced);
		buf__printf(out, "%s", indent);
		explain_one(ops, v, ops == slot->ops, limit_of(ops, slot->target), out);
	}
}
