/* SPDX-License-Identifier: GPL-2.0-only */
#include "object/spec_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>

#include "expr/capture.h"

void spec_maps__init(struct spec_maps *m, size_t n, bool atomics)
{
	*m = (struct spec_maps){ .atomics = atomics,
				 .fds = xcalloc(RP_TYPED_MAX * n + 1, sizeof(*m->fds)),
				 .n = RP_TYPED_MAX * n };
}

void spec_maps__free(struct spec_maps *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->fds[i] > 0)
			close(m->fds[i]);
	free(m->fds);
}

struct rp_capture_spec spec_maps__spec(const struct spec_maps *m, const struct capture_spec *x,
				       enum rp_typed typed)
{
	struct rp_capture_spec spec = x->kernel;

	spec.typed = typed;
	spec.only = x->only;
	if (typed == RP_BY_TYPES)
		spec.reads_args = x->other_args;
	if (!m->atomics)
		spec.slot_shift = 0;
	return spec;
}

static int map_of(struct spec_maps *m, const struct capture_spec *x, enum rp_typed typed)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	struct rp_capture_spec spec = spec_maps__spec(m, x, typed);
	int *kept = &m->fds[RP_TYPED_MAX * x->index + typed];
	__cleanup_close int fd = -1;

	if (*kept)
		return *kept;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rp_capture", sizeof(uint32_t), sizeof(spec), 1,
			    &opts);
	if (fd < 0 || bpf_map_update_elem(fd, &(uint32_t){ 0 }, &spec, 0) || bpf_map_freeze(fd))
		return -errno;
	*kept = fd;
	fd = -1;
	return *kept;
}

int spec_maps__fill(struct spec_maps *m, struct bpf_insn *code, size_t n,
		    const struct capture_spec *x, enum rp_typed typed)
{
	int map = map_of(m, x, typed);

	for (size_t i = 0; i < n && map >= 0; i++)
		if (code[i].code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    code[i].src_reg == BPF_PSEUDO_MAP_VALUE && code[i].imm == m->stand_in)
			code[i].imm = map;
	return map;
}
