/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "object/samples.h"
#include "object/state.h"

/* ---- sizes --------------------------------------------------------------------------------- */

/* Returns a table in which no address is too far from its hash; NULL: there is none this small. */
static struct rp_addr *place_addrs(const struct rp_addr *sites, size_t n, uint32_t shift,
				   size_t places)
{
	struct rp_addr *table = xcalloc(places, sizeof(*table));

	for (size_t i = 0; i < n; i++) {
		uint32_t at = rp_hash(sites[i].addr, shift), steps = 0;

		while (steps < RP_ADDR_STEPS && table[at + steps].addr)
			steps++;
		if (steps == RP_ADDR_STEPS) {
			free(table);
			return NULL;
		}
		table[at + steps] = sites[i];
	}
	return table;
}

/* At most half full, so that the first look-up mostly succeeds. If a table of many times that size
 * has no room for some address, several targets have that address; then cookies are used. */
void object_maps__place_addrs(struct object *o, const struct object_params *p)
{
	uint32_t bits = 4;

	while (1UL << bits < 2 * p->nsites)
		bits++;
	for (uint32_t last = bits + 8; p->nsites && !o->addrs && bits <= last; bits++) {
		o->naddrs = (1UL << bits) + RP_ADDR_STEPS;
		o->addr_shift = 64 - bits;
		o->addrs = place_addrs(p->sites, p->nsites, o->addr_shift, o->naddrs);
	}
	if (!o->addrs)
		o->naddrs = o->addr_shift = 0;
}

/* A map without entries cannot be created. A pool needs the first cell only: programs do not look
 * for others there. */
static uint32_t at_least_one(uint32_t n)
{
	return n ? n : 1;
}

/* The counters of CPUs that have none of their own. */
static void set_pool(struct object *o)
{
	const struct memory_plan *m = &o->plan;
	struct retprobe *s = o->skel;
	uint32_t ncells = o->ntargets + m->nsets;

	if (!m->shared_banks)
		return;
	bpf_map__set_value_size(s->maps.pool, m->cell_size);
	bpf_map__set_max_entries(s->maps.pool, m->pool_rows + m->pool_shared);
	bpf_map__set_max_entries(s->maps.pool_owners, at_least_one(m->pool_rows));
	bpf_map__set_max_entries(s->maps.pool_free, at_least_one(m->pool_rows));
	bpf_map__set_value_size(s->maps.pool_index, m->pool_lanes * sizeof(uint32_t));
	bpf_map__set_max_entries(s->maps.pool_index, ncells);
	bpf_map__set_max_entries(s->maps.shared_rows,
				 m->shared_banks * o->ntargets + m->brief_cells);
}

static void set_maps(struct object *o, const struct object_params *p, struct features *f)
{
	uint32_t banks = o->plan.own_banks + o->plan.shared_banks;
	struct retprobe *s = o->skel;

	bpf_map__set_value_size(s->maps.cells, o->plan.cell_size);
	if (p->cells == CELLS_PERCPU) {
		bpf_map__set_type(s->maps.cells, BPF_MAP_TYPE_PERCPU_ARRAY);
		bpf_map__set_map_flags(s->maps.cells, 0);
		bpf_map__set_max_entries(s->maps.cells, p->ntargets + o->plan.nsets);
	} else {
		bpf_map__set_max_entries(s->maps.cells,
					 at_least_one(o->plan.own_banks * o->plan.bank_cells));
	}
	bpf_map__set_max_entries(s->maps.events, at_least_one(o->plan.own_banks * p->ntargets));
	bpf_map__set_max_entries(s->maps.value_index, o->plan.nvalues);
	bpf_map__set_max_entries(s->maps.value_free, o->plan.nvalues);
	bpf_map__set_max_entries(s->maps.value_slots, o->plan.nvalues);
	bpf_map__set_max_entries(s->maps.value_counts, banks * o->plan.nvalues);
	bpf_map__set_max_entries(s->maps.addrs, o->naddrs ? o->naddrs : 1);
	bpf_map__set_max_entries(s->maps.entered, o->plan.ncpus);
	bpf_map__set_autocreate(s->maps.task_frames, features__has(f, FEATURE_TASK_STORAGE));
	bpf_map__set_max_entries(s->maps.kernel_frames, o->plan.nkernel_frames);
	bpf_map__set_max_entries(s->maps.user_frames, o->plan.nuser_frames);
	bpf_map__set_max_entries(s->maps.inherited, o->plan.ninherited);
	bpf_map__set_max_entries(s->maps.remembered, o->plan.remembered / sizeof(uint64_t));
	bpf_map__set_max_entries(s->maps.calls, o->plan.ncalls);
	bpf_map__set_max_entries(s->maps.owners, o->plan.ncalls);
	bpf_map__set_max_entries(s->maps.exits, OBJECT_EXITS(p->nexits));
	bpf_map__set_max_entries(s->maps.inflight, o->plan.nslots);
	bpf_map__set_max_entries(s->maps.traced, at_least_one(p->ntraced));
	bpf_map__set_max_entries(s->maps.ranges, p->scan.nranges ? p->scan.nranges : 1);
}

