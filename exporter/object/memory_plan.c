/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/memory_plan.h"

#include "bpf/samples.h"
#include "bpf/sketch.h"
#include "object/programs.h"

#define CACHE_LINE	  64
#define VALUES_PER_TARGET 16
#define VALUES_MIN	  256
#define VALUES_MAX	  262144
/* Calls in flight of all tasks. An evicted call counts as missed when it returns. Where there is
 * task storage, the hashes only hold the overflow. Tests build with fewer. */
#ifndef FRAMES
#define FRAMES		16384
#define FRAMES_FALLBACK 1024
#endif
/* Of uprobe.ret. Unwound calls stay until their thread or process ends. */
#define CALLS	      32768
#define CALL_BYTES    144 /* of a hash element with its overhead */
#define OWNER_BYTES   96
#define INHERITED     4096 /* calls of user functions from which a forked child has yet to return */
#define LATE	      2048 /* calls that read memory when they return */
#define LATE_BYTES    384  /* likewise */
#define SHOWN	      8192 /* running calls with what their samples show */
#define SHOWN_BYTES   320  /* likewise */
#define MAX_TASKS     (1 << 22) /* PID_MAX_LIMIT in the kernel */
#define FRAME_BYTES   128	/* of an LRU hash element with its overhead */
#define SLOT_BYTES    32
#define CAPTURE_BYTES 56
#define SET_OVERHEAD  96 /* a hash element besides its key */
#define SET_VALUES    4
#define INDEX_BYTES   96 /* of a hash element, likewise */
#define SAMPLES_MIN   (64 << 10)
#define SAMPLES_MAX   (4 << 20)
#define EVENT_BYTES   (RP_EVENT_MAX * sizeof(uint64_t))

/*
 * Machines with more CPUs than POOL_CPUS have counters for each CPU only if those of targets take
 * at most a quarter of --memory.limit, and those of label sets an eighth. Otherwise they have a
 * pool, of a quarter and a 32nd.
 *
 * CPUs that come online later have a pool, too. It has a sixteenth of the size of all other
 * counters, so CPUs that never come online cost little. Tests build with other numbers.
 */
#ifndef POOL_CPUS
#define POOL_CPUS 4
#define OWN_SHARE 4
#define POOL_ROWS UINT32_MAX
#endif
#ifndef OWN_CPUS
#define OWN_CPUS UINT32_MAX
#endif
#define SETS_OWN_SHARE	8
#define POOL_SHARE	4
#define SETS_POOL_SHARE 32
#define LATE_SHARE	16
#define LATE_CELLS	64 /* so many cells have a row each */
#define SHARED_BANKS	4  /* with a pool for all CPUs; a power of 2 */
#define POOL_ROW_BYTES	12 /* besides the counters: the owner, and an element of the queue */

/* The share of the remaining memory for label sets. The rest is for probes that a reload adds. */
#define SETS_SHARE(left) ((left) / 4 * 3)
/* The overhead of a task's storage: an element without its value, and the list of elements. */
#define TASK_ELEMENT 104
#define TASK_LIST    192

/* Programs whose frames are in task storage (bpf/pairing.bpf.h). */
#define TASK_PROGRAMS                                                      \
	(PROG_BIT(PROG_UPROBE_ENTRY) | PROG_BIT(PROG_UPROBE_MULTI_ENTRY) | \
	 PROG_BIT(PROG_SYSCALL_ENTER))

/* Programs whose calls use in-flight slots, and programs that keep their captures there. */
#define SLOT_PROGRAMS \
	(PROG_BIT(PROG_KPROBE_ENTRY) | PROG_BIT(PROG_MULTI_ENTRY) | PROG_BIT(PROG_FEXIT_ENTRY))
#define CAPTURE_PROGRAMS                                                           \
	(SLOT_PROGRAMS | PROG_BIT(PROG_KPROBE_SESSION) | PROG_BIT(PROG_FSESSION) | \
	 PROG_BIT(PROG_FSESSION_MULTI) | PROG_BIT(PROG_SYSCALL_ENTER))
/* Captures of user functions are in the hash; uprobe.ret keeps them with its calls. */
#define HASH_CAPTURE_PROGRAMS (CAPTURE_PROGRAMS | TASK_PROGRAMS | PROG_BIT(PROG_UPROBE_SESSION))

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint32_t cell_width(const struct histogram_layout *g)
{
	return ALIGN_UP(RP_CELL_BINS + g->nbins, CACHE_LINE / sizeof(uint64_t));
}

