/* SPDX-License-Identifier: GPL-2.0-only */
#include "bpfobj.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "log.h"
#include "retprobe.skel.h"

#define CACHE_LINE	   64
#define DETAILS_PER_TARGET 16
#define DETAILS_MIN	   256
#define DETAILS_MAX	   65536
/* Calls that run at once, of all tasks; one that is evicted is counted as missed when it returns.
 * Where there is task storage, the hashes only take what does not fit there. */
#define FRAMES		16384
#define FRAMES_FALLBACK 1024
#define FRAME_BYTES	128 /* of an LRU hash element with its overhead */
#define INDEX_BYTES	96  /* of a hash element, likewise */

struct bpfobj {
	struct retprobe *skel;
	const struct grid *grid;
	struct bpfobj_plan plan;
	struct programs *programs;
	struct rp_addr *addrs; /* as the kernel side's table has them */
	uint32_t naddrs, addr_shift;
	struct bank_view cells, tallies, detail_counts;
	struct mapping {
		void *addr;
		size_t size;
	} mappings[4];
	size_t nmappings;
	volatile struct rp_detail *details;
};

/* ---- arithmetic ---------------------------------------------------------------------------- */

static uint32_t cell_width(const struct grid *g)
{
	return ALIGN_UP(RP_CELL_GRID + g->ncells, CACHE_LINE / sizeof(uint64_t));
}

void bpfobj__plan(const struct bpfobj_params *p, struct features *f, struct bpfobj_plan *out)
{
	uint32_t ncpus = libbpf_num_possible_cpus(), details = p->ntargets * DETAILS_PER_TARGET;

	details = details < DETAILS_MIN ? DETAILS_MIN : details;
	details = details > DETAILS_MAX ? DETAILS_MAX : details;
	*out = (struct bpfobj_plan){
		.ncpus = ncpus,
		.cell_size = cell_width(p->grid) * sizeof(uint64_t),
		.ndetails = details,
		.tallies = (uint64_t)ncpus * p->ntargets * RP_TALLY_MAX * sizeof(uint64_t),
		.details = (uint64_t)details *
			   (ncpus * sizeof(uint64_t) + sizeof(struct rp_detail) + INDEX_BYTES),
	};
	out->cells = (uint64_t)ncpus * p->ntargets * out->cell_size;
	out->nframes = features__has(f, FEATURE_TASK_STORAGE) ? FRAMES_FALLBACK : FRAMES;
	out->frames = 2 * (uint64_t)out->nframes * FRAME_BYTES;
	out->total = out->cells + out->tallies + out->details + out->frames;
}

/* ---- loading ------------------------------------------------------------------------------- */

static void set_constants(struct bpfobj *o, const struct bpfobj_params *p, struct features *f)
{
	struct retprobe__rodata *ro = o->skel->rodata;

	memcpy((void *)&ro->grid_table, &p->grid->table, sizeof(ro->grid_table));
	ro->grid_cells = p->grid->ncells;
	ro->bank_cells = p->ntargets;
	ro->bank_targets = p->ntargets;
	ro->bank_details = o->plan.ndetails;
	ro->cells_percpu = p->cells == CELLS_PERCPU;
	ro->addr_shift = o->addr_shift;
	ro->count_entries = !features__has(f, FEATURE_RETURN_SLOTS);
	ro->use_task_storage = features__has(f, FEATURE_TASK_STORAGE);
	if (p->syscall_spec)
		memcpy((void *)ro->syscall_spec, p->syscall_spec, sizeof(ro->syscall_spec));
	if (p->syscall_compat_spec)
		memcpy((void *)ro->syscall_compat_spec, p->syscall_compat_spec,
		       sizeof(ro->syscall_compat_spec));
}

