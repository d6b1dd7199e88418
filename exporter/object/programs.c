/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three steps that libbpf does not do:
 *
 * - Attach types that libbpf does not know are set by number.
 * - Kernel functions whose signature depends on the kernel are compiled as calls of made-up
 * helpers. Here they become calls by BTF id.
 * - A template is loaded once, for its relocated code. Each target gets a clone of that code with
 *   its own numbers in place of the markers.
 */
#include "object/programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>

#include "bpf/abi.h"
#include "kernel/bpf_sys.h"

/* Kernels before 5.12 do not support atomics, and get another program, NAME_old. */
enum old { OLD_SAME, OLD_OTHER, OLD_OTHER_IF_CAPTURING };

static const struct row {
	const char *name;  /* shared by all targets; NULL if there are only clones */
	const char *clone; /* template; NULL if it is always shared */
	int attach_type;   /* 0: libbpf's choice for the section */
	enum old old;
} rows[PROG_MAX] = {
	[PROG_KPROBE_ENTRY] = { "kprobe_entry", "kprobe_entry_clone" },
	[PROG_KPROBE_RETURN] = { "kprobe_return", "kprobe_return_clone" },
	[PROG_MULTI_ENTRY] = { "multi_entry", NULL, BPF_SYS_KPROBE_MULTI },
	[PROG_MULTI_RETURN] = { "multi_return", NULL, BPF_SYS_KPROBE_MULTI },
	[PROG_KPROBE_SESSION] = { "kprobe_session", NULL, BPF_SYS_KPROBE_SESSION },
	[PROG_FEXIT_ENTRY] = { NULL, "fexit_entry", BPF_SYS_FENTRY, OLD_OTHER },
	[PROG_FEXIT_RETURN] = { NULL, "fexit_return", BPF_SYS_FEXIT, OLD_OTHER },
	[PROG_FSESSION] = { NULL, "fsession_clone", BPF_SYS_FSESSION },
	[PROG_FSESSION_MULTI] = { "fsession_multi", NULL, BPF_SYS_FSESSION_MULTI },
	[PROG_UPROBE_ENTRY] = { "uprobe_entry", "uprobe_entry_clone" },
	[PROG_UPROBE_RETURN] = { "uprobe_return", "uprobe_return_clone" },
	[PROG_UPROBE_MULTI_ENTRY] = { "uprobe_multi_entry", NULL, BPF_SYS_UPROBE_MULTI },
	[PROG_UPROBE_MULTI_RETURN] = { "uprobe_multi_return", NULL, BPF_SYS_UPROBE_MULTI },
	[PROG_UPROBE_SESSION] = { "uprobe_session", NULL, BPF_SYS_UPROBE_SESSION },
	[PROG_UPROBE_FORK] = { "uprobe_fork", NULL },
	[PROG_UPROBE_RAW_FORK] = { "uprobe_raw_fork", NULL },
	/* For perf events where the kernel has no uprobe.multi links. */
	[PROG_UPROBE_RET_ENTRY] = { "uprobe_ret_entry", "uprobe_ret_entry_clone",
				    BPF_SYS_UPROBE_MULTI },
	[PROG_UPROBE_RET_RETURN] = { "uprobe_ret_return", "uprobe_ret_return_clone",
				     BPF_SYS_UPROBE_MULTI },
	[PROG_UPROBE_RET_JUMP] = { "uprobe_ret_jump", "uprobe_ret_jump_clone",
				   BPF_SYS_UPROBE_MULTI },
	[PROG_UPROBE_RET_EXIT] = { "uprobe_ret_exit", NULL },
	[PROG_UPROBE_RET_RAW_EXIT] = { "uprobe_ret_raw_exit", NULL },
	[PROG_SYSCALL_ENTER] = { "syscall_enter", NULL, 0, OLD_OTHER_IF_CAPTURING },
	[PROG_SYSCALL_EXIT] = { "syscall_exit", NULL, 0, OLD_OTHER_IF_CAPTURING },
};

struct clone {
	enum program_id program;
	uint64_t spec;
	int fd;
	struct program_counts before; /* of the clones that it has replaced */
};

/* A program that was selected. */
struct selected {
	struct bpf_program *program; /* NULL: not selected */
	bool is_template;
	struct markers *markers; /* of a template */
	int err;		 /* why a wanted program is not selected */
};

