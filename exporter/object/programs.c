/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three steps that libbpf does not do:
 *
 * - Attach types that libbpf does not know are set by number.
 * - What differs by kernel and target is filled into the code (code.c).
 * - libbpf relocates the code of all selected programs, but a program is loaded when a target first
 *   needs it: the verifier takes most of a start. Of a template, each target gets a clone with its
 *   own numbers in place of the markers. A program with captures is loaded once for each capture
 *   spec, which is a constant of that clone.
 */
#include "object/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>

#include "base/log.h"
#include "bpf/abi.h"
#include "expr/capture.h"
#include "kernel/bpf_sys.h"
#include "object/code.h"
#include "object/load.h"
#include "object/spec_maps.h"

/* For a target, or for all targets with the same capture spec. */
struct clone {
	enum program_id program;
	uint64_t spec;		      /* the target's descriptor; 0: it is shared */
	uint32_t capture;	      /* of a shared one: the index of its spec */
	int fd;			      /* or a negative errno */
	struct program_counts before; /* of the clones that it has replaced */
};

/* A program that was selected. */
struct selected {
	struct bpf_program *program; /* NULL: not selected */
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	struct bpf_prog_load_opts opts;
	struct bpf_insn *code; /* relocated */
	size_t n;
	struct code_markers *markers; /* of a template */
	int fd;			      /* of a shared program without captures; 0: not loaded yet */
	int err;		      /* why it cannot be loaded */
};

struct programs {
	struct selected v[PROG_MAX][2]; /* plain and capturing */
	struct clone *clones;
	size_t nclones;
	struct spec_maps spec_maps;
	const struct bpf_map *rodata;  /* of the object */
	int running_spans, span_slots; /* the maps that stand for those of spans */
	uint32_t iterators[PROG_MAX];  /* BTF ids */
};

/* ---- before loading -------------------------------------------------------------------------- */

static bool is_tracing(enum program_id id)
{
	int type = program_table[id].attach_type;

	return type == BPF_SYS_FENTRY || type == BPF_SYS_FEXIT || type == BPF_SYS_FSESSION;
}

static struct bpf_program *find_program(const struct bpf_object *obj, const struct program_row *row,
					bool template, bool capturing, bool old)
{
	__cleanup_free char *name = xasprintf("%s%s%s", template ? row->clone : row->name,
					      old && row->old == OLD_OTHER ? "_old" : "",
					      capturing ? "_capturing" : "");

	return bpf_object__find_program_by_name(obj, name);
}

static void select_one(struct programs *ps, const struct bpf_object *obj, enum program_id id,
		       bool capturing, struct features *f)
{
	const struct program_row *row = &program_table[id];
	bool template = !row->name || (row->clone && !features__has(f, FEATURE_ATTACH_COOKIE));
	struct bpf_program *p =
		find_program(obj, row, template, capturing, !features__has(f, FEATURE_ATOMICS));
	struct selected *sel = &ps->v[id][capturing];

	*sel = (struct selected){ .program = p, .err = p ? 0 : -ENOENT };
	if (!p)
		return;
	sel->type = id == PROG_FSESSION_MULTI ? BPF_PROG_TYPE_TRACING : bpf_program__type(p);
	sel->attach_type = bpf_program__expected_attach_type(p);
	if (row->attach_type &&
	    (row->attach_type != BPF_SYS_UPROBE_MULTI || features__has(f, FEATURE_UPROBE_MULTI)))
		sel->attach_type = row->attach_type;
	sel->markers = template ? xcalloc(1, sizeof(*sel->markers)) : NULL;
	bpf_program__set_autoload(p, true);
}

/* Whether targets with captures, or those without, use the variant of a program with captures. */
static bool variant_of(enum program_id id, bool capturing)
{
	return capturing &&
	       (program_table[id].variants == BOTH || program_table[id].variants == ONLY_CAPTURING);
}

static bool is_for(enum program_id id, bool capturing)
{
	enum variants v = program_table[id].variants;

	return capturing ? v != UNCAPTURED : v != DISPATCHING && v != ONLY_CAPTURING;
}

/* The programs of the object that libbpf loads next. */
static struct programs *relocating;

