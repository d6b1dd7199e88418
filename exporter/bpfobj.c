/* SPDX-License-Identifier: GPL-2.0-only */
#include "bpfobj.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "log.h"
#include "retprobe.skel.h"

struct bpfobj {
	struct retprobe *skel;
	const struct grid *grid, *size_grid;
	struct bpfobj_plan plan;
	struct programs *programs;
	struct rp_addr *addrs; /* as the kernel side's table has them */
	uint32_t naddrs, addr_shift;
	struct bank_view cells, tallies, entered, hists, detail_counts;
	struct mapping {
		void *addr;
		size_t size;
	} mappings[12];
	size_t nmappings;
	/* What can be written is mapped twice: of the two, forked processes have the other. */
	const volatile struct rp_detail *details;
	volatile struct rp_detail *own_details;
	const volatile struct rp_label_set *sets;
	volatile struct rp_label_set *own_sets;
	volatile struct rp_used *used;
	struct ledger ledger;
	uint64_t *cells_copy, *details_copy; /* with CELLS_PERCPU: shared memory */
	const volatile uint64_t *mapped_details;
	uint32_t ntargets;
};

/* ---- loading ------------------------------------------------------------------------------- */

static void set_constants(struct bpfobj *o, const struct bpfobj_params *p, struct features *f)
{
	struct retprobe__rodata *ro = o->skel->rodata;
	struct retprobe__bss *bss = o->skel->bss;

	memcpy((void *)&ro->grid_table, &p->grid->table, sizeof(ro->grid_table));
	ro->grid_last = p->grid->ncells - 1;
	ro->bank_cells = p->cells == CELLS_PERCPU ? 0 : p->ntargets + o->plan.nsets;
	memcpy((void *)&ro->size_table, &p->size_grid->table, sizeof(ro->size_table));
	ro->cgroup_ancestors = features__has(f, FEATURE_CGROUP_ANCESTOR);
	ro->size_last = p->size_grid->ncells - 1;
	ro->bank_hists = o->plan.nhists;
	ro->set_hists = o->plan.own_hists;
	ro->per_set = o->plan.hists_per_set;
	ro->bank_targets = p->ntargets;
	ro->bank_details = o->plan.ndetails;
	ro->addr_shift = o->addr_shift;
	ro->place_shift = 64 - BPFOBJ_PLACE_BITS;
	ro->count_entries = !features__has(f, FEATURE_NO_PREEMPTION);
	ro->count_kprobe_entries = ro->count_entries && !features__has(f, FEATURE_SESSION_PAIRS);
	ro->use_task_storage = features__has(f, FEATURE_TASK_STORAGE);
	if (p->syscall_spec)
		memcpy((void *)bss->syscall_spec, p->syscall_spec, sizeof(bss->syscall_spec));
	if (p->syscall_compat_spec)
		memcpy((void *)bss->syscall_compat_spec, p->syscall_compat_spec,
		       sizeof(bss->syscall_compat_spec));
}

static void set_maps(struct bpfobj *o, const struct bpfobj_params *p, struct features *f)
{
	struct retprobe *s = o->skel;
	uint32_t ncpus = o->plan.ncpus;

	bpf_map__set_value_size(s->maps.cells, o->plan.cell_size);
	if (p->cells == CELLS_PERCPU) {
		bpf_map__set_type(s->maps.cells, BPF_MAP_TYPE_PERCPU_ARRAY);
		bpf_map__set_map_flags(s->maps.cells, 0);
		bpf_map__set_max_entries(s->maps.cells, p->ntargets + o->plan.nsets);
	} else {
		bpf_map__set_max_entries(s->maps.cells, ncpus * (p->ntargets + o->plan.nsets));
	}
	bpf_map__set_max_entries(s->maps.tallies, ncpus * p->ntargets);
	bpf_map__set_max_entries(s->maps.detail_index, o->plan.ndetails);
	bpf_map__set_max_entries(s->maps.detail_free, o->plan.ndetails);
	bpf_map__set_max_entries(s->maps.detail_slots, o->plan.ndetails);
	bpf_map__set_max_entries(s->maps.detail_counts, ncpus * o->plan.ndetails);
	bpf_map__set_max_entries(s->maps.addrs, o->naddrs ? o->naddrs : 1);
	bpf_map__set_max_entries(s->maps.entered, ncpus);
	bpf_map__set_autocreate(s->maps.task_frames, features__has(f, FEATURE_TASK_STORAGE));
	bpf_map__set_max_entries(s->maps.kernel_frames, o->plan.nframes);
	bpf_map__set_max_entries(s->maps.user_frames, o->plan.nframes);
	bpf_map__set_max_entries(s->maps.places, 1 << BPFOBJ_PLACE_BITS);
}