/* The markers of a template, by index of instruction. Relocation does not move instructions. */
#define MARKERS_MAX 64
#define LOG_BYTES   (64 << 10) /* of the verifier */
struct markers {
	size_t nspecs, nresults;
	size_t spec[MARKERS_MAX], result[MARKERS_MAX];
};

struct programs {
	struct selected v[PROG_MAX][2]; /* plain and capturing */
	struct clone *clones;
	size_t nclones;
};

/* ---- code ---------------------------------------------------------------------------------- */

static bool is_spec_marker(const struct bpf_insn *code)
{
	return code[0].code == (BPF_LD | BPF_IMM | BPF_DW) && !code[0].src_reg &&
	       (uint32_t)code[0].imm == (uint32_t)RP_DESC_MARKER &&
	       (uint32_t)code[1].imm == (uint32_t)(RP_DESC_MARKER >> 32);
}

static bool is_result_marker(const struct bpf_insn *code)
{
	return code->code == (BPF_LDX | BPF_MEM | BPF_DW) && code->off == RP_RESULT_MARKER;
}

static int find_markers(const struct bpf_insn *code, size_t n, struct markers *m)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (m->nspecs == MARKERS_MAX || m->nresults == MARKERS_MAX)
			return -E2BIG;
		if (is_spec_marker(&code[i]))
			m->spec[m->nspecs++] = i;
		else if (is_result_marker(&code[i]))
			m->result[m->nresults++] = i;
	}
	return m->nspecs ? 0 : -ENOEXEC;
}

/* Kernels such as 6.1 refuse a program that reads the result of a void function. */
static void fill_result(struct bpf_insn *code, const struct program_site *site)
{
	if (site->has_result)
		code->off = site->slots * sizeof(uint64_t);
	else
		*code = (struct bpf_insn){
			.code = BPF_ALU64 | BPF_MOV | BPF_K,
			.dst_reg = code->dst_reg,
		};
}

static void fill_markers(struct bpf_insn *code, const struct markers *m,
			 const struct program_site *site)
{
	for (size_t i = 0; i < m->nspecs; i++) {
		code[m->spec[i]].imm = (int32_t)site->spec;
		code[m->spec[i] + 1].imm = (int32_t)(site->spec >> 32);
	}
	for (size_t i = 0; i < m->nresults; i++)
		fill_result(&code[m->result[i]], site);
}

static int kfunc_id(const struct btf *vmlinux, int32_t number)
{
	switch (number) {
	case RP_KFUNC_SESSION_IS_RETURN:
		return btf__find_by_name_kind(vmlinux, "bpf_session_is_return", BTF_KIND_FUNC);
	case RP_KFUNC_SESSION_COOKIE:
		return btf__find_by_name_kind(vmlinux, "bpf_session_cookie", BTF_KIND_FUNC);
	default:
		return 0;
	}
}

/* Before loading, a program's code can be changed. */
static struct bpf_insn *own_code(struct bpf_program *p)
{
	return (struct bpf_insn *)bpf_program__insns(p);
}

static int resolve_kfuncs(struct bpf_program *p, struct btf **vmlinux)
{
	struct bpf_insn *code = own_code(p);
	size_t n = bpf_program__insn_cnt(p);

	for (size_t i = 0; i < n; i++) {
		int id;

		if (code[i].code != (BPF_JMP | BPF_CALL) || code[i].src_reg ||
		    (code[i].imm != RP_KFUNC_SESSION_IS_RETURN &&
		     code[i].imm != RP_KFUNC_SESSION_COOKIE))
			continue;
		if (!*vmlinux)
			*vmlinux = btf__load_vmlinux_btf();
		if (!*vmlinux)
			return -errno;
		id = kfunc_id(*vmlinux, code[i].imm);
		if (id <= 0)
			return -ENOENT;
		code[i].src_reg = BPF_PSEUDO_KFUNC_CALL;
		code[i].imm = id;
	}
	return 0;
}

/* ---- before loading -------------------------------------------------------------------------- */

static bool is_tracing(enum program_id id)
{
	int type = rows[id].attach_type;

	return type == BPF_SYS_FENTRY || type == BPF_SYS_FEXIT || type == BPF_SYS_FSESSION;
}

/* For a function that every kernel with tracing programs has. Clones get the numbers of their own
 * function. */
static const struct program_site template_site = {
	.spec = RP_DESC(0, RP_KIND_ERRNO, sizeof(int)),
	.slots = 1,
	.has_result = true,
};

