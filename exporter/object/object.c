/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/utsname.h>
#include <time.h>

#include "kernel/advice.h"
#include "kernel/bpf_sys.h"
#include "kernel/btf_layout.h"
#include "kernel/tracefs.h"
#include "base/log.h"
#include "object/counters.h"
#include "object/maps.h"
#include "object/state.h"

/* ---- loading ------------------------------------------------------------------------------- */

static void set_constants(struct object *o, const struct object_params *p, struct features *f)
{
	struct retprobe__rodata *ro = o->skel->rodata;

	memcpy((void *)&ro->grid_table, &p->layout->table, sizeof(ro->grid_table));
	ro->grid_last = p->layout->nbins - 1;
	ro->bank_cells = p->cells == CELLS_PERCPU ? 0 : o->plan.bank_cells;
	ro->own_banks = o->plan.own_banks;
	ro->own_hist_banks = o->plan.hist_banks;
	ro->shares_banks = o->plan.shared_banks > 0;
	ro->shared_mask = o->plan.shared_banks ? o->plan.shared_banks - 1 : 0;
	ro->sets_are_pooled = o->plan.pools_sets;
	ro->pool_lanes = o->plan.pool_lanes;
	ro->pool_rows = o->plan.pool_rows;
	ro->first_brief_cell = o->plan.shared_banks * p->ntargets;
	memcpy((void *)&ro->size_table, &p->size_layout->table, sizeof(ro->size_table));
	ro->cgroup_ancestors = features__has(f, FEATURE_CGROUP_ANCESTOR);
	ro->size_last = p->size_layout->nbins - 1;
	ro->bank_hists = o->plan.nhists;
	ro->set_hists = o->plan.own_hists;
	ro->per_set = o->plan.hists_per_set;
	ro->key_words = (o->plan.key_size - offsetof(struct rp_label_key, word)) / sizeof(__u64);
	ro->bank_targets = p->ntargets;
	ro->bank_values = o->plan.nvalues;
	ro->addr_shift = o->addr_shift;
	ro->slot_shift = 64 - OBJECT_SLOT_BITS;
	ro->scan_ranges = p->scan.nranges;
	ro->scan_stacks = p->scan.stacks;
	ro->scan_syscalls = p->scan.syscalls;
	ro->scan_functions = p->scan.functions;
	ro->scan_user = p->scan.user;
	ro->count_entries = !features__has(f, FEATURE_NO_PREEMPTION);
	ro->count_kprobe_entries = ro->count_entries && !features__has(f, FEATURE_SESSION_PAIRS);
	ro->answerer = p->answerer;
	ro->x32_calls = p->x32_calls;
	ro->twice = p->twice;
	ro->use_task_storage = features__has(f, FEATURE_TASK_STORAGE);
}

/*
 * A program can be preempted between checking a slot's gen and counting in it. Updating a map of
 * maps waits for an RCU grace period: programs that saw the old map have then ended
 * (maybe_wait_bpf_programs(), kernel commit 1ae80cf31938).
 */
static int make_waiter(struct object *o)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	if (o->waiter_inner <= 0)
		o->waiter_inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rp_inner", 4, 8, 1, NULL);
	if (o->waiter_inner < 0)
		return o->waiter_inner;
	opts.inner_map_fd = o->waiter_inner;
	o->waiter = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "rp_waiter", 4, 4, 1, &opts);
	return o->waiter < 0 ? o->waiter : 0;
}

/* Descriptors that loading takes, including libbpf's own. */
static struct demand demand_of(const struct object *o)
{
	struct demand needs = { .files = 8 };
	struct bpf_program *p;
	struct bpf_map *m;

	if (!o->skel)
		return needs;
	bpf_object__for_each_map(m, o->skel->obj) needs.files++;
	bpf_object__for_each_program(p, o->skel->obj) needs.files += bpf_program__autoload(p);
	return needs;
}

static char *explain(int err, struct demand needs)
{
	__cleanup_free char *advice = advice__of(ATTEMPT_LOAD, err, needs);

	return xasprintf("the BPF programs cannot be loaded: %s", advice);
}

static unsigned record_start(const struct features *f)
{
	__cleanup_free char *text =
		tracefs__event_format(features__tracefs(f), "raw_syscalls", "sys_enter");
	const char *field = text ? strstr(text, "field:long id;") : NULL;
	unsigned start;

	return field && sscanf(field, "field:long id; offset:%u", &start) == 1 ? start
									       : BTF_LAYOUT_RECORD;
}