/* Maps of one entry where there are no probes with extras. */
static void set_extra_maps(struct bpfobj *o, const struct bpfobj_params *p)
{
	const struct bpfobj_plan *m = &o->plan;
	struct retprobe *s = o->skel;

	if (!p->nextras)
		return;
	bpf_map__set_max_entries(s->maps.extras, p->nextras);
	bpf_map__set_max_entries(s->maps.used, p->nextras);
	bpf_map__set_max_entries(s->maps.note_places, 1 << BPFOBJ_PLACE_BITS);
	bpf_map__set_max_entries(s->maps.note_hash, BPFOBJ_NOTE_HASH);
	if (m->nsets) {
		bpf_map__set_key_size(s->maps.label_index, m->key_size);
		bpf_map__set_max_entries(s->maps.label_index, m->nsets);
		bpf_map__set_max_entries(s->maps.label_free, m->nsets);
		bpf_map__set_max_entries(s->maps.label_sets, m->nsets);
	}
	bpf_map__set_value_size(s->maps.hists, m->hist_size);
	if (m->nhists)
		bpf_map__set_max_entries(s->maps.hists, m->ncpus * m->nhists);
}

static int map_array(struct bpfobj *o, struct bpf_map *map, bool writable, void **out)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t size = ALIGN_UP((size_t)bpf_map__value_size(map) * bpf_map__max_entries(map), page);
	void *addr = mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED,
			  bpf_map__fd(map), 0);

	if (addr == MAP_FAILED)
		return -errno;
	if (writable)
		madvise(addr, size, MADV_DONTFORK);
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
		.cpu_stride = n,
		.stride = 1,
		.width = bpf_map__value_size(map) / sizeof(uint64_t),
		.n = n,
	};
	err = map_array(o, map, false, &addr);
	view->base = addr;
	return err;
}

static size_t copy_size(const struct bank_view *v)
{
	return (size_t)v->ncpus * v->n * v->width * sizeof(uint64_t);
}

/* What label sets and other extras are read from. */
static int map_extras(struct bpfobj *o)
{
	struct retprobe *s = o->skel;
	void *sets = NULL, *own_sets = NULL, *used = NULL;
	int err;

	err = map_banks(o, s->maps.hists, o->plan.nhists, &o->hists);
	if (!err)
		err = map_array(o, s->maps.label_sets, false, &sets);
	if (!err)
		err = map_array(o, s->maps.label_sets, true, &own_sets);
	if (!err)
		err = map_array(o, s->maps.used, true, &used);
	o->sets = sets;
	o->own_sets = own_sets;
	o->used = used;
	if (!err && o->plan.nsets)
		err = ledger__init(&o->ledger, o->cells.n, o->cells.width, o->plan.nhists,
				   o->hists.width, o->plan.ndetails);
	return err;
}

/* A copy that forked processes share, in place of cells that cannot be mapped. */
static int copy_cells(struct bpfobj *o)
{
	struct bank_view *v = &o->cells;

	*v = (struct bank_view){
		.ncpus = o->plan.ncpus,
		.cpu_stride = 1,
		.stride = o->plan.ncpus,
		.width = bpf_map__value_size(o->skel->maps.cells) / sizeof(uint64_t),
		.n = o->ntargets + o->plan.nsets,
	};
	o->cells_copy = shared_memory(copy_size(v));
	o->details_copy = shared_memory(copy_size(&o->detail_counts));
	if (!o->cells_copy || !o->details_copy)
		return -errno;
	v->base = o->cells_copy;
	o->mapped_details = o->detail_counts.base;
	o->detail_counts.base = o->details_copy;
	return bpfobj__refresh(o);
}