static int prepare_template(struct selected *sel, enum program_id id)
{
	struct bpf_program *p = sel->program;
	int err;

	sel->markers = xcalloc(1, sizeof(*sel->markers));
	err = find_markers(own_code(p), bpf_program__insn_cnt(p), sel->markers);
	if (err || !is_tracing(id))
		return err;
	fill_markers(own_code(p), sel->markers, &template_site);
	return bpf_program__set_attach_target(p, 0, FEATURES_TRIAL_FUNCTION);
}

static struct bpf_program *find_program(const struct bpf_object *obj, const struct row *row,
					bool template, bool capturing, bool old)
{
	bool other =
		old && (row->old == OLD_OTHER || (row->old == OLD_OTHER_IF_CAPTURING && capturing));
	__cleanup_free char *name = xasprintf("%s%s%s", template ? row->clone : row->name,
					      other ? "_old" : "", capturing ? "_capturing" : "");

	return bpf_object__find_program_by_name(obj, name);
}

static int prepare_one(struct selected *sel, const struct bpf_object *obj, enum program_id id,
		       bool capturing, struct features *f, struct btf **vmlinux)
{
	const struct row *row = &rows[id];
	bool template = !row->name || (row->clone && !features__has(f, FEATURE_ATTACH_COOKIE));
	struct bpf_program *p =
		find_program(obj, row, template, capturing, !features__has(f, FEATURE_ATOMICS));
	int err;

	if (!p)
		return -ENOENT;
	*sel = (struct selected){ .program = p, .is_template = template };
	if (id == PROG_FSESSION_MULTI)
		bpf_program__set_type(p, BPF_PROG_TYPE_TRACING);
	if (row->attach_type &&
	    (row->attach_type != BPF_SYS_UPROBE_MULTI || features__has(f, FEATURE_UPROBE_MULTI)))
		bpf_program__set_expected_attach_type(p, row->attach_type);
	err = template ? prepare_template(sel, id) : 0;
	return err ? err : resolve_kfuncs(p, vmlinux);
}

static void drop(struct selected *sel, int err)
{
	free(sel->markers);
	*sel = (struct selected){ .err = err };
}

struct programs *programs__prepare(struct bpf_object *obj, struct features *f, uint32_t plain,
				   uint32_t capturing, struct program_refusals *refused)
{
	struct programs *ps = xcalloc(1, sizeof(*ps));
	struct btf *vmlinux = NULL;
	struct bpf_program *p;

	bpf_object__for_each_program(p, obj) bpf_program__set_autoload(p, false);
	for (int id = 0; id < PROG_MAX; id++) {
		for (int with = 0; with < 2; with++) {
			struct selected *sel = &ps->v[id][with];
			int *err = &refused->err[id][with];

			if (!((with ? capturing : plain) & PROG_BIT(id)))
				continue;
			if (!*err)
				*err = prepare_one(sel, obj, id, with, f, &vmlinux);
			if (*err)
				drop(sel, *err);
			else
				bpf_program__set_autoload(sel->program, true);
		}
	}
	btf__free(vmlinux);
	return ps;
}

/* Errors that any other program would get too. */
static bool is_of_the_process(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -EPERM ||
	       err == -EINTR || err == -EAGAIN;
}

bool programs__refuse(const struct programs *p, int err, struct program_refusals *refused)
{
	const char *name = bpf_sys__refused_program();
	size_t left = 0;
	bool found = false;

	if (!p || is_of_the_process(err))
		return false;
	for (int id = 0; id < PROG_MAX; id++) {
		for (int with = 0; with < 2; with++) {
			const struct bpf_program *one = p->v[id][with].program;

			if (one && !strcmp(bpf_program__name(one), name)) {
				refused->err[id][with] = err;
				found = true;
			} else if (one) {
				left++;
			}
		}
	}
	return found && left;
}

int programs__refusal(const struct programs *p, uint32_t programs, bool capturing)
{
	for (int id = 0; id < PROG_MAX; id++)
		if (programs & PROG_BIT(id) && p->v[id][capturing].err)
			return p->v[id][capturing].err;
	return 0;
}

void programs__free(struct programs *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->nclones; i++)
		cleanup__close(&p->clones[i].fd);
	for (int id = 0; id < PROG_MAX; id++) {
		free(p->v[id][false].markers);
		free(p->v[id][true].markers);
	}
	free(p->clones);
	free(p);
}

