/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scope for capture specs: the function int f(struct outer *p, int n).
 *
 * struct outer {
 *	char name[16];
 *	int size;
 *	int ret;
 * };
 */
#pragma once

#include <bpf/btf.h>

#include "expr/capture_new.h"

static struct btf *btf;
static struct expr_scope scope;

static int set_up(void **state)
{
	int s32, outer, name, proto;

	btf = btf__new_empty();
	s32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	name = btf__add_array(btf, s32, btf__add_int(btf, "char", 1, BTF_INT_SIGNED), 16);
	outer = btf__add_struct(btf, "outer", 24);
	btf__add_field(btf, "name", name, 0, 0);
	btf__add_field(btf, "size", s32, 128, 0);
	btf__add_field(btf, "ret", s32, 160, 0);
	outer = btf__add_ptr(btf, outer);
	proto = btf__add_func_proto(btf, s32);
	btf__add_func_param(btf, "p", outer);
	btf__add_func_param(btf, "n", s32);
	scope = (struct expr_scope){ .btf = btf,
				     .proto = proto,
				     .signature = "int f(...)",
				     .result = { .kind = RP_KIND_ERRNO, .size = 4 } };
	return proto > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	btf__free(btf);
	return 0;
}
