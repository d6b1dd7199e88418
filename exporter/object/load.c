/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/load.h"

#include <errno.h>

#include "base/log.h"
#include "kernel/bpf_sys.h"

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
	fd = bpf_prog_load(p->type, p->name, "Dual BSD/GPL", pruned.code, pruned.n, &with);
	if (fd < 0)
		fd = -errno;
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