static uint32_t hist_size(const struct histogram_layout *g)
{
	return ALIGN_UP((RP_HIST_GRID + g->nbins) * sizeof(uint64_t), CACHE_LINE);
}

/* The size of the longest key. */
static uint32_t key_size(const struct object_params *p)
{
	uint32_t words = 0;

	for (uint32_t i = 0; i < p->nextras; i++) {
		const struct rp_capture_spec *x = &p->extras[i]->kernel;
		uint32_t end = x->text_at + x->ntexts * RP_TEXT_SIZE / sizeof(uint64_t);

		words = end > words ? end : words;
	}
	return offsetof(struct rp_label_key, word) + words * sizeof(uint64_t);
}

/* Whether labels or filters of system calls read text in user memory, which may be paged out. */
static bool reads_processes(const struct object_params *p)
{
	bool found = false;

	for (uint32_t i = 0; i < p->nextras; i++)
		found |= capture_spec__reads_late(p->extras[i]);
	return found && p->capturing_programs & PROG_BIT(PROG_SYSCALL_ENTER);
}

static bool shows(const struct object_params *p)
{
	for (uint32_t i = 0; i < p->nextras; i++)
		if (p->extras[i]->kernel.sampling.show.used)
			return true;
	return false;
}

/* Of a second, although they are fetched several times in one: the exporter may be busy. A power of
 * two. */
static uint64_t sample_buffer(const struct object_params *p)
{
	uint64_t bytes = 0, size = SAMPLES_MIN;

	for (uint32_t i = 0; i < p->nextras; i++)
		bytes += (uint64_t)p->extras[i]->kernel.sampling.per_second *
			 RP_SAMPLE_SIZE(p->extras[i]->kernel.sampling.stacks);
	while (size < bytes && size < SAMPLES_MAX)
		size *= 2;
	return bytes ? size : 0;
}

/* The most bins of any histogram but those of durations. All have that size. */
static const struct histogram_layout *largest(const struct object_params *p)
{
	const struct histogram_layout *most = p->size_layout;

	for (uint32_t i = 0; i < p->nextras; i++)
		if (capture_spec__measured(p->extras[i], false, RP_OFF_CPU) >= 0 &&
		    p->layout->nbins > most->nbins)
			most = p->layout;
	return most;
}

static void count_sets(const struct object_params *p, struct memory_plan *out)
{
	for (uint32_t i = 0; i < p->nextras; i++) {
		const struct capture_spec *x = p->extras[i];

		out->own_hists += x->nhistograms;
		if (x->nhistograms > out->hists_per_set)
			out->hists_per_set = x->nhistograms;
		if (!x->nlabels)
			continue;
		out->sets_wanted += x->kernel.max_series;
		out->nsketches++;
	}
	out->key_size = key_size(p);
	out->hist_size = hist_size(largest(p));
}

/* Which CPUs have counters of their own. */
static void place(const struct object_params *p, struct memory_plan *out)
{
	bool percpu = p->cells == CELLS_PERCPU;
	uint32_t own = percpu ? out->ncpus : least(p->cpus.online, OWN_CPUS);
	bool may_pool = !percpu && own > POOL_CPUS;
	uint64_t of_cpu = (uint64_t)p->ntargets * (out->cell_size + EVENT_BYTES) +
			  out->nvalues * sizeof(uint64_t);
	uint64_t set = out->cell_size + (uint64_t)out->hists_per_set * out->hist_size +
		       SET_VALUES * sizeof(uint64_t);
	bool targets = may_pool && own * of_cpu > p->memory_limit / OWN_SHARE;

	out->pools_sets = targets || (may_pool && own * set * out->sets_wanted >
							  p->memory_limit / SETS_OWN_SHARE);
	out->own_banks = targets ? 0 : own;
	out->hist_banks = out->pools_sets ? 0 : own;
	if (out->pools_sets)
		out->shared_banks = SHARED_BANKS;
	else
		out->shared_banks = own < out->ncpus;
	out->pool_lanes = out->pools_sets ? out->ncpus : 1;
}

/* Bytes of n cells that the pool takes besides the rows that can be taken. */
static uint64_t pool_of(const struct memory_plan *m, uint32_t n)
{
	uint64_t cell = ALIGN_UP(m->pool_lanes * sizeof(uint32_t), sizeof(uint64_t));

	if (!m->shared_banks)
		return 0;
	cell += m->pool_shared ? m->cell_size : EVENT_BYTES;
	return n * cell;
}