struct programs *programs__prepare(struct bpf_object *obj, struct features *f, uint64_t plain,
				   uint64_t capturing, uint32_t ncaptures)
{
	struct programs *ps = xcalloc(1, sizeof(*ps));
	struct bpf_program *p;

	spec_maps__init(&ps->spec_maps, ncaptures, features__has(f, FEATURE_ATOMICS));
	if (plain & PROG_BIT(PROG_SCAN))
		ps->iterators[PROG_SCAN] = features__task_iterator();
	if (plain & PROG_BIT(PROG_SCAN_SPANS))
		ps->iterators[PROG_SCAN_SPANS] = features__map_iterator();
	bpf_object__for_each_program(p, obj) bpf_program__set_autoload(p, false);
	for (int id = 0; id < PROG_MAX; id++) {
		if (plain & PROG_BIT(id) && is_for(id, false) &&
		    !(program_table[id].variants == UNCAPTURED && capturing & PROG_BIT(id)))
			select_one(ps, obj, id, false, f);
		if (capturing & PROG_BIT(id) && is_for(id, true))
			select_one(ps, obj, id, variant_of(id, true), f);
	}
	relocating = ps;
	return ps;
}

static struct selected *selected_of(struct programs *ps, const struct bpf_program *p)
{
	struct selected *v = ps->v[0];

	for (size_t i = 0; i < 2 * PROG_MAX; i++)
		if (v[i].program == p)
			return &v[i];
	return NULL;
}

static void *copy_of(const void *from, size_t n, size_t size)
{
	void *to = xcalloc(n + 1, size);

	return n ? memcpy(to, from, n * size) : to;
}

/* Called with the relocated code: keeps it with the names of its functions, and loads a program
 * that does nothing in its place. */
static int keep_code(struct bpf_program *p, struct bpf_prog_load_opts *opts, long unused)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct selected *sel = relocating ? selected_of(relocating, p) : NULL;

	if (!sel)
		return -EINVAL;
	sel->n = bpf_program__insn_cnt(p);
	sel->code = copy_of(bpf_program__insns(p), sel->n, sizeof(*sel->code));
	sel->opts = *opts;
	sel->opts.func_info =
		copy_of(opts->func_info, opts->func_info_cnt, opts->func_info_rec_size);
	sel->opts.line_info_cnt = 0;
	sel->opts.expected_attach_type = sel->attach_type;
	if (sel->markers)
		sel->err = code__find_markers(sel->code, sel->n, sel->markers);
	bpf_program__set_type(p, BPF_PROG_TYPE_KPROBE);
	opts->expected_attach_type = 0;
	opts->func_info_cnt = opts->line_info_cnt = 0;
	return bpf_program__set_insns(p, (struct bpf_insn *)nothing, ARRAY_SIZE(nothing));
}

void programs__set_up(void)
{
	static const struct {
		const char *section;
		enum bpf_prog_type type;
	} kinds[] = {
		{ "kprobe+", BPF_PROG_TYPE_KPROBE },
		{ "kretprobe+", BPF_PROG_TYPE_KPROBE },
		{ "fentry+", BPF_PROG_TYPE_TRACING },
		{ "fexit+", BPF_PROG_TYPE_TRACING },
		{ "iter+", BPF_PROG_TYPE_TRACING },
		{ "raw_tp+", BPF_PROG_TYPE_RAW_TRACEPOINT },
		{ "tracepoint+", BPF_PROG_TYPE_TRACEPOINT },
	};
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = keep_code);
	static bool done;

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !done; i++)
		libbpf_register_prog_handler(kinds[i].section, kinds[i].type, 0, &opts);
	done = true;
}

void programs__relocated(struct programs *ps, struct bpf_object *obj)
{
	struct bpf_program *p;

	relocating = NULL;
	ps->spec_maps.stand_in = bpf_object__find_map_fd_by_name(obj, ".rodata.capture");
	ps->running_spans = bpf_object__find_map_fd_by_name(obj, "running_spans");
	ps->span_slots = bpf_object__find_map_fd_by_name(obj, "span_slots");
	ps->rodata = bpf_object__find_map_by_name(obj, ".rodata");
	bpf_object__for_each_program(p, obj) bpf_program__unload(p);
}

void programs__free(struct programs *ps)
{
	struct selected *v = ps ? ps->v[0] : NULL;

	if (!ps)
		return;
	for (size_t i = 0; i < ps->nclones; i++)
		cleanup__close(&ps->clones[i].fd);
	spec_maps__free(&ps->spec_maps);
	for (size_t i = 0; i < 2 * PROG_MAX; i++) {
		if (v[i].fd > 0)
			close(v[i].fd);
		free(v[i].markers);
		free(v[i].code);
		free((void *)v[i].opts.func_info);
	}
	free(ps->clones);
	free(ps);
}

