/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/scan.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "kernel/bpf_sys.h"
#include "object/state.h"

#define BATCH	256	   /* tasks */
#define AT_ONCE (64 << 10) /* bytes; an iterator's own buffer has 32 KiB */

int object_scan__open(struct object *o)
{
	int program, fd;

	if (o->scan_link > 0)
		return 0;
	if (!programs__is_selected(o->programs, PROG_SCAN))
		return -ENOENT;
	program = programs__fd(o->programs, PROG_SCAN, NULL);
	if (program < 0)
		return program;
	fd = bpf_link_create(program, 0, (enum bpf_attach_type)BPF_SYS_TRACE_ITER, NULL);
	if (fd < 0)
		return -errno;
	o->scan_link = fd;
	return 0;
}

/* The kernel returns whole records. */
static int report(const char *p, const char *end, struct scan_run *run)
{
	while (p < end) {
		struct scan_found f;
		size_t calls, addrs;

		if ((size_t)(end - p) < sizeof(f.task))
			return -EPROTO;
		memcpy(&f.task, p, sizeof(f.task));
		p += sizeof(f.task);
		calls = f.task.ncalls * sizeof(*f.calls);
		addrs = f.task.naddrs * sizeof(*f.addrs);
		if (f.task.ncalls > RP_SCAN_CALLS || f.task.naddrs > RP_SCAN_DEPTH ||
		    (size_t)(end - p) < calls + addrs)
			return -EPROTO;
		f.calls = (const struct rp_scan_call *)p;
		f.addrs = (const uint64_t *)(p + calls);
		p += calls + addrs;
		run->found(run->ctx, &f);
	}
	return 0;
}

/* The program ends a read with -EAGAIN, or with what it has found, when its budget is used up. */
static int walk(int fd, volatile struct rp_scan_state *state, char *data, struct scan_run *run)
{
	for (;;) {
		ssize_t n;
		int err;

		state->budget = BATCH;
		n = read(fd, data, AT_ONCE);
		if (!n)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		err = n > 0 ? report(data, data + n, run) : 0;
		if (err)
			return err;
		run->stopped = run->enough(run->ctx);
		if (run->stopped)
			return 0;
	}
}

int object_scan__run(struct object *o, struct scan_run *run)
{
	volatile struct rp_scan_state *state = &o->skel->bss->scan_state;
	__cleanup_free char *data = xcalloc(1, AT_ONCE);
	__cleanup_close int fd = -1;
	uint64_t tasks = state->tasks, unlisted = state->unlisted;
	int err = object_scan__open(o);

	if (err)
		return err;
	fd = bpf_iter_create(o->scan_link);
	if (fd < 0)
		return -errno;
	err = walk(fd, state, data, run);
	run->tasks = state->tasks - tasks;
	run->unlisted = state->unlisted - unlisted;
	return err;
}

/* ---- start times ----------------------------------------------------------------------------- */

#define LOW ((1ULL << 48) - 1)

struct start {
	uint64_t key, ns;
};

struct object_starts {
	struct start *v; /* ascending by the low bits of their keys, which no target id is in */
	size_t n;
};

static int compare_starts(const void *a, const void *b)
{
	uint64_t x = ((const struct start *)a)->key & LOW, y = ((const struct start *)b)->key & LOW;

	return x < y ? -1 : x > y;
}

/* A mark does not change the call. Slots change while they are read: the caller compares them with
 * calls that are known to be in progress. */
static void add_slots(struct object_starts *s, const volatile uint64_t *slot, size_t width,
		      size_t n)
{
	for (size_t i = 0; i < n; i++, slot += width) {
		uint64_t key = slot[RP_SLOT_KEY] & ~1ULL, ns = slot[RP_SLOT_START];

		if (key && ns)
			*(struct start *)array__grow(&s->v, &s->n, sizeof(*s->v)) =
				(struct start){ key, ns };
	}
}

struct object_starts *object_scan__starts(const struct object *o)
{
	struct object_starts *s = xcalloc(1, sizeof(*s));

	add_slots(s, o->slots, RP_SLOT_WORDS, o->plan.nslots);
	add_slots(s, o->capture_slots, RP_CAPTURE_SLOT_WORDS, o->plan.ncapture_slots);
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), compare_starts);
	return s;
}

void object_starts__free(struct object_starts *s)
{
	if (!s)
		return;
	free(s->v);
	free(s);
}

static size_t first_from(const struct object_starts *s, uint64_t low)
{
	size_t first = 0, end = s->n;

	while (first < end) {
		size_t middle = (first + end) / 2;

		if ((s->v[middle].key & LOW) < low)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* With a leftover of a call whose return was missed, it is unknown which start is whose. */
uint64_t object_starts__find(const struct object_starts *s, uint32_t id, uint64_t stack,
			     uint64_t through, uint32_t i, uint32_t n)
{
	const uint64_t size = 1ULL << RP_STACK_SHIFT;
	uint64_t low = (stack - through) & LOW, found = 0;
	uint32_t seen = 0;

	for (size_t k = first_from(s, low); k < s->n; k++) {
		uint64_t addr = (s->v[k].key ^ (uint64_t)id << 48) + through;

		if ((s->v[k].key & LOW) >= low + size)
			break;
		if (addr - stack >= size)
			continue;
		if (seen++ == i)
			found = s->v[k].ns;
	}
	return seen == n ? found : 0;
}

uint64_t object_scan__bias(const struct object *o)
{
	return o->skel->bss->scan_state.bias;
}