static void set_maps(struct bpfobj *o, const struct bpfobj_params *p, struct features *f)
{
	struct retprobe *s = o->skel;
	uint32_t ncpus = o->plan.ncpus;

	bpf_map__set_value_size(s->maps.cells, o->plan.cell_size);
	if (p->cells == CELLS_PERCPU) {
		bpf_map__set_type(s->maps.cells, BPF_MAP_TYPE_PERCPU_ARRAY);
		bpf_map__set_map_flags(s->maps.cells, 0);
		bpf_map__set_max_entries(s->maps.cells, p->ntargets);
	} else {
		bpf_map__set_max_entries(s->maps.cells, ncpus * p->ntargets);
	}
	bpf_map__set_max_entries(s->maps.tallies, ncpus * p->ntargets);
	bpf_map__set_max_entries(s->maps.detail_index, o->plan.ndetails);
	bpf_map__set_max_entries(s->maps.detail_free, o->plan.ndetails);
	bpf_map__set_max_entries(s->maps.detail_slots, o->plan.ndetails);
	bpf_map__set_max_entries(s->maps.detail_counts, ncpus * o->plan.ndetails);
	bpf_map__set_max_entries(s->maps.addrs, o->naddrs ? o->naddrs : 1);
	bpf_map__set_max_entries(s->maps.specs, p->ntargets);
	bpf_map__set_autocreate(s->maps.task_frames, features__has(f, FEATURE_TASK_STORAGE));
	bpf_map__set_max_entries(s->maps.kernel_frames, o->plan.nframes);
	bpf_map__set_max_entries(s->maps.user_frames, o->plan.nframes);
}

static int map_array(struct bpfobj *o, struct bpf_map *map, bool writable, void **out)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t size = ALIGN_UP((size_t)bpf_map__value_size(map) * bpf_map__max_entries(map), page);
	void *addr = mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED,
			  bpf_map__fd(map), 0);

	if (addr == MAP_FAILED)
		return -errno;
	o->mappings[o->nmappings++] = (struct mapping){ addr, size };
	*out = addr;
	return 0;
}

static int map_banks(struct bpfobj *o, struct bpf_map *map, uint32_t n, struct bank_view *view)
{
	void *addr = NULL;
	int err;

	*view = (struct bank_view){
		.ncpus = o->plan.ncpus,
		.stride = n,
		.width = bpf_map__value_size(map) / sizeof(uint64_t),
		.n = n,
	};
	if (bpf_map__type(map) != BPF_MAP_TYPE_ARRAY)
		return 0;
	err = map_array(o, map, false, &addr);
	view->base = addr;
	return err;
}

static int map_all(struct bpfobj *o, uint32_t ntargets)
{
	struct retprobe *s = o->skel;
	void *details = NULL;
	int err;

	err = map_banks(o, s->maps.cells, ntargets, &o->cells);
	if (!err)
		err = map_banks(o, s->maps.tallies, ntargets, &o->tallies);
	if (!err)
		err = map_banks(o, s->maps.detail_counts, o->plan.ndetails, &o->detail_counts);
	if (!err)
		err = map_array(o, s->maps.detail_slots, false, &details);
	o->details = details;
	return err;
}

static int fill_free_slots(struct bpfobj *o)
{
	int fd = bpf_map__fd(o->skel->maps.detail_free);

	for (uint32_t slot = 0; slot < o->plan.ndetails; slot++)
		if (bpf_map_update_elem(fd, NULL, &slot, 0))
			return -errno;
	return 0;
}

