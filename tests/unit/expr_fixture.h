/* SPDX-License-Identifier: GPL-2.0-only */
/* BTF of functions whose parameters lead to every kind of type. */
#pragma once

#include <bpf/btf.h>

#include "expr/expr.h"

struct expr_fixture {
	struct btf *btf;
	int s8, u8, s32, u32, s64, u64, wide, boolean, character, real; /* type ids */
	int text_ptr, color, flags64, inode, file, opaque;
	struct expr_scope scope, other, syscall, user, placed;
};

static inline int fixture__tagged(struct btf *btf, const char *tag, int type)
{
	return btf__add_ptr(btf, btf__add_type_tag(btf, tag, type));
}

static inline void fixture__base(struct expr_fixture *f)
{
	struct btf *btf = f->btf;

	f->s8 = btf__add_int(btf, "signed char", 1, BTF_INT_SIGNED);
	f->u8 = btf__add_typedef(btf, "u8", btf__add_int(btf, "unsigned char", 1, 0));
	f->s32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	f->u32 = btf__add_int(btf, "unsigned int", 4, 0);
	f->s64 = btf__add_int(btf, "long int", 8, BTF_INT_SIGNED);
	f->u64 = btf__add_int(btf, "long unsigned int", 8, 0);
	f->wide = btf__add_int(btf, "__int128", 16, BTF_INT_SIGNED);
	f->boolean = btf__add_typedef(btf, "bool", btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL));
	f->character = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	f->real = btf__add_float(btf, "double", 8);
	f->text_ptr = btf__add_ptr(btf, btf__add_const(btf, f->character));
	f->color = btf__add_enum(btf, "color", 4);
	btf__add_enum_value(btf, "RED", 0);
	btf__add_enum_value(btf, "GREEN", 5);
	btf__add_enum_value(btf, "LIME", 5);
	btf__add_enum_value(btf, "NONE", -1);
	f->flags64 = btf__add_enum64(btf, "flags64", 8, false);
	btf__add_enum64_value(btf, "LOW", 1);
	btf__add_enum64_value(btf, "TOP", 1ULL << 63);
	f->opaque = btf__add_fwd(btf, "opaque", BTF_FWD_STRUCT);
}

/*
 * struct inode {		// 64 bytes
 *	unsigned long i_ino;	// 0
 *	int i_mode : 4, i_kind : 3, i_low : 1;	// 8: bits 64..71
 *	unsigned int i_wide : 20;	// bits 76..95
 *	bool i_dirty;		// 12
 *	signed char i_level;	// 13
 *	union { int i_nlink; unsigned int __i_nlink; struct { u8 i_a, i_b; }; };	// 16
 *	enum color i_color;	// 20
 *	enum flags64 i_flags;	// 24
 *	char i_name[16];	// 32
 *	const char *i_link;	// 48
 *	struct inode *i_parent;	// 56
 * };
 */
static inline void fixture__inode(struct expr_fixture *f)
{
	struct btf *btf = f->btf;
	int name = btf__add_array(btf, f->u32, f->character, 16), pair, both;

	pair = btf__add_struct(btf, NULL, 2);
	btf__add_field(btf, "i_a", f->u8, 0, 0);
	btf__add_field(btf, "i_b", f->u8, 8, 0);
	both = btf__add_union(btf, NULL, 4);
	btf__add_field(btf, "i_nlink", f->s32, 0, 0);
	btf__add_field(btf, "__i_nlink", f->u32, 0, 0);
	btf__add_field(btf, NULL, pair, 0, 0);

	f->inode = btf__add_struct(btf, "inode", 64);
	btf__add_field(btf, "i_ino", f->u64, 0, 0);
	btf__add_field(btf, "i_mode", f->s32, 64, 4);
	btf__add_field(btf, "i_kind", f->u32, 68, 3);
	btf__add_field(btf, "i_low", f->u32, 71, 1);
	btf__add_field(btf, "i_wide", f->u32, 76, 20);
	btf__add_field(btf, "i_dirty", f->boolean, 96, 0);
	btf__add_field(btf, "i_level", f->s8, 104, 0);
	btf__add_field(btf, NULL, both, 128, 0);
	btf__add_field(btf, "i_color", f->color, 160, 0);
	btf__add_field(btf, "i_flags", f->flags64, 192, 0);
	btf__add_field(btf, "i_name", name, 256, 0);
	btf__add_field(btf, "i_link", f->text_ptr, 384, 0);
	/* The next two types are a pointer to this struct, and a typedef of the pointer. */
	btf__add_field(btf, "i_parent", f->inode + 2, 448, 0);
	btf__add_typedef(btf, "inode_ptr", f->inode + 2);
	btf__add_ptr(btf, f->inode);
}