/* libbpf relocates programs with the kernel's BTF, or with a substitute in *layout, a descriptor.
 */
static int open_skeleton(struct object *o, struct features *f, int *layout)
{
	__cleanup_free char *path = NULL;
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct utsname u = {};

	if (!features__has(f, FEATURE_BTF)) {
		uname(&u);
		*layout = btf_layout__open(u.release, record_start(f));
		if (*layout < 0)
			return *layout;
		path = xasprintf("/proc/self/fd/%d", *layout);
		opts.btf_custom_path = path;
	}
	programs__set_up();
	o->skel = retprobe__open_opts(&opts);
	return o->skel ? 0 : -errno;
}

/* On an error, o holds what was created before; the caller frees it. */
static int try_load(struct object *o, const struct object_params *p, struct features *f)
{
	__cleanup_close int layout = -1;
	int err;

	o->banks.layout = p->layout;
	memory_plan__make(p, f, &o->plan);
	o->ntargets = p->ntargets;
	err = open_skeleton(o, f, &layout);
	if (err)
		return err;
	object_maps__size(o, p, f);
	object_counters__size(o, p);
	set_constants(o, p, f);
	o->programs = programs__prepare(o->skel->obj, f, p->programs, p->capturing_programs,
					p->ncaptures);
	err = retprobe__load(o->skel);
	programs__relocated(o->programs, o->skel->obj);
	if (!err)
		err = object_maps__map(o);
	if (!err)
		err = object_maps__fill(o, p);
	if (!err)
		object_counters__start(o, p);
	return !err && o->plan.nsets ? make_waiter(o) : err;
}

int object__load(const struct object_params *p, struct features *f, struct object **out,
		 char **error)
{
	struct object *o = xcalloc(1, sizeof(*o));
	int err = try_load(o, p, f);
	struct demand needs;

	if (!err) {
		*out = o;
		return 0;
	}
	/* Before explain(), which takes descriptors too. */
	needs = demand_of(o);
	object__free(o);
	*error = explain(err, needs);
	return err;
}

void object__free(struct object *o)
{
	if (!o)
		return;
	object_maps__unmap(o);
	if (o->scan_link > 0)
		close(o->scan_link);
	if (o->waiter > 0)
		close(o->waiter);
	if (o->waiter_inner > 0)
		close(o->waiter_inner);
	adjustments__destroy(&o->banks.adjustments);
	programs__free(o->programs);
	free(o->addrs);
	retprobe__destroy(o->skel);
	free(o);
}

/* A call that began before `since` has no entry and is ignored at its return. */
void object__set_syscall(struct object *o, int nr, bool compat, uint64_t spec)
{
	struct retprobe__bss *bss = o->skel->bss;
	volatile __u64 *specs = compat ? bss->syscall_compat_desc : bss->syscall_desc;
	volatile __u64 *since = compat ? bss->syscall_compat_since : bss->syscall_since;
	struct timespec now;

	if (nr < 0 || nr >= RP_SYSCALLS)
		return;
	__atomic_store_n(&since[nr], UINT64_MAX, __ATOMIC_SEQ_CST);
	__atomic_store_n(&specs[nr], spec, __ATOMIC_SEQ_CST);
	clock_gettime(CLOCK_MONOTONIC, &now);
	__atomic_store_n(&since[nr], now.tv_sec * 1000000000ULL + now.tv_nsec, __ATOMIC_SEQ_CST);
}

void object__count_syscall(struct object *o, int nr, bool compat, uint64_t spec)
{
	struct retprobe__bss *bss = o->skel->bss;
	volatile __u64 *specs = compat ? bss->syscall_count_compat_desc : bss->syscall_count_desc;

	if (nr >= 0 && nr < RP_SYSCALLS)
		__atomic_store_n(&specs[nr], spec, __ATOMIC_SEQ_CST);
}

void object__set_functions(struct object *o, int nr, bool compat, uint64_t spec)
{
	struct retprobe__bss *bss = o->skel->bss;
	volatile __u64 *specs = compat ? bss->function_compat_desc : bss->function_desc;

	if (nr >= 0 && nr < RP_SYSCALLS)
		__atomic_store_n(&specs[nr], spec, __ATOMIC_SEQ_CST);
}

