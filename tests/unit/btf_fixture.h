/* SPDX-License-Identifier: GPL-2.0-only */
/* Made-up BTF of a kernel and a module, with every kind of return type. */
#pragma once

#include <bpf/btf.h>

#include "temp_dir.h"

struct btf_fixture {
	struct btf *vmlinux;
	int s32, s64, u32, u64, s8, wide, boolean, character; /* type ids */
	int file, file_ptr, text_ptr, ssize;
};

/* A function without parameters. */
static inline void btf_fixture__func(struct btf *btf, const char *name, int returns)
{
	int proto = btf__add_func_proto(btf, returns);

	assert_true(proto > 0);
	assert_true(btf__add_func(btf, name, BTF_FUNC_STATIC, proto) > 0);
}

static inline void btf_fixture__base_types(struct btf_fixture *f)
{
	struct btf *btf = f->vmlinux;

	f->s32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	f->s64 = btf__add_int(btf, "long int", 8, BTF_INT_SIGNED);
	f->u32 = btf__add_int(btf, "unsigned int", 4, 0);
	f->u64 = btf__add_int(btf, "long unsigned int", 8, 0);
	f->s8 = btf__add_int(btf, "signed char", 1, BTF_INT_SIGNED);
	f->wide = btf__add_int(btf, "__int128", 16, BTF_INT_SIGNED);
	f->boolean = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	f->character = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	f->file = btf__add_struct(btf, "file", 16);
	f->file_ptr = btf__add_ptr(btf, f->file);
	f->text_ptr = btf__add_ptr(btf, btf__add_const(btf, f->character));
	f->ssize =
		btf__add_typedef(btf, "ssize_t", btf__add_typedef(btf, "__kernel_ssize_t", f->s64));
}

/* ssize_t vfs_read(struct file *file, char *buf, size_t count) */
static inline void btf_fixture__vfs_read(struct btf_fixture *f)
{
	struct btf *btf = f->vmlinux;
	int buf = btf__add_ptr(btf, f->character), size = btf__add_typedef(btf, "size_t", f->u64);
	int proto = btf__add_func_proto(btf, f->ssize);

	btf__add_func_param(btf, "file", f->file_ptr);
	btf__add_func_param(btf, "buf", buf);
	btf__add_func_param(btf, "count", size);
	assert_true(btf__add_func(btf, "vfs_read", BTF_FUNC_GLOBAL, proto) > 0);
}

static inline void btf_fixture__returns(struct btf_fixture *f)
{
	struct btf *btf = f->vmlinux;
	int e, e64;

	btf_fixture__vfs_read(f);
	btf_fixture__func(btf, "ret_int", f->s32);
	btf_fixture__func(btf, "ret_const_int", btf__add_const(btf, f->s32));
	btf_fixture__func(btf, "ret_s8", f->s8);
	btf_fixture__func(btf, "ret_u32", f->u32);
	btf_fixture__func(btf, "ret_u64", btf__add_typedef(btf, "u64", f->u64));
	btf_fixture__func(btf, "ret_bool", btf__add_typedef(btf, "bool", f->boolean));
	btf_fixture__func(btf, "ret_wide", f->wide);
	btf_fixture__func(btf, "ret_ptr", f->file_ptr);
	btf_fixture__func(btf, "ret_text", f->text_ptr);
	btf_fixture__func(btf, "ret_void", 0);
	btf_fixture__func(btf, "ret_struct", f->file);
	btf_fixture__func(btf, "ret_float", btf__add_float(btf, "double", 8));
	btf_fixture__func(btf, "one_clone", f->s32);
	btf_fixture__func(btf, "__do_sys_getpid", f->s64);

	e = btf__add_enum(btf, "color", 4);
	btf__add_enum_value(btf, "GREEN", 2);
	btf__add_enum_value(btf, "RED", -1);
	btf__add_enum_value(btf, "ALSO_GREEN", 2);
	btf__add_enum_value(btf, "BLUE", 0);
	btf_fixture__func(btf, "ret_enum", e);
	e64 = btf__add_enum64(btf, "flags64", 8, false);
	btf__add_enum64_value(btf, "TOP", 1ULL << 63);
	btf__add_enum64_value(btf, "LOW", 1);
	btf_fixture__func(btf, "ret_enum64", e64);
}

static inline void btf_fixture__write(const char *dir, const char *name, const struct btf *btf)
{
	__u32 size;
	const void *data = btf__raw_data(btf, &size);

	assert_non_null(data);
	temp_dir__write(dir, name, data, size);
}

/* Writes DIR/vmlinux and DIR/ext4. The latter's ext4_sync_file returns a type of vmlinux. */
static inline void btf_fixture__make(struct btf_fixture *f, const char *dir)
{
	struct btf *module;

	f->vmlinux = btf__new_empty();
	assert_non_null(f->vmlinux);
	btf_fixture__base_types(f);
	btf_fixture__returns(f);
	btf_fixture__write(dir, "vmlinux", f->vmlinux);

	module = btf__new_empty_split(f->vmlinux);
	assert_non_null(module);
	btf_fixture__func(module, "ext4_sync_file", f->s32);
	btf_fixture__func(module, "ret_u32", f->boolean); /* different from the one in vmlinux */
	btf_fixture__write(dir, "ext4", module);
	btf__free(module);
}