static int map_all(struct bpfobj *o)
{
	bool copy = bpf_map__type(o->skel->maps.cells) != BPF_MAP_TYPE_ARRAY;
	struct retprobe *s = o->skel;
	void *details = NULL, *own_details = NULL;
	int err = 0;

	if (!copy)
		err = map_banks(o, s->maps.cells, o->ntargets + o->plan.nsets, &o->cells);
	if (!err)
		err = map_banks(o, s->maps.tallies, o->ntargets, &o->tallies);
	if (!err)
		err = map_banks(o, s->maps.entered, 1, &o->entered);
	if (!err)
		err = map_banks(o, s->maps.detail_counts, o->plan.ndetails, &o->detail_counts);
	if (!err)
		err = map_array(o, s->maps.detail_slots, false, &details);
	if (!err)
		err = map_array(o, s->maps.detail_slots, true, &own_details);
	o->details = details;
	o->own_details = own_details;
	if (!err && copy)
		err = copy_cells(o);
	madvise(s->bss, ALIGN_UP(sizeof(*s->bss), sysconf(_SC_PAGESIZE)), MADV_DONTFORK);
	return err ? err : map_extras(o);
}

static int fill_queue(const struct bpf_map *map, uint32_t n)
{
	for (uint32_t slot = 0; slot < n; slot++)
		if (bpf_map_update_elem(bpf_map__fd(map), NULL, &slot, 0))
			return -errno;
	return 0;
}

static int fill_extras(struct bpfobj *o, const struct bpfobj_params *p)
{
	int fd = bpf_map__fd(o->skel->maps.extras);

	for (uint32_t i = 0; i < p->nextras; i++)
		if (bpf_map_update_elem(fd, &i, &p->extras[i]->kernel, 0))
			return -errno;
	return 0;
}

/* Places for the addresses such that none is too far from where it is looked for first. */
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

static int fill_addr_table(struct bpfobj *o)
{
	for (uint32_t i = 0; i < o->naddrs; i++)
		if (o->addrs[i].addr &&
		    bpf_map_update_elem(bpf_map__fd(o->skel->maps.addrs), &i, &o->addrs[i], 0))
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

/* Whether there is a limit that libbpf has not been able to raise. */
static bool is_memory_locked(void)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY;
}