/* Places for the addresses such that none is too far from where it is looked for first. */
static struct rp_addr *place_addrs(const struct rp_addr *sites, size_t n, uint32_t shift,
				   size_t places)
{
	struct rp_addr *table = xcalloc(places, sizeof(*table));

	for (size_t i = 0; i < n; i++) {
		uint32_t at = rp_addr_hash(sites[i].addr, shift), steps = 0;

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

static void make_addr_table(struct bpfobj *o, const struct bpfobj_params *p)
{
	/* Half full at the most, so that the first look mostly finds it. */
	for (uint32_t bits = 4; p->nsites; bits++) {
		if (1UL << bits < 2 * p->nsites)
			continue;
		o->naddrs = (1UL << bits) + RP_ADDR_STEPS;
		o->addr_shift = 64 - bits;
		o->addrs = place_addrs(p->sites, p->nsites, o->addr_shift, o->naddrs);
		if (o->addrs)
			return;
	}
}

static int fill_tables(struct bpfobj *o, const struct bpfobj_params *p)
{
	for (uint32_t i = 0; i < o->naddrs; i++)
		if (o->addrs[i].addr &&
		    bpf_map_update_elem(bpf_map__fd(o->skel->maps.addrs), &i, &o->addrs[i], 0))
			return -errno;
	for (uint32_t id = 0; p->specs && id < p->ntargets; id++)
		if (bpf_map_update_elem(bpf_map__fd(o->skel->maps.specs), &id, &p->specs[id], 0))
			return -errno;
	return 0;
}

static int to_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	__cleanup_free char *text = NULL;
	char *rest;
	int n;

	if (level == LIBBPF_DEBUG)
		return 0;
	n = vasprintf(&text, fmt, args);
	if (n <= 0)
		return n;
	/* The verifier's reasons come as many lines in one message. */
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		log_debug("%s", line);
	return n;
}

int bpfobj__load(const struct bpfobj_params *p, struct features *f, struct bpfobj **out,
		 char **error)
{
	struct bpfobj *o = xcalloc(1, sizeof(*o));
	char buf[16];
	int err;

	libbpf_set_print(to_log);
	o->grid = p->grid;
	bpfobj__plan(p, f, &o->plan);
	o->skel = retprobe__open();
	if (!o->skel) {
		err = -errno;
		goto fail;
	}
	make_addr_table(o, p);
	set_constants(o, p, f);
	set_maps(o, p, f);
	err = programs__prepare(o->skel->obj, f, p->programs, p->first, &o->programs);
	if (!err)
		err = retprobe__load(o->skel);
	if (!err)
		err = map_all(o, p->ntargets);
	if (!err)
		err = fill_free_slots(o);
	if (!err)
		err = fill_tables(o, p);
	if (!err) {
		*out = o;
		return 0;
	}
fail:
	*error = xasprintf("the kernel refused the BPF programs (%s): run as root, or with CAP_BPF "
			   "and CAP_PERFMON; --log.level=debug shows the kernel's reasons",
			   errno_name(-err, buf, sizeof(buf)));
	bpfobj__free(o);
	return err;
}

void bpfobj__free(struct bpfobj *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->nmappings; i++)
		munmap(o->mappings[i].addr, o->mappings[i].size);
	programs__free(o->programs);
	free(o->addrs);
	retprobe__destroy(o->skel);
	free(o);
}

struct programs *bpfobj__programs(const struct bpfobj *o)
{
	return o->programs;
}

bool bpfobj__knows_addrs(const struct bpfobj *o)
{
	return o->naddrs;
}

/* ---- views --------------------------------------------------------------------------------- */

const struct grid *bpfobj__grid(const struct bpfobj *o)
{
	return o->grid;
}

struct bank_view bpfobj__cells(const struct bpfobj *o)
{
	return o->cells;
}

int bpfobj__read_cell(const struct bpfobj *o, uint32_t id, uint64_t *out)
{
	return bpf_map_lookup_elem(bpf_map__fd(o->skel->maps.cells), &id, out) ? -errno : 0;
}

struct bank_view bpfobj__tallies(const struct bpfobj *o)
{
	return o->tallies;
}

struct bank_view bpfobj__detail_counts(const struct bpfobj *o)
{
	return o->detail_counts;
}

const volatile struct rp_detail *bpfobj__details(const struct bpfobj *o)
{
	return o->details;
}

const struct bpfobj_plan *bpfobj__memory(const struct bpfobj *o)
{
	return &o->plan;
}
