/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls: by their number, so that they are the same on every kernel. */
#include <errno.h>

#include "denylist.h"
#include "discover_internal.h"
#include "suggest.h"
#include "syscalls.h"

#define OBJECT "syscall"

static int claim_entry(struct discovery *d, const struct request *r,
		       const struct syscall_entry *entry)
{
	struct target *t = target__new(TARGET_SYSCALL, OBJECT, entry->name);
	const char *why = denylist__syscall(entry->name);

	t->kind = RP_KIND_ERRNO;
	t->nr = entry->nr;
	t->nr32 = entry->nr32;
	if (why)
		return discovery__claim_failed(d, r, t, REASON_DENIED, xstrdup(why));
	return discovery__claim(d, r, t);
}

static char *why_not_found(const struct request *r)
{
	__cleanup_free char *names = discovery__in_words(r->pattern), *near = NULL;
	__cleanup_free const char **candidates = NULL;
	size_t n;
	const struct syscall_entry *all = syscalls__all(&n);

	candidates = xcalloc(n, sizeof(*candidates));
	for (size_t i = 0; i < n; i++)
		candidates[i] = all[i].name;
	near = suggest__hint(r->pattern->functions[0], candidates, n);
	return xasprintf("no system call %s%s", names, near);
}

static int resolve_exact(struct discovery *d, const struct request *r)
{
	const struct pattern *p = r->pattern;
	__cleanup_free char *written = NULL;

	for (size_t i = 0; i < p->nfunctions; i++) {
		const struct syscall_entry *entry = syscalls__find(p->functions[i]);

		if (entry)
			return discovery__excluded(d, r, OBJECT, entry->name)
				       ? 0
				       : claim_entry(d, r, entry);
	}
	written = discovery__written(p);
	return discovery__claim_failed(d, r, target__new(TARGET_SYSCALL, OBJECT, written),
				       REASON_NOT_FOUND, why_not_found(r));
}

static int resolve_glob(struct discovery *d, const struct request *r)
{
	size_t n;
	const struct syscall_entry *all = syscalls__all(&n);
	struct tally tally = {};
	int err;

	for (size_t i = 0; i < n; i++) {
		if (!pattern__matches(r->pattern, all[i].name))
			continue;
		if (discovery__excluded(d, r, OBJECT, all[i].name)) {
			tally.excluded++;
		} else if (denylist__syscall(all[i].name)) {
			tally.denied++;
		} else {
			err = claim_entry(d, r, &all[i]);
			if (err)
				return err;
			tally.taken++;
		}
	}
	return discovery__finish_glob(d, r, TARGET_SYSCALL, OBJECT, &tally, REASON_NOT_FOUND,
				      xasprintf("no system call matches %s",
						r->pattern->functions[0]));
}

int discover_syscall(struct discovery *d, const struct request *r)
{
	return r->pattern->glob ? resolve_glob(d, r) : resolve_exact(d, r);
}