/*
 * struct path { struct inode *inode; unsigned int hash, len; };
 * struct file {
 *	struct path f_path;		// 0
 *	const inode_ptr f_inode;	// 16
 *	u8 f_bytes[8];			// 24
 *	int f_grid[3][2];		// 32
 *	struct path f_paths[2];		// 56
 *	void (*f_op)(void);		// 88
 *	struct inode __user *f_user;	// 96
 *	double f_real;			// 104
 *	__int128 f_int128;		// 112
 *	struct opaque *f_opaque;	// 128
 *	char f_tail[];			// 136
 * };
 */
static inline void fixture__file(struct expr_fixture *f)
{
	struct btf *btf = f->btf;
	int path, bytes, row, grid, paths, op, tail, inode, user, opaque;

	path = btf__add_struct(btf, "path", 16);
	btf__add_field(btf, "inode", f->inode + 2, 0, 0);
	btf__add_field(btf, "hash", f->u32, 64, 0);
	btf__add_field(btf, "len", f->u32, 96, 0);
	inode = btf__add_const(btf, f->inode + 1);
	bytes = btf__add_array(btf, f->u32, f->u8, 8);
	row = btf__add_array(btf, f->u32, f->s32, 2);
	grid = btf__add_array(btf, f->u32, row, 3);
	paths = btf__add_array(btf, f->u32, path, 2);
	op = btf__add_ptr(btf, btf__add_func_proto(btf, 0));
	tail = btf__add_array(btf, f->u32, f->character, 0);
	user = fixture__tagged(btf, "user", f->inode);
	opaque = btf__add_ptr(btf, f->opaque);

	f->file = btf__add_struct(btf, "file", 136);
	btf__add_field(btf, "f_path", path, 0, 0);
	btf__add_field(btf, "f_inode", inode, 16 * 8, 0);
	btf__add_field(btf, "f_bytes", bytes, 24 * 8, 0);
	btf__add_field(btf, "f_grid", grid, 32 * 8, 0);
	btf__add_field(btf, "f_paths", paths, 56 * 8, 0);
	btf__add_field(btf, "f_op", op, 88 * 8, 0);
	btf__add_field(btf, "f_user", user, 96 * 8, 0);
	btf__add_field(btf, "f_real", f->real, 104 * 8, 0);
	btf__add_field(btf, "f_int128", f->wide, 112 * 8, 0);
	btf__add_field(btf, "f_opaque", opaque, 128 * 8, 0);
	btf__add_field(btf, "f_tail", tail, 136 * 8, 0);
}

/* long work(struct file *file, int flags, struct pair by_value, const char **argv, bool cpu,
 *	     unsigned int seventh): the struct takes two registers, so the last is on the stack. */
static inline void fixture__work(struct expr_fixture *f)
{
	struct btf *btf = f->btf;
	int argv = btf__add_ptr(btf, f->text_ptr), file = btf__add_ptr(btf, f->file), pair;

	pair = btf__add_struct(btf, "pair", 16);
	btf__add_field(btf, "low", f->s32, 0, 0);
	btf__add_field(btf, "high", f->u32, 32, 0);
	btf__add_field(btf, "inode", f->inode + 2, 64, 0);

	f->scope.btf = btf;
	f->scope.proto = btf__add_func_proto(btf, f->s64);
	btf__add_func_param(btf, "file", file);
	btf__add_func_param(btf, "flags", f->s32);
	btf__add_func_param(btf, "by_value", pair);
	btf__add_func_param(btf, "argv", argv);
	btf__add_func_param(btf, "cpu", f->boolean);
	btf__add_func_param(btf, "seventh", f->u32);
	f->scope.signature = "long work(struct file *file, int flags, struct pair by_value)";
}

