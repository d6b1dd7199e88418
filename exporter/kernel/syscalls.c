/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers come from the headers at build time, which may be older than the running kernel. From
 * 424 on, the numbers are the same on all architectures and in both tables. So the newest ones are
 * listed here, for headers that lack them. A number that the kernel does not know does no harm.
 */
#include "kernel/syscalls.h"

#include <pthread.h>

#include "bpf/abi.h"

struct row {
	int nr;
	const char *name;
};

#define ROW(number, text) { number, text },

static const struct row native[] = {
#define SYSCALLS_NATIVE
#include "syscall_table.h"
#undef SYSCALLS_NATIVE
};

static const struct row compat[] = {
#define SYSCALLS_COMPAT
#include "syscall_table.h"
#undef SYSCALLS_COMPAT
};

static const struct row unified[] = {
	{ 451, "cachestat" },	      { 452, "fchmodat2" },	   { 453, "map_shadow_stack" },
	{ 454, "futex_wake" },	      { 455, "futex_wait" },	   { 456, "futex_requeue" },
	{ 457, "statmount" },	      { 458, "listmount" },	   { 459, "lsm_get_self_attr" },
	{ 460, "lsm_set_self_attr" }, { 461, "lsm_list_modules" }, { 462, "mseal" },
	{ 463, "setxattrat" },	      { 464, "getxattrat" },	   { 465, "listxattrat" },
	{ 466, "removexattrat" },     { 467, "open_tree_attr" },   { 468, "file_getattr" },
	{ 469, "file_setattr" },
};

/* Without their bit (bpf/kernel.h). 64-bit programs have no calls with these numbers. Other calls
 * of x32 programs have functions of their own, or the numbers of 64-bit programs. */
static const struct row x32[] = {
#ifdef __x86_64__
	{ 515, "readv" },
	{ 516, "writev" },
	{ 532, "vmsplice" },
	{ 539, "process_vm_readv" },
	{ 540, "process_vm_writev" },
	{ 541, "setsockopt" },
	{ 542, "getsockopt" },
#endif
	{ -1, NULL },
};

static int x32_number(const char *name)
{
	for (const struct row *row = x32; row->name; row++)
		if (!strcmp(row->name, name))
			return row->nr;
	return -1;
}

static struct syscall_entry table[ARRAY_SIZE(native) + ARRAY_SIZE(compat) + ARRAY_SIZE(unified)];
static size_t ntable;
static pthread_once_t built = PTHREAD_ONCE_INIT;

static int by_name(const void *a, const void *b)
{
	const struct syscall_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void append(const struct row *rows, size_t n, bool is_native, bool is_compat)
{
	for (size_t i = 0; i < n; i++) {
		int nr = rows[i].nr < RP_SYSCALLS ? rows[i].nr : -1;

		table[ntable++] = (struct syscall_entry){ .name = rows[i].name,
							  .nr = is_native ? nr : -1,
							  .nr32 = is_compat ? nr : -1,
							  .nr_x32 = x32_number(rows[i].name) };
	}
}

/* Sorts the rows and merges those of the same name. */
static void build(void)
{
	size_t kept = 0;

	append(native, ARRAY_SIZE(native), true, false);
	append(compat, ARRAY_SIZE(compat), false, true);
	append(unified, ARRAY_SIZE(unified), true, ARRAY_SIZE(compat) > 0);
	qsort(table, ntable, sizeof(*table), by_name);
	for (size_t i = 1; i < ntable; i++) {
		if (strcmp(table[kept].name, table[i].name)) {
			table[++kept] = table[i];
			continue;
		}
		if (table[kept].nr < 0)
			table[kept].nr = table[i].nr;
		if (table[kept].nr32 < 0)
			table[kept].nr32 = table[i].nr32;
	}
	ntable = kept + 1;
}

const struct syscall_entry *syscalls__all(size_t *n)
{
	pthread_once(&built, build);
	*n = ntable;
	return table;
}

const struct syscall_entry *syscalls__find(const char *name)
{
	const struct syscall_entry key = { .name = name };
	size_t n;
	const struct syscall_entry *all = syscalls__all(&n);

	return bsearch(&key, all, n, sizeof(*all), by_name);
}
