/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uprobe.multi and uprobe.session: a link for any number of functions of one file, or one for their
 * entries and one for their returns. Entries are attached first, as with the other mechanisms.
 *
 * The kernel tracks 64 nested returns in a task (MAX_URETPROBE_DEPTH) and does not report deeper
 * calls. uprobe.multi has frames of its own, so its entry program counts deeper calls as missed. A
 * session's entry program cannot tell, so uprobe.session is used only if forced.
 */
#include "attach/multi_links.h"
#include "attach/site.h"

/* Functions of one file. */
static int link_uprobes(struct attach_context *c, enum bpf_sys_attach type, int prog,
			struct attach_slot **slots, size_t n, bool is_return)
{
	__cleanup_free uint64_t *offsets = xcalloc(n, sizeof(*offsets));
	__cleanup_free uint64_t *cookies = xcalloc(n, sizeof(*cookies));

	for (size_t i = 0; i < n; i++) {
		offsets[i] = slots[i]->target->offset;
		cookies[i] = site__of(slots[i]->target).spec;
	}
	return bpf_sys__link_uprobes(prog, type, slots[0]->target->opened->path, offsets, cookies,
				     n, is_return);
}

static const struct multi_kind session = { BPF_SYS_UPROBE_SESSION, -1, PROG_UPROBE_SESSION, -1,
					   link_uprobes };
static const struct multi_kind multi = { BPF_SYS_UPROBE_MULTI, PROG_UPROBE_MULTI_ENTRY,
					 PROG_UPROBE_MULTI_RETURN, PROG_UPROBE_MULTI_COUNT,
					 link_uprobes };

const struct attach_ops attach_uprobe_session = {
	.name = "uprobe.session",
	.type = TARGET_USER,
	.programs = PROG_BIT(PROG_UPROBE_SESSION),
	.returns = PROG_BIT(PROG_UPROBE_SESSION),
	.swaps_return = true,
	.missed = 1U << MISSED_NO_ENTRY,
	.requires = FEATURE_BIT(FEATURE_UPROBE_SESSION),
	.lossy = "calls nested deeper than 64 would be lost without a trace",
	MULTI_LINKS(session),
};

const struct attach_ops attach_uprobe_multi = {
	.name = "uprobe.multi",
	.type = TARGET_USER,
	.programs = PROG_BIT(PROG_UPROBE_MULTI_ENTRY) | PROG_BIT(PROG_UPROBE_MULTI_RETURN),
	.counting = PROG_BIT(PROG_UPROBE_MULTI_COUNT),
	.returns = PROG_BIT(PROG_UPROBE_MULTI_RETURN) | PROG_BIT(PROG_UPROBE_MULTI_COUNT),
	.swaps_return = true,
	.keeps_frames = true,
	.missed = 1U << MISSED_NO_ENTRY | 1U << MISSED_DEPTH,
	.requires = FEATURE_BIT(FEATURE_UPROBE_MULTI),
	MULTI_LINKS(multi),
};
