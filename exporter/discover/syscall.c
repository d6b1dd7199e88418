/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/syscall.h"

#include "base/log.h"
#include "base/suggest.h"
#include "discover/denylist.h"
#include "discover/hints.h"
#include "kernel/syscalls.h"

#define OBJECT "syscall"

/* The system call that 64-bit programs use instead of a 32-bit one. NULL: there is none. */
static const struct syscall_entry *native_of(const char *name)
{
	static const char *const pairs[][2] = {
		{ "umount", "umount2" },       { "waitpid", "wait4" },
		{ "mmap2", "mmap" },	       { "_llseek", "lseek" },
		{ "_newselect", "select" },    { "nice", "setpriority" },
		{ "signal", "rt_sigaction" },  { "stime", "settimeofday" },
		{ "ugetrlimit", "getrlimit" }, { "fstatat64", "newfstatat" },
		{ "oldolduname", "uname" },    { "readdir", "getdents64" },
		{ "socketcall", "connect" },   { "oldlstat", "lstat" },
	};
	static const char *const suffixes[] = { "_time64", "_time32", "64", "32" };
	size_t len = strlen(name);
	char other[64];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (!strcmp(name, pairs[i][0]))
			return syscalls__find(pairs[i][1]);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t end = strlen(suffixes[i]);

		if (len > end && !strcmp(name + len - end, suffixes[i])) {
			snprintf(other, sizeof(other), "%.*s", (int)(len - end), name);
			return syscalls__find(other);
		}
	}
	snprintf(other, sizeof(other), "rt_%s", name);
	return syscalls__find(strncmp(name, "old", 3) ? other : name + 3);
}

/* Warns about a system call that only 32-bit programs make, since it may stay at 0. */
static char *note_of(const struct syscall_entry *entry)
{
	const struct syscall_entry *native = entry->nr < 0 ? native_of(entry->name) : NULL;

	if (entry->nr >= 0)
		return NULL;
	if (native && native->nr >= 0)
		return xasprintf("only 32-bit programs make this system call; probe syscall:%s for "
				 "64-bit programs",
				 native->name);
	return xstrdup("only 32-bit programs make this system call");
}

static int claim_entry(struct discovery *d, const struct request *r,
		       const struct syscall_entry *entry)
{
	struct target *t = target__new(TARGET_SYSCALL, OBJECT, entry->name);
	const char *why = denylist__syscall(entry->name);

	t->kind = RP_KIND_ERRNO;
	t->nr = entry->nr;
	t->nr32 = entry->nr32;
	t->nr_x32 = entry->nr_x32;
	t->note = note_of(entry);
	if (why)
		return claims__add_failed(&d->claims, r, t, REASON_DENIED, xstrdup(why));
	if (t->note && !r->pattern->glob && !r->list->builtin && !d->sources.env->lenient)
		log_warn("syscall:%s stays at 0 for 64-bit programs: %s", entry->name, t->note);
	return claims__add(&d->claims, r, t);
}

static char *why_not_found(struct discovery *d, const struct request *r)
{
	__cleanup_free char *names = request__in_words(r->pattern);
	__cleanup_free char *near = hints__elsewhere(&d->sources, r);
	__cleanup_free const char **candidates = NULL;
	size_t n;
	const struct syscall_entry *all = syscalls__all(&n);

	if (r->pattern->glob)
		return xasprintf("no system call matches %s%s", names, near);
	if (!near) {
		candidates = xcalloc(n, sizeof(*candidates));
		for (size_t i = 0; i < n; i++)
			candidates[i] = all[i].name;
		near = suggest__hint(r->pattern->functions[0], candidates, n);
	}
	return xasprintf("no system call %s%s", names, near);
}

static int resolve_exact(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *written = NULL;

	for (size_t i = 0; i < p->nfunctions; i++) {
		const struct syscall_entry *entry = syscalls__find(p->functions[i]);

		if (entry)
			return exclusions__match(&d->exclusions, r, OBJECT, entry->name)
				       ? 0
				       : claim_entry(d, r, entry);
	}
	written = request__written(p);
	return claims__add_failed(&d->claims, r, target__new(TARGET_SYSCALL, OBJECT, written),
				  REASON_NOT_FOUND, why_not_found(d, r));
}

static int resolve_glob(struct discovery *d, const struct request *r)
{
	size_t n;
	const struct syscall_entry *all = syscalls__all(&n);
	struct glob_counts counts = {};
	size_t foreign = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		if (!pattern__matches(r->pattern, all[i].name))
			continue;
		if (exclusions__match(&d->exclusions, r, OBJECT, all[i].name)) {
			counts.excluded++;
		} else if (denylist__syscall(all[i].name)) {
			counts.denied++;
		} else {
			err = claim_entry(d, r, &all[i]);
			if (err)
				return err;
			counts.taken++;
			foreign += all[i].nr < 0;
		}
	}
	if (foreign && !d->sources.env->lenient)
		log_info("%s: %zu of the system calls are made by 32-bit programs only",
			 r->pattern->text, foreign);
	return discovery__finish_glob(d, r,
				      target__new(TARGET_SYSCALL, OBJECT, r->pattern->functions[0]),
				      &counts, REASON_NOT_FOUND,
				      counts.taken ? NULL : why_not_found(d, r));
}

int syscall__resolve(struct discovery *d, const struct request *r)
{
	return r->pattern->glob ? resolve_glob(d, r) : resolve_exact(d, r);
}