/* Bytes of a label set's cell, all CPUs together. */
static uint64_t set_cell(const struct memory_plan *m)
{
	uint64_t late = m->own_banks * (m->cell_size + POOL_ROW_BYTES) / LATE_SHARE;

	if (m->pools_sets)
		return pool_of(m, 1);
	return (uint64_t)m->own_banks * m->cell_size + pool_of(m, 1) + (m->brief_cells ? late : 0);
}

/* As many label sets as fit into their share of the remaining memory. */
static void plan_sets(const struct object_params *p, struct memory_plan *out)
{
	uint32_t hist_banks = out->hist_banks + out->shared_banks;
	uint64_t set, room, fewest = out->nsketches;

	out->sets = (uint64_t)out->nsketches * sizeof(struct rp_sketch);
	out->total += out->sets;
	/* One more bank for the adjustments. */
	set = set_cell(out) + out->cell_size +
	      (uint64_t)(hist_banks + 1) * out->hists_per_set * out->hist_size +
	      SET_VALUES * (uint64_t)(out->own_banks + out->shared_banks + 1) * sizeof(uint64_t) +
	      sizeof(struct rp_label_set) + out->key_size + SET_OVERHEAD +
	      SET_VALUES * (sizeof(struct rp_value_slot) + INDEX_BYTES);
	room = out->total < p->memory_limit ? SETS_SHARE(p->memory_limit - out->total) / set : 0;
	out->nsets = least(out->sets_wanted, room > fewest ? room : fewest);
	out->nhists = out->own_hists + out->nsets * out->hists_per_set;
	set = out->nsets * set + (uint64_t)out->own_hists * (hist_banks + 1) * out->hist_size +
	      (uint64_t)p->nextras * out->cell_size +
	      (uint64_t)out->nremoved * sizeof(struct rp_removed_cgroup);
	out->sets += set;
	out->total += set;
	out->nvalues += out->nsets * SET_VALUES;
}

/* Rows that can be taken, before label sets are planned. */
static void plan_pool(const struct object_params *p, struct memory_plan *out)
{
	uint32_t ncells = p->ntargets + out->sets_wanted, row = out->cell_size + POOL_ROW_BYTES;
	uint64_t room = p->memory_limit / POOL_SHARE, sets = p->memory_limit / SETS_POOL_SHARE;

	if (out->pools_sets || ncells <= LATE_CELLS || out->own_banks >= LATE_SHARE)
		out->pool_shared = 1;
	else
		out->brief_cells = 1;
	out->pool = pool_of(out, p->ntargets);
	if (!out->own_banks)
		out->pool_rows = least(
			(uint64_t)p->ntargets * out->ncpus,
			room > out->total + out->pool ? (room - out->total - out->pool) / row : 0);
	else if (out->brief_cells)
		out->pool_rows = most(p->ntargets * out->own_banks / LATE_SHARE, LATE_CELLS);
	if (out->pools_sets)
		out->pool_rows += least((uint64_t)out->sets_wanted * out->ncpus, sets / row);
	out->pool_rows = least(out->pool_rows, POOL_ROWS);
	out->pool += (uint64_t)out->pool_rows * row;
	out->total += out->pool;
}

/* Those of label sets are in their size. */
static void finish_pool(const struct object_params *p, struct memory_plan *out)
{
	uint32_t ncells = p->ntargets + out->nsets;

	if (out->brief_cells)
		out->pool_rows += out->nsets * out->own_banks / LATE_SHARE;
	out->pool_shared *= ncells;
	out->brief_cells *= ncells;
}

/* The kernel allocates this size in powers of two. */
static uint32_t per_thread(const struct object_params *p, struct features *f)
{
	uint32_t size = 1;

	if (!(p->programs & TASK_PROGRAMS) || !features__has(f, FEATURE_TASK_STORAGE))
		return 0;
	while (size < RP_TASK_BYTES + TASK_ELEMENT)
		size *= 2;
	return size + TASK_LIST;
}