int bpfobj__load(const struct bpfobj_params *p, struct features *f, struct bpfobj **out,
		 char **error)
{
	struct bpfobj *o = xcalloc(1, sizeof(*o));
	char buf[16];
	int err;

	libbpf_set_print(to_log);
	o->grid = p->grid;
	o->size_grid = p->size_grid;
	bpfobj__plan(p, f, &o->plan);
	o->ntargets = p->ntargets;
	o->skel = retprobe__open();
	if (!o->skel) {
		err = -errno;
		goto fail;
	}
	make_addr_table(o, p);
	set_constants(o, p, f);
	set_maps(o, p, f);
	set_extra_maps(o, p);
	err = programs__prepare(o->skel->obj, f, p->programs, p->noted_programs, p->first,
				&o->programs);
	if (!err)
		err = retprobe__load(o->skel);
	if (!err)
		err = map_all(o);
	if (!err)
		err = fill_queue(o->skel->maps.detail_free, o->plan.ndetails);
	if (!err)
		err = fill_queue(o->skel->maps.label_free, o->plan.nsets);
	if (!err)
		err = fill_extras(o, p);
	if (!err)
		err = fill_addr_table(o);
	if (!err) {
		*out = o;
		return 0;
	}
fail:
	if (err == -EPERM && is_memory_locked())
		*error = xasprintf("the kernel refused the memory for the counts (EPERM): before "
				   "5.11 it is charged to RLIMIT_MEMLOCK; raise that, or add "
				   "CAP_SYS_RESOURCE");
	else
		*error = xasprintf("the kernel refused the BPF programs (%s): run as root, or with "
				   "CAP_BPF and CAP_PERFMON; --log.level=debug shows the kernel's "
				   "reasons",
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
	shared_memory_free(o->cells_copy, copy_size(&o->cells));
	shared_memory_free(o->details_copy, copy_size(&o->detail_counts));
	ledger__destroy(&o->ledger);
	programs__free(o->programs);
	free(o->addrs);
	retprobe__destroy(o->skel);
	free(o);
}

void bpfobj__forget_syscall(struct bpfobj *o, int nr, int nr32)
{
	if (nr >= 0 && nr < RP_SYSCALLS)
		o->skel->bss->syscall_spec[nr] = 0;
	if (nr32 >= 0 && nr32 < RP_SYSCALLS)
		o->skel->bss->syscall_compat_spec[nr32] = 0;
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

const struct grid *bpfobj__size_grid(const struct bpfobj *o)
{
	return o->size_grid;
}

struct bank_view bpfobj__cells(const struct bpfobj *o)
{
	return o->cells;
}

int bpfobj__refresh_cell(struct bpfobj *o, uint32_t cell)
{
	uint64_t *copy = o->cells_copy + (size_t)cell * o->cells.stride * o->cells.width;

	if (!o->cells_copy)
		return 0;
	return bpf_map_lookup_elem(bpf_map__fd(o->skel->maps.cells), &cell, copy) ? -errno : 0;
}

/* A result is in a detail before it is in its cell; read in that order, the sum of the outcomes is
 * never more than the calls. */
int bpfobj__refresh(struct bpfobj *o)
{
	int err = 0;

	if (!o->cells_copy)
		return 0;
	memcpy(o->details_copy, (const void *)o->mapped_details, copy_size(&o->detail_counts));
	for (uint32_t cell = 0; cell < o->cells.n && !err; cell++)
		err = bpfobj__refresh_cell(o, cell);
	return err;
}

struct ledger *bpfobj__ledger(struct bpfobj *o)
{
	return o->ledger.head ? &o->ledger : NULL;
}

struct bank_view bpfobj__tallies(const struct bpfobj *o)
{
	return o->tallies;
}

struct bank_view bpfobj__entered(const struct bpfobj *o)
{
	return o->entered;
}

struct bank_view bpfobj__hists(const struct bpfobj *o)
{
	return o->hists;
}

uint32_t bpfobj__hist_of(const struct bpfobj *o, uint32_t cell, const struct target_extra *x)
{
	return cell < o->ntargets
		       ? x->kernel.histogram
		       : o->plan.own_hists + (cell - o->ntargets) * o->plan.hists_per_set;
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

/* As claim_detail() of core.bpf.h. */
int bpfobj__claim_detail(struct bpfobj *o, uint32_t cell, int64_t value)
{
	struct {
		int64_t value;
		uint32_t cell, zero;
	} key = { value, cell, 0 };
	int index = bpf_map__fd(o->skel->maps.detail_index);
	int unused = bpf_map__fd(o->skel->maps.detail_free);
	uint32_t slot, other;

	if (!bpf_map_lookup_elem(index, &key, &slot))
		return slot;
	if (bpf_map_lookup_and_delete_elem(unused, NULL, &slot))
		return -ENOSPC;
	o->own_details[slot].value = value;
	o->own_details[slot].cell = cell;
	o->own_details[slot].used = 1;
	if (!bpf_map_update_elem(index, &key, &slot, BPF_NOEXIST))
		return slot;
	/* A CPU was first, or the index is full. */
	o->own_details[slot].used = 0;
	bpf_map_update_elem(unused, NULL, &slot, 0);
	return bpf_map_lookup_elem(index, &key, &other) ? -ENOSPC : (int)other;
}

/* ---- label sets ---------------------------------------------------------------------------- */

struct label_sets_view bpfobj__label_sets(const struct bpfobj *o)
{
	return (struct label_sets_view){ o->sets, o->plan.nsets, o->ntargets };
}

volatile struct rp_used *bpfobj__used(const struct bpfobj *o)
{
	return o->used;
}

void bpfobj__retire_set(struct bpfobj *o, uint32_t slot)
{
	struct rp_label_key key;

	memcpy(&key, (const void *)&o->sets[slot].key, sizeof(key));
	/* In this order, or two sets in use could have one key for a moment. */
	__atomic_store_n(&o->own_sets[slot].used, RP_SET_RETIRED, __ATOMIC_SEQ_CST);
	bpf_map_delete_elem(bpf_map__fd(o->skel->maps.label_index), &key);
	__atomic_add_fetch(&o->own_sets[slot].gen, 1, __ATOMIC_SEQ_CST);
}

void bpfobj__free_set(struct bpfobj *o, uint32_t slot)
{
	__atomic_store_n(&o->own_sets[slot].used, RP_SET_FREE, __ATOMIC_SEQ_CST);
	bpf_map_update_elem(bpf_map__fd(o->skel->maps.label_free), NULL, &slot, 0);
}