/* ---- when they are needed -------------------------------------------------------------------- */

static struct loadable loadable_of(const struct selected *sel, const struct bpf_insn *code)
{
	return (struct loadable){ sel->type, bpf_program__name(sel->program), code, sel->n };
}

static struct constants constants_of(const struct programs *ps)
{
	struct bpf_map *rodata = (struct bpf_map *)ps->rodata;
	struct constants c = { .n = 1 };

	c.v[0].fd = bpf_map__fd(rodata);
	c.v[0].data = bpf_map__initial_value(rodata, &c.v[0].size);
	return c;
}

/* A shared program. */
static void load_shared(const struct programs *ps, enum program_id id, struct selected *sel)
{
	struct bpf_prog_load_opts opts = sel->opts;
	struct constants constants = constants_of(ps);
	struct loadable loadable;

	if (sel->attach_type == (enum bpf_attach_type)BPF_SYS_TRACE_ITER)
		opts.attach_btf_id = ps->iterators[id];
	if (!sel->err) {
		loadable = loadable_of(sel, sel->code);
		sel->fd = load__or_log(&loadable, &opts, &constants);
	}
	if (sel->fd < 0)
		sel->err = sel->fd;
	if (sel->err)
		log_debug("the kernel does not load program %s; going on without it",
			  bpf_program__name(sel->program));
}

/* How the program may read numbers (bpf/typed.bpf.h). */
static enum rp_typed typed_of(enum program_id id, const struct capture_spec *capture)
{
	uint64_t casts = PROG_BIT(PROG_KPROBE_SESSION) | PROG_BIT(PROG_MULTI_ENTRY) |
			 PROG_BIT(PROG_KPROBE_ENTRY) | PROG_BIT(PROG_FSESSION_MULTI);

	if (!capture || !capture->may_be_typed)
		return RP_UNTYPED;
	if (is_tracing(id))
		return RP_BY_TYPES;
	return casts & PROG_BIT(id) && load__has_casts() ? RP_BY_CASTS : RP_UNTYPED;
}

static int load_clone_as(struct programs *p, const struct selected *sel,
			 const struct program_site *site, struct bpf_prog_load_opts *opts,
			 enum rp_typed typed)
{
	__cleanup_free struct bpf_insn *code = copy_of(sel->code, sel->n, sizeof(*code));
	struct constants constants = constants_of(p);
	struct loadable loadable = loadable_of(sel, code);
	struct rp_capture_spec spec;
	int map;

	if (site->capture) {
		map = spec_maps__fill(&p->spec_maps, code, sel->n, site->capture, typed);
		if (map < 0)
			return map;
		spec = spec_maps__spec(&p->spec_maps, site->capture, typed);
		constants.v[constants.n++] = (struct known_map){ map, &spec, sizeof(spec) };
	}
	if (site->spans)
		code__replace_map(code, sel->n, p->running_spans, site->spans);
	if (site->span_slots)
		code__replace_map(code, sel->n, p->span_slots, site->span_slots);
	if (sel->markers)
		code__fill_markers(code, sel->markers, site);
	return (typed ? load__try : load__or_log)(&loadable, opts, &constants);
}

/* site: what a clone of a template is for. Another clone only has its capture. */
static int load_clone(struct programs *p, struct selected *sel, enum program_id id,
		      const struct program_site *site)
{
	enum rp_typed typed = typed_of(id, site->capture);
	__cleanup_close int btf_fd = -1;
	struct bpf_prog_load_opts opts = sel->opts;
	int fd = -EACCES;

	if (sel->err)
		return sel->err;
	if (is_tracing(id)) {
		opts.attach_btf_id = site->btf_id;
		if (strcmp(site->module, "vmlinux")) {
			btf_fd = bpf_sys__module_btf(site->module);
			if (btf_fd < 0)
				return btf_fd;
			opts.attach_btf_obj_fd = btf_fd;
		}
	}
	if (typed)
		fd = load_clone_as(p, sel, site, &opts, typed);
	return fd < 0 ? load_clone_as(p, sel, site, &opts, RP_UNTYPED) : fd;
}

static void add_counts(int fd, struct program_counts *sum)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (fd <= 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return;
	sum->run_ns += info.run_time_ns;
	sum->runs += info.run_cnt;
	sum->skipped += info.recursion_misses;
}

