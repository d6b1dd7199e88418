/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * If root switches kprobes or ftrace off, attached probes stay attached and count again when it is
 * switched on. Nothing is attached meanwhile: the kernel would not arm a kprobe later
 * (enable_kprobe() in kernel/kprobes.c), and ftrace disables itself for good if it is switched on
 * with a trampoline that it has not prepared.
 */
#include "probes/switched_off.h"

#include "attach/by_function.h"
#include "base/log.h"
#include "kernel/switches.h"

/* The switch that stops a target from counting; 0: none. */
static enum switch_bit switched_off(const struct generation *g, uint32_t id, unsigned off)
{
	size_t n;

	return switches__first(off & by_function__needs(&attach__slots(g->attach, &n)[id]));
}

static bool mark(struct target *t, enum switch_bit off)
{
	if (off == t->switched_off)
		return false;
	target__set_reason(t, off ? REASON_DISABLED : REASON_NONE, off ? switches__why(off) : NULL);
	t->switched_off = off;
	return true;
}

static void tell(unsigned before, unsigned now, size_t changed)
{
	for (unsigned bit = 1; bit < SWITCHES_MAX; bit <<= 1) {
		if (now & ~before & bit)
			log_warn("%s is 0: probes of %zu functions do not count until it is 1 "
				 "again, and the calls that they miss are in no metric",
				 switches__name(bit), changed);
		else if (before & ~now & bit)
			log_info("%s is 1 again: probes of %zu functions count again",
				 switches__name(bit), changed);
	}
}

/* Attaches targets that were put off while a switch was off. */
static size_t attach_put_off(struct generation *g, unsigned off)
{
	__cleanup_free uint32_t *ids = xcalloc(g->targets->nids + 1, sizeof(*ids));
	size_t n = 0;

	attach__set_switched_off(g->attach, off);
	for (uint32_t id = 0; id < g->targets->nids; id++)
		if (generation__is_paused(g, id) && g->targets->v[id]->reason == REASON_DISABLED &&
		    !switched_off(g, id, off))
			ids[n++] = id;
	if (n)
		generation__resume(g, ids, n);
	return n;
}

bool switched_off__check(struct reconcile *r)
{
	unsigned off = switches__off(r->switches);
	size_t changed = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct generation *g = r->generations[i];

		changed += attach_put_off(g, off);
		for (uint32_t id = 0; id < g->targets->nids; id++)
			if (generation__is_attached(g, id))
				changed += mark(g->targets->v[id], switched_off(g, id, off));
	}
	if (changed)
		tell(r->off, off, changed);
	r->off = off;
	return changed;
}