/* The maps for captures. They keep one entry if no probe has any. */
static void set_extra_maps(struct object *o, const struct object_params *p)
{
	const struct memory_plan *m = &o->plan;
	struct retprobe *s = o->skel;
	uint32_t page = sysconf(_SC_PAGESIZE);

	bpf_map__set_max_entries(s->maps.samples, m->samples ? m->samples : page);
	if (!p->nextras)
		return;
	if (m->samples)
		bpf_map__set_max_entries(s->maps.sampling, p->ntargets);
	bpf_map__set_max_entries(s->maps.used, p->ntargets);
	bpf_map__set_max_entries(s->maps.first_hist, p->ntargets);
	bpf_map__set_max_entries(s->maps.syscall_enter_programs, p->ncaptures);
	bpf_map__set_max_entries(s->maps.syscall_exit_programs, p->ncaptures);
	bpf_map__set_max_entries(s->maps.answered_programs, p->ncaptures);
	bpf_map__set_max_entries(s->maps.capture_slots, o->plan.ncapture_slots);
	bpf_map__set_max_entries(s->maps.capture_hash, o->plan.nhashed_captures);
	bpf_map__set_max_entries(s->maps.late, o->plan.nlate);
	bpf_map__set_max_entries(s->maps.shown, o->plan.nshown);
	bpf_map__set_max_entries(s->maps.removed_cgroups, o->plan.nremoved);
	if (m->nsets) {
		bpf_map__set_key_size(s->maps.label_index, m->key_size);
		bpf_map__set_max_entries(s->maps.label_index, m->nsets);
		bpf_map__set_max_entries(s->maps.label_free, m->nsets);
		bpf_map__set_max_entries(s->maps.label_sets, m->nsets);
		bpf_map__set_max_entries(s->maps.without_room, m->nsketches);
		bpf_map__set_max_entries(s->maps.label_hints, m->ncpus << RP_HINT_BITS);
	}
	bpf_map__set_value_size(s->maps.hists, m->hist_size);
	if (m->nhists)
		bpf_map__set_max_entries(s->maps.hists,
					 (m->hist_banks + m->shared_banks) * m->nhists);
}

void object_maps__size(struct object *o, const struct object_params *p, struct features *f)
{
	object_maps__place_addrs(o, p);
	set_maps(o, p, f);
	set_pool(o);
	set_extra_maps(o, p);
}

/* ---- mapping ------------------------------------------------------------------------------- */

static size_t size_of(const struct bpf_map *map)
{
	return ALIGN_UP((size_t)bpf_map__value_size(map) * bpf_map__max_entries(map),
			(size_t)sysconf(_SC_PAGESIZE));
}

/* Sets the pointer at outp. */
static int map_array(struct object *o, struct bpf_map *map, bool writable, void *outp)
{
	size_t size = size_of(map);
	void *addr = mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED,
			  bpf_map__fd(map), 0);

	if (addr == MAP_FAILED)
		return -errno;
	if (writable)
		madvise(addr, size, MADV_DONTFORK);
	o->mappings[o->nmappings++] = (struct mapping){ addr, size };
	*(void **)outp = addr;
	return 0;
}

/* Maps an array that servers map too; with BANKS, one that they do not. */
static int map_source(struct object *o, struct bpf_map *map, enum bank bank, void *outp)
{
	if (bank != BANKS)
		o->banks.sources[bank] = (struct bank_source){ bpf_map__fd(map), size_of(map) };
	return map_array(o, map, false, outp);
}

static int map_banks(struct object *o, struct bpf_map *map, enum bank bank, uint32_t nbanks,
		     uint32_t n, struct bank_view *view)
{
	*view = (struct bank_view){
		.nbanks = nbanks,
		.bank_stride = n,
		.stride = 1,
		.width = bpf_map__value_size(map) / sizeof(uint64_t),
		.n = n,
	};
	return map_source(o, map, bank, &view->base);
}

static size_t copy_size(const struct bank_view *v)
{
	return (size_t)v->nbanks * v->n * v->width * sizeof(uint64_t);
}

static int refresh_cell(struct object *o, uint32_t cell)
{
	uint64_t *copy = o->cells_copy.addr;

	if (!copy)
		return 0;
	copy += (size_t)cell * o->banks.cells.stride * o->banks.cells.width;
	return bpf_map_lookup_elem(bpf_map__fd(o->skel->maps.cells), &cell, copy) ? -errno : 0;
}