/* NULL: there is none yet. */
static struct clone *find_clone(struct programs *p, enum program_id id, uint64_t spec,
				uint32_t capture)
{
	for (size_t i = 0; i < p->nclones; i++) {
		struct clone *c = &p->clones[i];

		if (c->program == id && c->spec == spec && c->capture == capture)
			return c;
	}
	return NULL;
}

static struct clone *add_clone(struct programs *p, enum program_id id, uint64_t spec,
			       uint32_t capture)
{
	struct clone *c = array__grow(&p->clones, &p->nclones, sizeof(*p->clones));

	*c = (struct clone){ .program = id, .spec = spec, .capture = capture };
	return c;
}

/* The entry of a site's clone. A previous clone belongs to an attachment that has ended, and is
 * closed. */
static struct clone *clone_of_site(struct programs *p, enum program_id id, uint64_t spec)
{
	struct clone *c = find_clone(p, id, spec, 0);

	if (!c)
		return add_clone(p, id, spec, 0);
	add_counts(c->fd, &c->before);
	cleanup__close(&c->fd);
	return c;
}

int programs__for_site(struct programs *p, enum program_id id, const struct program_site *site,
		       uint64_t *cookie)
{
	struct selected *sel = &p->v[id][variant_of(id, site->capture)];
	int fd;

	if (!sel->markers) {
		*cookie = site->spec;
		return programs__fd(p, id, site->capture);
	}
	*cookie = 0;
	fd = load_clone(p, sel, id, site);
	clone_of_site(p, id, site->spec)->fd = fd;
	return fd;
}

/* Loads the program once for each spec, also if the kernel refuses it. */
static int fd_of_capture(struct programs *p, enum program_id id, struct selected *sel,
			 const struct capture_spec *capture)
{
	struct clone *c = find_clone(p, id, 0, capture->index);

	if (c)
		return c->fd;
	c = add_clone(p, id, 0, capture->index);
	c->fd = load_clone(p, sel, id, &(struct program_site){ .capture = capture });
	return c->fd;
}

int programs__fd(struct programs *p, enum program_id id, const struct capture_spec *capture)
{
	bool capturing = variant_of(id, capture);
	struct selected *sel = &p->v[id][capturing];

	if (!sel->program)
		return sel->err ? sel->err : -ENOENT;
	if (capturing)
		return fd_of_capture(p, id, sel, capture);
	if (!sel->fd && !sel->err)
		load_shared(p, id, sel);
	return sel->err ? sel->err : sel->fd;
}

int programs__refusal(struct programs *p, uint64_t programs, const struct capture_spec *capture)
{
	for (int id = 0; id < PROG_MAX; id++) {
		const struct selected *sel = &p->v[id][variant_of(id, capture)];
		int fd;

		if (!(programs & PROG_BIT(id)) || !is_for(id, capture))
			continue;
		fd = sel->program && !sel->markers ? programs__fd(p, id, capture) : sel->err;
		if (fd < 0)
			return fd;
	}
	return 0;
}

bool programs__is_selected(const struct programs *p, enum program_id id)
{
	return p->v[id][false].program || p->v[id][true].program;
}

struct program_counts programs__count_fd(int fd)
{
	struct program_counts sum = {};

	add_counts(fd, &sum);
	return sum;
}

static void add_clone_counts(const struct clone *c, struct program_counts *sum)
{
	sum->run_ns += c->before.run_ns;
	sum->runs += c->before.runs;
	sum->skipped += c->before.skipped;
	add_counts(c->fd, sum);
}

void programs__count_site(struct programs *p, enum program_id id, const struct program_site *site,
			  struct program_counts *sum)
{
	bool capturing = variant_of(id, site->capture);
	const struct selected *sel = &p->v[id][capturing];
	const struct clone *c = NULL;

	if (sel->markers)
		c = find_clone(p, id, site->spec, 0);
	else if (capturing)
		c = find_clone(p, id, 0, site->capture->index);
	else
		add_counts(sel->fd, sum);
	if (c)
		add_clone_counts(c, sum);
}

struct program_counts programs__count(const struct programs *p, enum program_id id)
{
	struct program_counts sum = {};

	add_counts(p->v[id][false].fd, &sum);
	for (size_t i = 0; i < p->nclones; i++)
		if (p->clones[i].program == id)
			add_clone_counts(&p->clones[i], &sum);
	return sum;
}
