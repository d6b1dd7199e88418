/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/spec_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>

#include "expr/capture.h"

void spec_maps__init(struct spec_maps *m, size_t n)
{
	*m = (struct spec_maps){ .fds = xcalloc(n + 1, sizeof(*m->fds)), .n = n };
}

void spec_maps__free(struct spec_maps *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->fds[i] > 0)
			close(m->fds[i]);
	free(m->fds);
}

static int map_of(struct spec_maps *m, const struct capture_spec *x)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	__cleanup_close int fd = -1;

	if (m->fds[x->index])
		return m->fds[x->index];
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rp_capture", sizeof(uint32_t), sizeof(x->kernel),
			    1, &opts);
	if (fd < 0 || bpf_map_update_elem(fd, &(uint32_t){ 0 }, &x->kernel, 0) ||
	    bpf_map_freeze(fd))
		return -errno;
	m->fds[x->index] = fd;
	fd = -1;
	return m->fds[x->index];
}

int spec_maps__fill(struct spec_maps *m, struct bpf_insn *code, size_t n,
		    const struct capture_spec *x)
{
	int map = map_of(m, x);

	for (size_t i = 0; i < n && map >= 0; i++)
		if (code[i].code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    code[i].src_reg == BPF_PSEUDO_MAP_VALUE && code[i].imm == m->stand_in)
			code[i].imm = map;
	return map < 0 ? map : 0;
}