/* ---- after loading --------------------------------------------------------------------------- */

static int load_code(const struct bpf_program *template, const struct bpf_insn *code, size_t n,
		     const struct bpf_prog_load_opts *opts)
{
	int fd = bpf_prog_load(bpf_program__type(template), bpf_program__name(template),
			       "Dual BSD/GPL", code, n, opts);

	return fd < 0 ? -errno : fd;
}

/* Logs the verifier's reasons for refusing a clone. */
static void log_reasons(const struct bpf_program *template, const struct bpf_insn *code, size_t n,
			struct bpf_prog_load_opts *opts)
{
	__cleanup_free char *log = xcalloc(1, LOG_BYTES);
	__cleanup_close int fd = -1;

	opts->log_level = 1;
	opts->log_buf = log;
	opts->log_size = LOG_BYTES;
	fd = load_code(template, code, n, opts);
	log[LOG_BYTES - 1] = '\0';
	bpf_sys__log_reasons(log);
}

static int load_clone(const struct programs *p, enum program_id id, const struct program_site *site)
{
	const struct selected *sel = &p->v[id][site->capturing];
	struct bpf_program *template = sel->program;
	size_t n = bpf_program__insn_cnt(template);
	__cleanup_free struct bpf_insn *code = xcalloc(n, sizeof(*code));
	__cleanup_close int btf_fd = -1;
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = bpf_program__expected_attach_type(template));
	int fd;

	memcpy(code, bpf_program__insns(template), n * sizeof(*code));
	if (is_tracing(id)) {
		opts.attach_btf_id = site->btf_id;
		if (strcmp(site->module, "vmlinux")) {
			btf_fd = bpf_sys__module_btf(site->module);
			if (btf_fd < 0)
				return btf_fd;
			opts.attach_btf_obj_fd = btf_fd;
		}
	}
	fill_markers(code, sel->markers, site);
	fd = load_code(template, code, n, &opts);
	if (fd == -EINVAL || fd == -EACCES)
		log_reasons(template, code, n, &opts);
	return fd;
}

static void add_counts(int fd, struct program_counts *sum)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return;
	sum->run_ns += info.run_time_ns;
	sum->runs += info.run_cnt;
	sum->skipped += info.recursion_misses;
}

/* The entry of a site's clone. A previous clone belongs to an attachment that has ended, and is
 * closed. */
static struct clone *clone_of(struct programs *p, enum program_id id, uint64_t spec)
{
	struct clone *c;

	for (size_t i = 0; i < p->nclones; i++) {
		c = &p->clones[i];
		if (c->program != id || c->spec != spec)
			continue;
		add_counts(c->fd, &c->before);
		cleanup__close(&c->fd);
		return c;
	}
	c = array__grow(&p->clones, &p->nclones, sizeof(*p->clones));
	*c = (struct clone){ .program = id, .spec = spec };
	return c;
}

int programs__for_site(struct programs *p, enum program_id id, const struct program_site *site,
		       uint64_t *cookie)
{
	int fd;

	if (!p->v[id][site->capturing].is_template) {
		*cookie = site->spec;
		return programs__fd(p, id, site->capturing);
	}
	*cookie = 0;
	fd = load_clone(p, id, site);
	clone_of(p, id, site->spec)->fd = fd;
	return fd;
}

int programs__fd(const struct programs *p, enum program_id id, bool capturing)
{
	const struct selected *sel = &p->v[id][capturing];

	if (!sel->program)
		return sel->err ? sel->err : -ENOENT;
	return bpf_program__fd(sel->program);
}

int programs__any_fd(const struct programs *p, enum program_id id)
{
	int capturing = programs__fd(p, id, true);

	return capturing < 0 ? programs__fd(p, id, false) : capturing;
}

struct program_counts programs__count_fd(int fd)
{
	struct program_counts sum = {};

	add_counts(fd, &sum);
	return sum;
}

struct program_counts programs__count(const struct programs *p, enum program_id id)
{
	struct program_counts sum = {};

	add_counts(programs__fd(p, id, false), &sum);
	add_counts(programs__fd(p, id, true), &sum);
	for (size_t i = 0; i < p->nclones; i++) {
		const struct clone *c = &p->clones[i];

		if (c->program != id)
			continue;
		sum.run_ns += c->before.run_ns;
		sum.runs += c->before.runs;
		sum.skipped += c->before.skipped;
		add_counts(c->fd, &sum);
	}
	return sum;
}