/* void other(struct big big, enum color color, const char *name, char __user *name_user,
 *	      void *any, unsigned long addr, u8 *bytes): the first is on the stack, or a pointer. */
static inline void fixture__other(struct expr_fixture *f)
{
	struct btf *btf = f->btf;
	int big = btf__add_struct(btf, "big", 24), any = btf__add_ptr(btf, 0);
	int user = fixture__tagged(btf, "user", f->character), bytes = btf__add_ptr(btf, f->u8);

	f->other = f->scope;
	f->other.proto = btf__add_func_proto(btf, 0);
	btf__add_func_param(btf, "big", big);
	btf__add_func_param(btf, "color", f->color);
	btf__add_func_param(btf, "name", f->text_ptr);
	btf__add_func_param(btf, "name_user", user);
	btf__add_func_param(btf, "any", any);
	btf__add_func_param(btf, "addr", f->u64);
	btf__add_func_param(btf, "bytes", bytes);
	f->other.signature = "void other(struct big big, enum color color)";
}

/* openat(2) as tracefs describes it, plus a pointer to a struct. */
static inline void fixture__syscall(struct expr_fixture *f)
{
	static const char *const params[] = { "dfd", "filename", "flags", "mode", "inode", "any" };
	static const char *const types[] = { "int",	"const char *",	  "unsigned long",
					     "umode_t", "struct inode *", "struct nosuch *" };

	f->syscall = (struct expr_scope){
		.btf = f->btf,
		.params = params,
		.types = types,
		.nparams = 6,
		.user = true,
		.signature = "openat(int dfd, const char *filename, unsigned long flags)",
	};
	f->user = (struct expr_scope){ .user = true, .untyped = "ELF files have no types" };
}

/*
 * struct text { u8 *data; long len; };
 * struct request { struct text path; struct text *alias; struct { long len; u8 *data; } uri; };
 * int handle(struct text name, struct request *r, double d, struct text far, int gone, int lost,
 *	      struct text *t)
 */
static inline void fixture__placed(struct expr_fixture *f)
{
	static const struct parameter_place places[] = {
		{ PLACE_REGISTER, 1, 2 }, { PLACE_REGISTER, 3, 1 }, { PLACE_FLOAT, 0, 0 },
		{ PLACE_STACK, 0, 0 },	  { PLACE_DROPPED, 0, 0 },  { PLACE_UNKNOWN, 0, 0 },
		{ PLACE_REGISTER, 4, 1 },
	};
	struct btf *btf = f->btf;
	int bytes = btf__add_ptr(btf, f->u8), text, uri, request;

	text = btf__add_struct(btf, "text", 16);
	btf__add_field(btf, "data", bytes, 0, 0);
	btf__add_field(btf, "len", f->s64, 64, 0);
	uri = btf__add_struct(btf, NULL, 16);
	btf__add_field(btf, "len", f->s64, 0, 0);
	btf__add_field(btf, "data", bytes, 64, 0);
	request = btf__add_struct(btf, "request", 40);
	btf__add_field(btf, "path", text, 0, 0);
	btf__add_field(btf, "alias", request + 1, 128, 0);
	btf__add_field(btf, "uri", uri, 192, 0);
	btf__add_ptr(btf, text);
	btf__add_ptr(btf, request);
	f->placed = (struct expr_scope){ .btf = btf, .user = true, .places = places };
	f->placed.proto = btf__add_func_proto(btf, f->s32);
	btf__add_func_param(btf, "name", text);
	btf__add_func_param(btf, "r", request + 2);
	btf__add_func_param(btf, "d", f->real);
	btf__add_func_param(btf, "far", text);
	btf__add_func_param(btf, "gone", f->s32);
	btf__add_func_param(btf, "lost", f->s32);
	btf__add_func_param(btf, "t", request + 1);
	f->placed.signature = "int handle(struct text name, struct request *r)";
}

static inline void expr_fixture__make(struct expr_fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->btf = btf__new_empty();
	fixture__base(f);
	fixture__inode(f);
	fixture__file(f);
	fixture__work(f);
	fixture__other(f);
	fixture__syscall(f);
	fixture__placed(f);
}

static inline void expr_fixture__free(struct expr_fixture *f)
{
	btf__free(f->btf);
}
