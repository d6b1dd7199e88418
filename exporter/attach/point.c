/* SPDX-License-Identifier: GPL-2.0-only */
#include "attach/point.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "kernel/bpf_sys.h"
#include "kernel/tracefs.h"

int point__open_tracepoint(struct attach_context *c, const char *name)
{
	__cleanup_free char *group = xstrdup(name);
	char *event = strchr(group, ':');

	*event++ = '\0';
	return perf_event__open_tracepoint(
		tracefs__event_id(features__tracefs(c->features), group, event));
}

static int load(struct attach_context *c, enum program_id program, const struct program_site *site,
		uint64_t *cookie, struct point *out, enum attempt *at)
{
	*at = ATTEMPT_LOAD;
	out->program = programs__for_site(object__programs(c->obj), program, site, cookie);
	return out->program < 0 ? out->program : 0;
}

int point__attach(struct attach_context *c, enum program_id program,
		  const struct program_site *site, int event, struct point *out, enum attempt *at)
{
	uint64_t cookie;
	int err;

	*out = POINT_NONE;
	*at = ATTEMPT_EVENT;
	if (event < 0)
		return event;
	err = load(c, program, site, &cookie, out, at);
	if (err) {
		close(event);
		return err;
	}
	*at = ATTEMPT_EVENT;
	return perf_event__attach(event, out->program, cookie, &out->at);
}

int point__attach_at_entry(struct attach_context *c, enum program_id program,
			   const struct program_site *site, const char *symbol, struct point *out,
			   enum attempt *at)
{
	uint64_t cookie; /* clones have none */
	int err;

	*out = POINT_NONE;
	err = load(c, program, site, &cookie, out, at);
	if (err)
		return err;
	*at = ATTEMPT_EVENT;
	return perf_event__attach_kprobe(perf_event__open_kprobe(symbol, false), out->program,
					 &out->at);
}

int point__attach_raw(struct attach_context *c, enum program_id program,
		      const struct program_site *site, const char *name, struct point *out,
		      enum attempt *at)
{
	uint64_t cookie;
	int err;

	*out = POINT_NONE;
	err = load(c, program, site, &cookie, out, at);
	if (err)
		return err;
	*at = ATTEMPT_ATTACH;
	out->at.link = bpf_raw_tracepoint_open(name, out->program);
	return out->at.link < 0 ? -errno : 0;
}

int point__attach_in_file(struct attach_context *c, enum program_id program,
			  const struct program_site *site, const struct point_place *place,
			  bool is_return, struct point *out, enum attempt *at)
{
	const char *path = place->opened->path;
	uint64_t cookie;
	int err;

	if (!features__has(c->features, FEATURE_UPROBE_MULTI))
		return point__attach(c, program, site,
				     is_return ? perf_event__open_uprobe(path, place->offset, true)
					       : perf_event__open_usdt(path, place->offset,
								       place->semaphore),
				     out, at);
	*out = POINT_NONE;
	err = load(c, program, site, &cookie, out, at);
	if (err)
		return err;
	*at = ATTEMPT_UPROBE;
	out->at.link = bpf_sys__link_uprobe(out->program, path, place->offset, place->semaphore,
					    is_return);
	return out->at.link < 0 ? out->at.link : 0;
}

void point__detach(struct point *p)
{
	perf_event__close(&p->at);
}

uint64_t point__skipped(const struct point *points, size_t n)
{
	uint64_t skipped = 0;

	for (size_t i = 0; i < n; i++)
		skipped += programs__count_fd(points[i].program).skipped +
			   bpf_sys__kprobe_missed(points[i].at.link);
	return skipped;
}

const char *point__caveat(struct features *f)
{
	return ATTACH_SKIPPED_EVENTS;
}

struct point *point__new(struct attach_slot *slot)
{
	struct point *p = slot->state = xcalloc(1, sizeof(*p));

	*p = POINT_NONE;
	return p;
}

void point__detach_slot(struct attach_context *c, struct attach_slot *slot)
{
	struct point *p = take_ptr(slot->state);

	point__detach(p);
	free(p);
}

void point__count_slots(struct attach_context *c, struct attach_slot **slots, size_t n,
			struct kernel_counts *out)
{
	for (size_t i = 0; i < n; i++)
		if (slots[i]->attached)
			out[slots[i]->target->id].missed[MISSED_RECURSION] +=
				point__skipped(slots[i]->state, 1);
}
