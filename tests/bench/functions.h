/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions that bench_empty attaches to: their names, and the ids of their BTF. */
#pragma once

#include <bpf/btf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct functions {
	const char **names;
	uint32_t *ids; /* of their BTF; 0: none */
	size_t n;
};

static void __attribute__((noreturn)) die(const char *what, const char *name, int err)
{
	if (err)
		fprintf(stderr, "bench_empty: %s %s: %s\n", what, name, strerror(-err));
	else
		fprintf(stderr, "bench_empty: %s %s\n", what, name);
	exit(1);
}

static void add_name(struct functions *f, const char *name)
{
	f->names = reallocarray(f->names, f->n + 1, sizeof(*f->names));
	if (!f->names || !(f->names[f->n++] = strdup(name)))
		die("out of", "memory", 0);
}

static void read_names(struct functions *f, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[512];

	if (!file)
		die("reading", path, -errno);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			add_name(f, line);
	}
	fclose(file);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the names. One walk through the types, because there can be thousands of names. */
static void find_ids(struct functions *f)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		die("reading", "the kernel's BTF", -errno);
	qsort(f->names, f->n, sizeof(*f->names), compare_names);
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, t->name_off), **found;

		if (!btf_is_func(t))
			continue;
		found = bsearch(&name, f->names, f->n, sizeof(*f->names), compare_names);
		if (found && !f->ids[found - f->names])
			f->ids[found - f->names] = id;
	}
	for (size_t i = 0; i < f->n; i++)
		if (!f->ids[i])
			die("finding the BTF of", f->names[i], -ENOENT);
	btf__free(btf);
}