static int set_syscall_program(struct object *o, const struct bpf_map *map, enum program_id id,
			       const struct capture_spec *capture)
{
	int fd = programs__fd(o->programs, id, capture);

	if (fd < 0)
		return fd;
	return bpf_map_update_elem(bpf_map__fd(map), &capture->index, &fd, 0) ? -errno : 0;
}

int object__set_syscall_programs(struct object *o, const struct capture_spec *capture, bool untimed)
{
	const struct bpf_map *enter = o->skel->maps.syscall_enter_programs;
	const struct bpf_map *exit = o->skel->maps.syscall_exit_programs;
	int err;

	if (untimed)
		return set_syscall_program(o, exit, PROG_SYSCALL_COUNT_CAPTURE, capture);
	err = set_syscall_program(o, enter, PROG_SYSCALL_ENTER_CAPTURE, capture);
	return err ? err : set_syscall_program(o, exit, PROG_SYSCALL_EXIT_CAPTURE, capture);
}

int object__set_answered_program(struct object *o, const struct capture_spec *capture)
{
	return set_syscall_program(o, o->skel->maps.answered_programs,
				   PROG_SYSCALL_ANSWERED_CAPTURE, capture);
}

struct programs *object__programs(const struct object *o)
{
	return o->programs;
}

bool object__knows_addrs(const struct object *o)
{
	return o->naddrs;
}

/* ---- views --------------------------------------------------------------------------------- */

const struct banks *object__banks(const struct object *o)
{
	return &o->banks;
}

int object__move_value(struct object *o, uint32_t slot, uint32_t cell)
{
	volatile struct rp_value_slot *d = &o->own_values[slot];
	struct {
		int64_t value;
		uint32_t cell, zero;
	} key = { d->value, d->cell, 0 };
	int index = bpf_map__fd(o->skel->maps.value_index);
	uint32_t found;

	/* First, because the index has no room for more keys than slots. */
	bpf_map_delete_elem(index, &key);
	key.cell = d->cell = cell;
	if (!bpf_map_update_elem(index, &key, &slot, BPF_NOEXIST))
		return slot;
	return bpf_map_lookup_elem(index, &key, &found) ? -ENOSPC : (int)found;
}

void object__free_value(struct object *o, uint32_t slot)
{
	__atomic_store_n(&o->own_values[slot].used, 0, __ATOMIC_SEQ_CST);
	bpf_map_update_elem(bpf_map__fd(o->skel->maps.value_free), NULL, &slot, 0);
}

/* ---- label sets ---------------------------------------------------------------------------- */

volatile struct rp_used *object__used(const struct object *o)
{
	return o->used;
}

volatile struct rp_sketch *object__without_room(const struct object *o, uint32_t id)
{
	return &o->sketches[o->used[id].sketch];
}

void object__retire_set(struct object *o, uint32_t slot)
{
	struct rp_label_key key;

	memcpy(&key, (const void *)&o->banks.label_sets.v[slot].key, sizeof(key));
	/* In this order, or two sets in use could briefly have the same key. */
	__atomic_store_n(&o->own_sets[slot].used, RP_SET_RETIRED, __ATOMIC_SEQ_CST);
	bpf_map_delete_elem(bpf_map__fd(o->skel->maps.label_index), &key);
	__atomic_add_fetch(&o->own_sets[slot].gen, 1, __ATOMIC_SEQ_CST);
}

/* See make_waiter(). */
int object__wait_for_programs(struct object *o)
{
	int err = o->waiter > 0 ? 0 : make_waiter(o); /* without labels there is none yet */
	uint32_t zero = 0;

	if (err)
		return err;
	return bpf_map_update_elem(o->waiter, &zero, &o->waiter_inner, 0) ? -errno : 0;
}

void object__free_set(struct object *o, uint32_t slot)
{
	__atomic_store_n(&o->own_sets[slot].used, RP_SET_FREE, __ATOMIC_SEQ_CST);
	bpf_map_update_elem(bpf_map__fd(o->skel->maps.label_free), NULL, &slot, 0);
}

bool object__take_removed_cgroup(struct object *o, struct rp_removed_cgroup *out)
{
	return !bpf_map_lookup_and_delete_elem(bpf_map__fd(o->skel->maps.removed_cgroups), NULL,
					       out);
}
