/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/kernel_btf.h"

#include <bpf/btf.h>
#include <string.h>

#include "base/util.h"

static struct btf *held; /* NULL: not read yet, taken, or dropped */

static int parameters(const struct btf *btf, const struct btf_type *function)
{
	return btf_vlen(btf__type_by_id(btf, function->type));
}

static void note(struct kernel_btf *k, const struct btf *btf, __u32 id, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(btf, t->name_off);

	if (!strcmp(name, KERNEL_BTF_TRIAL))
		k->trial = id;
	else if (!strcmp(name, "bpf_iter_task"))
		k->task_iterator = id;
	else if (!strcmp(name, "bpf_iter_bpf_map_elem"))
		k->map_iterator = id;
	else if (!strcmp(name, "rethook_find_ret_addr"))
		k->find_ret_addr = id;
	else if (!strcmp(name, "fprobe_return"))
		k->fprobe_return = parameters(btf, t);
	else if (!strcmp(name, "bpf_session_cookie"))
		k->session_cookie = parameters(btf, t);
}

const struct kernel_btf *kernel_btf__get(void)
{
	static struct kernel_btf known = { false, -1, -1, -1, -1, -1, -1 };
	static bool read;
	struct btf *btf = read ? NULL : btf__load_vmlinux_btf();

	read = true;
	if (!btf)
		return &known;
	known.exists = true;
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_func(t))
			note(&known, btf, id, t);
	}
	held = btf;
	return &known;
}

struct btf *kernel_btf__take(void)
{
	return held ? take_ptr(held) : btf__load_vmlinux_btf();
}

void kernel_btf__drop(void)
{
	btf__free(take_ptr(held));
}
