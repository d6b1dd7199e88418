/* SPDX-License-Identifier: GPL-2.0-only */
#include "expr/paths.h"

static bool is_struct(const struct parser *p, struct ctype t, const char *name)
{
	struct shape s = ctype__shape(p->scope->btf, t);

	return s.kind == SHAPE_STRUCT &&
	       !strcmp(btf__name_by_offset(p->scope->btf, s.btf->name_off), name);
}

static bool find(const struct btf *btf, const char *of, const char *name, struct member *out)
{
	__s32 id = btf__find_by_name_kind(btf, of, BTF_KIND_STRUCT);

	return id > 0 && ctype__find_member(btf, btf__type_by_id(btf, id), name, out);
}

static bool find_layout(const struct btf *btf, struct rp_path_layout *out)
{
	const struct {
		const char *of, *name;
		__u32 *at;
	} rows[] = {
		{ "path", "mnt", &out->mnt },
		{ "path", "dentry", &out->dentry },
		{ "dentry", "d_parent", &out->parent },
		{ "qstr", "name", &out->name },
		{ "qstr", "len", &out->len },
		{ "mount", "mnt", &out->mount },
		{ "mount", "mnt_parent", &out->mnt_parent },
		{ "mount", "mnt_mountpoint", &out->mountpoint },
	};
	struct member m;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!find(btf, rows[i].of, rows[i].name, &m))
			return false;
		*rows[i].at = m.bit / 8;
	}
	if (!find(btf, "dentry", "d_name", &m))
		return false;
	out->name += m.bit / 8;
	out->len += m.bit / 8;
	return true;
}

/* Goes on from a struct file to its path. */
static int enter_file(struct parser *p, struct operand *o)
{
	struct shape s = ctype__shape(p->scope->btf, o->type);
	struct member m;

	if (!ctype__find_member(p->scope->btf, s.btf, "f_path", &m))
		return 0;
	o->type = m.type;
	return operand__advance(p, o, m.bit);
}

int paths__apply(struct parser *p, struct operand *o)
{
	const struct btf *btf = p->scope->btf;
	__cleanup_free char *part = parser__part(p), *type = NULL;
	bool user = false;
	int err = 0;

	if (p->scope->user || !btf)
		return error__refuse(p->why,
				     "path(%.120s): only functions of the kernel have such "
				     "parameters; use the text of a parameter",
				     part);
	type = ctype__text(btf, o->type);
	if (!o->is_word && !o->is_value && !o->is_text &&
	    ctype__shape(btf, o->type).kind == SHAPE_POINTER) {
		o->type = ctype__pointee(btf, o->type, &user);
		err = operand__follow(p, o, user);
	}
	if (!err && o->in_memory && is_struct(p, o->type, "file"))
		err = enter_file(p, o);
	if (err)
		return err;
	if (!o->in_memory || o->is_text || o->is_value ||
	    !(is_struct(p, o->type, "path") || is_struct(p, o->type, "dentry")))
		return error__refuse(
			p->why,
			"path(%.120s): takes a struct path, dentry or file, or a pointer "
			"to one, and this is %s",
			part, o->is_text ? "text" : type);
	if (!find_layout(btf, &o->path))
		return error__refuse(
			p->why, "path(%.120s): this kernel's BTF does not describe paths", part);
	o->is_text = true;
	o->of_file = is_struct(p, o->type, "path") ? RP_TEXT_PATH : RP_TEXT_DENTRY;
	return 0;
}