/* Programs count a result by its value before they count it in its cell. Read in that order, the
 * sum of the outcomes never exceeds the calls. */
int object_maps__refresh(struct object *o)
{
	int err = 0;

	if (!o->cells_copy.addr)
		return 0;
	memcpy(o->values_copy.addr, (const void *)o->mapped_values,
	       copy_size(&o->banks.value_counts));
	for (uint32_t cell = 0; cell < o->banks.cells.n && !err; cell++)
		err = refresh_cell(o, cell);
	return err;
}

int object_maps__refresh_target(struct object *o, uint32_t id)
{
	const struct label_sets_view *v = &o->banks.label_sets;
	int err = refresh_cell(o, id);

	for (uint32_t slot = 0; slot < v->n && !err; slot++)
		if (v->v[slot].used && v->v[slot].key.id == id)
			err = refresh_cell(o, v->first + slot);
	return err;
}

static struct bank_source source_of(const struct shared_memory *s)
{
	return (struct bank_source){ s->fd, s->size };
}

/* Cells and event counters. Without own banks, the maps have the first entry of CPU 0. */
static int map_own_banks(struct object *o)
{
	const struct memory_plan *m = &o->plan;
	struct retprobe *s = o->skel;
	uint32_t n = at_least_one(m->own_banks);
	int err = 0;

	if (bpf_map__type(s->maps.cells) == BPF_MAP_TYPE_ARRAY)
		err = map_banks(o, s->maps.cells, BANK_CELLS, n, m->own_banks ? m->bank_cells : 1,
				&o->banks.cells);
	if (!err)
		err = map_banks(o, s->maps.events, BANK_EVENTS, n, m->own_banks ? o->ntargets : 1,
				&o->banks.events);
	return err;
}

static int map_pool(struct object *o)
{
	const struct memory_plan *m = &o->plan;
	struct pool_view *pool = &o->banks.pool;
	struct retprobe *s = o->skel;
	int err;

	if (!m->shared_banks)
		return 0;
	*pool = (struct pool_view){
		.width = m->cell_size / sizeof(uint64_t),
		.nrows = m->pool_rows,
		.nshared = m->pool_shared,
		.nbanks = m->shared_banks,
		.nevents = o->ntargets,
		.nbrief = m->brief_cells,
	};
	err = map_source(o, s->maps.pool, BANK_POOL, &pool->rows);
	if (!err)
		err = map_source(o, s->maps.pool_owners, BANK_POOL_OWNERS, &pool->owners);
	if (!err)
		err = map_source(o, s->maps.shared_rows, BANK_SHARED_ROWS, &pool->shared);
	return err;
}

/* Maps label sets and histograms. */
static int map_extras(struct object *o)
{
	struct retprobe *s = o->skel;
	struct label_sets_view *sets = &o->banks.label_sets;
	struct adjustments *adjustments = &o->banks.adjustments;
	int err;

	err = map_banks(o, s->maps.hists, BANK_HISTS, o->plan.hist_banks + o->plan.shared_banks,
			o->plan.nhists, &o->banks.hists);
	if (!err)
		err = map_source(o, s->maps.label_sets, BANK_LABEL_SETS, &sets->v);
	if (!err)
		err = map_array(o, s->maps.label_sets, true, &o->own_sets);
	if (!err)
		err = map_array(o, s->maps.used, true, &o->used);
	if (!err)
		err = map_array(o, s->maps.without_room, true, &o->sketches);
	sets->n = o->plan.nsets;
	sets->first = o->ntargets;
	o->banks.own_hists = o->plan.own_hists;
	o->banks.hists_per_set = o->plan.hists_per_set;
	if (err || !o->plan.nsets)
		return err;
	*adjustments = (struct adjustments){
		.ncells = o->ntargets + o->plan.nsets,
		.cell_width = o->banks.cells.width,
		.nhists = o->plan.nhists,
		.hist_width = o->banks.hists.width,
		.nvalues = o->plan.nvalues,
	};
	err = adjustments__init(adjustments);
	if (!err)
		o->banks.sources[BANK_ADJUSTMENTS] = source_of(&adjustments->copy);
	return err;
}

