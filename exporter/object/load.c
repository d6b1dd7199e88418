/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/load.h"

#include <errno.h>

#include "base/log.h"
#include "bpf/abi.h"
#include "kernel/bpf_sys.h"
#include "object/code.h"
#include "object/insn.h"

#define LOG_BYTES (64 << 10) /* of the verifier */

static void *copy_of(const void *from, size_t n, size_t size)
{
	void *to = xcalloc(n + 1, size);

	return n ? memcpy(to, from, n * size) : to;
}

int load__try(const struct loadable *p, const struct bpf_prog_load_opts *opts,
	      const struct constants *constants)
{
	struct prune_code pruned = {
		.code = copy_of(p->code, p->n, sizeof(*p->code)),
		.n = p->n,
		.funcs = copy_of(opts->func_info, opts->func_info_cnt, opts->func_info_rec_size),
		.nfuncs = opts->func_info_cnt,
		.func_size = opts->func_info_rec_size,
	};
	struct bpf_prog_load_opts with = *opts;
	int fd;

	prune__code(&pruned, constants->v, constants->n);
	with.func_info = pruned.funcs;
	with.func_info_cnt = pruned.nfuncs;
	fd = code__resolve_kfuncs(pruned.code, pruned.n);
	if (!fd) {
		fd = bpf_prog_load(p->type, p->name, "Dual BSD/GPL", pruned.code, pruned.n, &with);
		fd = fd < 0 ? -errno : fd;
	}
	free(pruned.code);
	free(pruned.funcs);
	return fd;
}

int load__or_log(const struct loadable *p, const struct bpf_prog_load_opts *opts,
		 const struct constants *constants)
{
	struct bpf_prog_load_opts with = *opts;
	__cleanup_free char *log = NULL;
	__cleanup_close int again = -1;
	int fd = load__try(p, opts, constants);

	if (fd != -EINVAL && fd != -EACCES)
		return fd;
	log = xcalloc(1, LOG_BYTES);
	with.log_level = 1;
	with.log_buf = log;
	with.log_size = LOG_BYTES;
	again = load__try(p, &with, constants);
	log[LOG_BYTES - 1] = '\0';
	log_debug("the kernel refuses program %s:", p->name);
	bpf_sys__log_reasons(log);
	return fd;
}

bool load__has_casts(void)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
		{ .code = BPF_JMP | BPF_CALL, .imm = RP_KFUNC_RDONLY_CAST },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 0, .src_reg = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const struct loadable p = { BPF_PROG_TYPE_KPROBE, "rp_cast", code,
					   ARRAY_SIZE(code) };
	static const struct constants nothing;
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	static int has = -1;
	int fd;

	if (has < 0) {
		fd = load__try(&p, &opts, &nothing);
		has = fd >= 0;
		if (has)
			close(fd);
	}
	return has;
}
