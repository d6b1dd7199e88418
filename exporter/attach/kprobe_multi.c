/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kprobe.session and kprobe.multi: a link for any number of kernel functions, or one for their
 * entries and one for their returns. A session pairs a return with its entry. With kprobe.multi the
 * entry is attached first, so that our program has seen the entry of each return.
 */
#include "attach/multi_links.h"
#include "attach/site.h"

/* By address if the addresses are known: the kernel looks names up one by one. */
static int link_functions(struct attach_context *c, enum bpf_sys_attach type, int prog,
			  struct attach_slot **slots, size_t n, bool is_return)
{
	__cleanup_free uint64_t *addrs = xcalloc(n, sizeof(*addrs));
	__cleanup_free uint64_t *cookies = xcalloc(n, sizeof(*cookies));
	__cleanup_free const char **symbols = xcalloc(n, sizeof(*symbols));
	bool by_addr = object__knows_addrs(c->obj);
	struct bpf_sys_functions f = {
		.addrs = by_addr ? addrs : NULL,
		.symbols = symbols,
		.cookies = by_addr ? NULL : cookies,
		.n = n,
		.is_return = is_return,
	};

	for (size_t i = 0; i < n; i++) {
		addrs[i] = slots[i]->target->addr;
		symbols[i] = slots[i]->target->symbol;
		cookies[i] = site__of(slots[i]->target).spec;
	}
	return bpf_sys__link_functions(prog, type, &f);
}

static const struct multi_kind session = { BPF_SYS_KPROBE_SESSION, -1, PROG_KPROBE_SESSION, -1,
					   link_functions };
static const struct multi_kind multi = { BPF_SYS_KPROBE_MULTI, PROG_MULTI_ENTRY, PROG_MULTI_RETURN,
					 PROG_MULTI_COUNT, link_functions };

static void count_shared(struct attach_context *c, uint64_t missed[MISSED_MAX])
{
	missed[MISSED_MAXACTIVE] += multi_links__missed(c);
}

static bool skips_twice(struct features *f)
{
	return !features__has(f, FEATURE_SESSION_PAIRS);
}

#define FEW_SLOTS                                                                    \
	"calls that find no return slot are counted by the kernel without atomics, " \
	"for all functions together: a bound"

static const char *multi_caveat(struct features *f)
{
	static const char *const texts[2][2] = {
		{ FEW_SLOTS, FEW_SLOTS "; " ATTACH_STRAY_RETURN },
		{ NULL, ATTACH_STRAY_RETURN },
	};

	return texts[features__has(f, FEATURE_RETURN_SLOTS)]
		    [!features__has(f, FEATURE_NO_PREEMPTION)];
}

static const char *session_caveat(struct features *f)
{
	if (!features__has(f, FEATURE_RETURN_SLOTS))
		return FEW_SLOTS;
	return features__has(f, FEATURE_SESSION_PAIRS) ? NULL : ATTACH_STRAY_RETURN;
}

#define MISSED (1U << MISSED_NO_ENTRY)

const struct attach_ops attach_kprobe_session = {
	.name = "kprobe.session",
	.type = TARGET_KERNEL,
	.needs = SWITCH_FTRACE,
	.pins_module = true,
	.programs = PROG_BIT(PROG_KPROBE_SESSION),
	.returns = PROG_BIT(PROG_KPROBE_SESSION),
	.missed = MISSED,
	.requires = FEATURE_BIT(FEATURE_KPROBE_SESSION),
	/* Where an exit program runs after a skipped entry, it finds the cookie of an earlier call.
	 */
	.exact_with = FEATURE_BIT(FEATURE_RETURN_SLOTS) | FEATURE_BIT(FEATURE_SESSION_PAIRS),
	.few_losses = true,
	.caveat = session_caveat,
	MULTI_LINKS(session),
	.skips_twice = skips_twice,
	.entered = RP_ENTERED_KPROBE_SESSION,
	.count_shared = count_shared,
	.missed_shared = 1U << MISSED_MAXACTIVE,
};

const struct attach_ops attach_kprobe_multi = {
	.name = "kprobe.multi",
	.type = TARGET_KERNEL,
	.needs = SWITCH_FTRACE,
	.pins_module = true,
	.programs = PROG_BIT(PROG_MULTI_ENTRY) | PROG_BIT(PROG_MULTI_RETURN),
	.counting = PROG_BIT(PROG_MULTI_COUNT),
	.returns = PROG_BIT(PROG_MULTI_RETURN) | PROG_BIT(PROG_MULTI_COUNT),
	.missed = MISSED,
	.requires = FEATURE_BIT(FEATURE_KPROBE_MULTI),
	.exact_with = FEATURE_BIT(FEATURE_RETURN_SLOTS),
	.few_losses = true,
	.caveat = multi_caveat,
	MULTI_LINKS(multi),
	.count_shared = count_shared,
	.missed_shared = 1U << MISSED_MAXACTIVE,
};
