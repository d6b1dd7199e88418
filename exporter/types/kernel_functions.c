/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BTF tells whether 0xfffffffe is ENOENT (int) or a number (u32). The BTF of vmlinux is read whole
 * (5 MB). A module's is split BTF on top of it, read when the first of its functions is looked up.
 * Names are indexed once: libbpf's own look-up scans all 150,000 types for each name.
 *
 * BTF does not list clones (`f.isra.0`). They return the same type as `f`.
 */
#include "types/kernel_functions.h"

#include <bpf/btf.h>
#include <errno.h>

#include "types/btf_print.h"
#include "types/btf_result.h"
#include "base/strmap.h"
#include "kernel/kernel_btf.h"
#include "kernel/symbols.h"

#define BTF_DIR "/sys/kernel/btf"

/* One object's BTF. */
struct btf_object {
	char *name;
	struct btf *btf;	 /* NULL: has none */
	struct strmap functions; /* name -> type id of its BTF_KIND_FUNC */
};

struct kernel_functions {
	char *dir;
	struct btf_object *v; /* [0] is vmlinux */
	size_t n;
};

static void index_functions(struct btf_object *o)
{
	const struct btf *base = btf__base_btf(o->btf);
	__u32 end = btf__type_cnt(o->btf);
	bool added;

	for (__u32 id = base ? btf__type_cnt(base) : 1; id < end; id++) {
		const struct btf_type *t = btf__type_by_id(o->btf, id);
		const char *name = t && btf_is_func(t) ? btf_print__name(o->btf, t->name_off) : "";

		if (*name)
			strmap__put(&o->functions, name, id, &added);
	}
}

/* Adds the object even if it has no BTF, so that it is looked up only once. */
static struct btf_object *load(struct kernel_functions *b, const char *name, int *err)
{
	struct btf *base = b->n ? b->v[0].btf : NULL;
	__cleanup_free char *path = xasprintf("%s/%s", b->dir, name);
	struct btf_object *o = array__grow(&b->v, &b->n, sizeof(*b->v));

	o->name = xstrdup(name);
	o->btf = base || strcmp(b->dir, BTF_DIR) ? btf__parse_raw_split(path, base)
						 : kernel_btf__take();
	*err = o->btf ? 0 : -errno;
	if (*err)
		o->btf = NULL;
	else
		index_functions(o);
	return o;
}

static struct btf_object *object_of(struct kernel_functions *b, const char *name)
{
	int err;

	for (size_t i = 0; i < b->n; i++) {
		if (!strcmp(b->v[i].name, name))
			return &b->v[i];
	}
	return load(b, name, &err);
}

bool kernel_functions__has(struct kernel_functions *b, const char *object)
{
	return b && object_of(b, object)->btf;
}

int kernel_functions__open(const char *dir, struct kernel_functions **out)
{
	struct kernel_functions *b = xcalloc(1, sizeof(*b));
	int err;

	b->dir = xstrdup(dir ? dir : BTF_DIR);
	load(b, SYMBOLS_VMLINUX, &err);
	if (err) {
		kernel_functions__free(b);
		return err;
	}
	*out = b;
	return 0;
}

void kernel_functions__free(struct kernel_functions *b)
{
	if (!b)
		return;
	/* Split BTF refers to its base, the first object. */
	while (b->n) {
		struct btf_object *o = &b->v[--b->n];

		strmap__free(&o->functions);
		btf__free(o->btf);
		free(o->name);
	}
	free(b->v);
	free(b->dir);
	free(b);
}

static const uint32_t *find_function(const struct btf_object *o, const char *name)
{
	const uint32_t *id = strmap__find(&o->functions, name);
	const char *suffix = strchr(name, '.');

	if (!id && suffix) {
		__cleanup_free char *base = xstrndup(name, suffix - name);

		id = strmap__find(&o->functions, base);
	}
	return id;
}

/* A structure passed by value takes one slot per word. */
static uint8_t argument_slots(const struct btf *btf, const struct btf_type *proto)
{
	const struct btf_param *params = btf_params(proto);
	uint8_t slots = 0;

	for (int i = 0; i < btf_vlen(proto); i++) {
		int64_t size = btf__resolve_size(btf, params[i].type);

		slots += size > 8 ? (size + 7) / 8 : 1;
	}
	return slots;
}

int kernel_functions__function(struct kernel_functions *b, const char *object, const char *name,
			       struct function_type *out)
{
	const struct btf_object *o = object_of(b, object);
	const uint32_t *id = o->btf ? find_function(o, name) : NULL;
	const struct btf_type *func, *proto;
	struct btf_result result;

	if (!id)
		return -ENOENT;
	func = btf__type_by_id(o->btf, *id);
	proto = btf__type_by_id(o->btf, func->type);
	if (!proto || !btf_is_func_proto(proto))
		return -ENOENT;

	memset(out, 0, sizeof(*out));
	result = btf_result__read(o->btf, proto->type);
	out->kind = result.kind;
	out->size = result.size;
	out->enumerators = result.enumerators;
	out->nenumerators = result.nenumerators;
	out->id = *id;
	out->slots = argument_slots(o->btf, proto);
	out->signature = btf_print__declaration(o->btf, func->type, name);
	return 0;
}

int kernel_functions__proto(struct kernel_functions *b, const char *object, const char *name,
			    const struct btf **btf, uint32_t *proto)
{
	const struct btf_object *o = b ? object_of(b, object) : NULL;
	const uint32_t *id = o && o->btf ? find_function(o, name) : NULL;

	if (!id)
		return -ENOENT;
	*btf = o->btf;
	*proto = btf__type_by_id(o->btf, *id)->type;
	return 0;
}

const struct btf *kernel_functions__vmlinux(const struct kernel_functions *b)
{
	return b ? b->v[0].btf : NULL;
}

void function_type__free(struct function_type *f)
{
	if (!f)
		return;
	enumerators__free(f->enumerators, f->nenumerators);
	free(f->signature);
	memset(f, 0, sizeof(*f));
}
