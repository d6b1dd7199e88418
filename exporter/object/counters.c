/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/counters.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "base/log.h"
#include "kernel/perf_counters.h"
#include "object/state.h"

/* As bits. */
static uint32_t read_by(const struct object_params *p)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < p->nextras; i++)
		if (p->extras[i])
			bits |= capture_spec__perf_counters(p->extras[i]);
	return bits;
}

void object_counters__size(struct object *o, const struct object_params *p)
{
	bpf_map__set_max_entries(o->skel->maps.perf_counters,
				 read_by(p) ? o->plan.ncpus * RP_PERF_COUNTERS : 1);
}

/* The map keeps the event. */
static int start(struct object *o, uint32_t i, uint32_t cpu)
{
	uint32_t index = cpu * RP_PERF_COUNTERS + i;
	int fd = perf_counters__open(i, cpu), err;

	if (fd < 0)
		return fd;
	err = bpf_map_update_elem(bpf_map__fd(o->skel->maps.perf_counters), &index, &fd, BPF_ANY);
	close(fd);
	return err;
}

void object_counters__start(struct object *o, const struct object_params *p)
{
	uint32_t bits = read_by(p);

	for (uint32_t i = 0; i < RP_PERF_COUNTERS; i++) {
		if (!(bits & 1U << i))
			continue;
		for (uint32_t cpu = 0; cpu < o->plan.ncpus; cpu++) {
			int err = start(o, i, cpu);

			if (err && err != -ENODEV)
				log_warn("counter %s cannot be started on CPU %u, so calls there "
					 "are in retprobe_uncounted_total: %s",
					 perf_counter_names[i], cpu, strerror(-err));
		}
	}
}