void memory_plan__make(const struct object_params *p, struct features *f, struct memory_plan *out)
{
	uint32_t values = p->ntargets * VALUES_PER_TARGET, banks;
	uint32_t nframes = features__has(f, FEATURE_TASK_STORAGE) ? FRAMES_FALLBACK : FRAMES;
	uint64_t programs = p->programs | p->capturing_programs;

	for (uint32_t i = 0; i < p->nextras; i++)
		if (p->extras[i]->returns_values)
			values += p->extras[i]->kernel.max_series;
	values = values < VALUES_MIN ? VALUES_MIN : values;
	values = values > VALUES_MAX ? VALUES_MAX : values;
	*out = (struct memory_plan){
		.ncpus = p->cpus.possible,
		.cell_size = cell_width(p->layout) * sizeof(uint64_t),
		.nvalues = values,
		.per_thread = per_thread(p, f),
	};
	if (p->nextras)
		count_sets(p, out);
	place(p, out);
	banks = out->own_banks + out->shared_banks;
	out->cells = (uint64_t)out->own_banks * p->ntargets * out->cell_size;
	out->events = (uint64_t)banks * p->ntargets * EVENT_BYTES;
	out->values = (uint64_t)values *
		      (banks * sizeof(uint64_t) + sizeof(struct rp_value_slot) + INDEX_BYTES);
	out->nkernel_frames = programs & SLOT_PROGRAMS ? nframes : 1;
	out->nuser_frames = programs & TASK_PROGRAMS ? nframes : 1;
	out->nslots = p->programs & SLOT_PROGRAMS ? 1 << OBJECT_SLOT_BITS : 1;
	out->ncapture_slots = p->capturing_programs & CAPTURE_PROGRAMS ? 1 << OBJECT_SLOT_BITS : 1;
	out->nhashed_captures =
		p->capturing_programs & HASH_CAPTURE_PROGRAMS ? OBJECT_CAPTURE_HASH : 1;
	out->frames = (uint64_t)out->nslots * SLOT_BYTES +
		      (uint64_t)out->ncapture_slots * CAPTURE_BYTES +
		      ((uint64_t)out->nkernel_frames + out->nuser_frames + out->nhashed_captures) *
			      FRAME_BYTES;
	out->remembered = features__has(f, FEATURE_TASK_STORAGE) ? sizeof(uint64_t) : MAX_TASKS / 8;
	out->frames += out->remembered;
	out->ncalls = programs & PROG_BIT(PROG_UPROBE_RET_ENTRY) ? CALLS : 1;
	out->ninherited = programs & PROG_BIT(PROG_UPROBE_FORK) ? INHERITED : 1;
	out->frames += (uint64_t)out->ninherited * FRAME_BYTES;
	out->nremoved = programs & PROG_BIT(PROG_CGROUP_REMOVED) ? OBJECT_REMOVED_CGROUPS : 1;
	out->nlate = reads_processes(p) ? LATE : 1;
	out->frames += (uint64_t)out->nlate * LATE_BYTES;
	out->nshown = shows(p) ? SHOWN : 1;
	out->frames += (uint64_t)out->nshown * SHOWN_BYTES;
	if (out->ncalls > 1)
		out->frames += (uint64_t)out->ncalls * (CALL_BYTES + OWNER_BYTES) +
			       OBJECT_EXITS(p->nexits) * sizeof(struct rp_exit);
	out->frames += p->span_bytes;
	out->samples = sample_buffer(p);
	out->total = out->cells + out->events + out->values + out->frames + out->samples;
	if (out->samples)
		out->total += (uint64_t)p->ntargets * sizeof(struct rp_sampling);
	if (out->shared_banks)
		plan_pool(p, out);
	if (p->nextras)
		plan_sets(p, out);
	if (out->shared_banks)
		finish_pool(p, out);
	out->bank_cells = p->ntargets + (out->pools_sets ? 0 : out->nsets);
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

char *memory_plan__over_limit(const struct object_params *p, const struct memory_plan *m,
			      uint64_t others, uint64_t limit)
{
	if (m->total + others <= limit)
		return NULL;
	if (others)
		return xasprintf(
			"%u more targets need %.1f MiB, and with the %.1f MiB of those that "
			"are attached that is more than --memory.limit allows (%.1f MiB)",
			p->ntargets, mib(m->total), mib(others), mib(limit));
	return xasprintf(
		"%u targets on %u CPUs need %.1f MiB, more than --memory.limit allows "
		"(%.1f MiB): probe fewer functions, use fewer histogram buckets or a lower "
		"native_resolution, or raise the limit",
		p->ntargets, m->own_banks ? m->own_banks : m->ncpus, mib(m->total), mib(limit));
}