/* Copies cells that cannot be mapped, into memory that servers can read. */
static int copy_cells(struct object *o)
{
	struct bank_view *v = &o->banks.cells;
	int err;

	*v = (struct bank_view){
		.nbanks = o->plan.ncpus,
		.bank_stride = 1,
		.stride = o->plan.ncpus,
		.width = bpf_map__value_size(o->skel->maps.cells) / sizeof(uint64_t),
		.n = o->ntargets + o->plan.nsets,
	};
	err = shared_memory__new(&o->cells_copy, copy_size(v));
	if (!err)
		err = shared_memory__new(&o->values_copy, copy_size(&o->banks.value_counts));
	if (err)
		return err;
	v->base = o->cells_copy.addr;
	o->mapped_values = o->banks.value_counts.base;
	o->banks.value_counts.base = o->values_copy.addr;
	o->banks.sources[BANK_CELLS] = source_of(&o->cells_copy);
	o->banks.sources[BANK_VALUE_COUNTS] = source_of(&o->values_copy);
	return object_maps__refresh(o);
}

int object_maps__map(struct object *o)
{
	bool copy = bpf_map__type(o->skel->maps.cells) != BPF_MAP_TYPE_ARRAY;
	struct retprobe *s = o->skel;
	int err;

	for (int i = 0; i < BANKS; i++)
		o->banks.sources[i].fd = -1;
	err = map_own_banks(o);
	if (!err)
		err = map_pool(o);
	if (!err)
		err = map_banks(o, s->maps.entered, BANKS, o->plan.ncpus, 1, &o->banks.entered);
	if (!err)
		err = map_banks(o, s->maps.value_counts, BANK_VALUE_COUNTS,
				o->plan.own_banks + o->plan.shared_banks, o->plan.nvalues,
				&o->banks.value_counts);
	if (!err)
		err = map_source(o, s->maps.value_slots, BANK_VALUE_SLOTS, &o->banks.value_slots);
	if (!err)
		err = map_array(o, s->maps.value_slots, true, &o->own_values);
	if (!err && copy)
		err = copy_cells(o);
	if (!err)
		err = map_array(o, s->maps.inflight, false, &o->slots);
	if (!err)
		err = map_array(o, s->maps.capture_slots, false, &o->capture_slots);
	if (!err && o->plan.samples)
		err = map_source(o, s->maps.sampling, BANK_SAMPLING, &o->banks.sampling);
	if (!err)
		err = object_samples__map(o);
	madvise(s->bss, ALIGN_UP(sizeof(*s->bss), sysconf(_SC_PAGESIZE)), MADV_DONTFORK);
	return err ? err : map_extras(o);
}

void object_maps__unmap(struct object *o)
{
	for (size_t i = 0; i < o->nmappings; i++)
		munmap(o->mappings[i].addr, o->mappings[i].size);
	shared_memory__free(&o->cells_copy);
	shared_memory__free(&o->values_copy);
}

/* ---- contents ------------------------------------------------------------------------------ */

static int fill_queue(const struct bpf_map *map, uint32_t n)
{
	for (uint32_t slot = 0; slot < n; slot++)
		if (bpf_map_update_elem(bpf_map__fd(map), NULL, &slot, 0))
			return -errno;
	return 0;
}

static int fill_hists(struct object *o, const struct object_params *p)
{
	int fd = bpf_map__fd(o->skel->maps.first_hist);

	for (uint32_t id = 0; id < p->ntargets; id++)
		if (p->first_hists[id] && bpf_map_update_elem(fd, &id, &p->first_hists[id], 0))
			return -errno;
	return 0;
}

int object_maps__set_exits(struct object *o, uint32_t first, const struct rp_exit *v, size_t n)
{
	int fd = bpf_map__fd(o->skel->maps.exits);

	for (uint32_t i = 0; i < n; i++)
		if (bpf_map_update_elem(fd, &(uint32_t){ first + i }, &v[i], 0))
			return -errno;
	return 0;
}

static int fill_addr_table(struct object *o)
{
	for (uint32_t i = 0; i < o->naddrs; i++)
		if (o->addrs[i].addr &&
		    bpf_map_update_elem(bpf_map__fd(o->skel->maps.addrs), &i, &o->addrs[i], 0))
			return -errno;
	return 0;
}

static int fill_ranges(struct object *o, const struct object_params *p)
{
	struct rp_range *ranges;
	int err = map_array(o, o->skel->maps.ranges, true, &ranges);

	if (!err && p->scan.nranges)
		memcpy(ranges, p->scan.ranges, p->scan.nranges * sizeof(*ranges));
	return err;
}

int object_maps__fill(struct object *o, const struct object_params *p)
{
	int err = fill_queue(o->skel->maps.value_free, o->plan.nvalues);

	if (!err)
		err = fill_queue(o->skel->maps.label_free, o->plan.nsets);
	if (!err)
		err = fill_queue(o->skel->maps.pool_free, o->plan.pool_rows);
	if (!err)
		err = fill_hists(o, p);
	if (!err)
		err = fill_ranges(o, p);
	if (!err)
		err = object_maps__set_exits(o, 0, p->exits, p->nexits);
	return err ? err : fill_addr_table(o);
}
