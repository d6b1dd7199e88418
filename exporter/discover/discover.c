/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every pattern of the configuration claims the functions that it names (discover/claims.c). A
 * function that cannot be attached is a target with a reason, so that metrics show it. Functions
 * that a glob leaves out are only counted.
 *
 * Targets, and so their ids, are in order of the configuration, and within a glob by name.
 */
#include "discover/discover.h"

#include <errno.h>

#include "discover/clones.h"
#include "discover/event.h"
#include "discover/kernel.h"
#include "discover/raw_event.h"
#include "discover/span.h"
#include "discover/syscall.h"
#include "discover/syscall_functions.h"
#include "discover/target_exits.h"
#include "discover/usdt_event.h"
#include "discover/user.h"

static void release(struct discovery *d)
{
	claims__free(&d->claims);
	exclusions__free(&d->exclusions);
	sources__release(&d->sources);
}

static int resolve(struct discovery *d, const struct request *r)
{
	switch (r->pattern->type) {
	case OBJECT_SYSCALL:
		return syscall__resolve(d, r);
	case OBJECT_TRACEPOINT:
		return event__resolve(d, r);
	case OBJECT_RAW_TRACEPOINT:
		return raw_event__resolve(d, r);
	case OBJECT_USDT:
		return usdt_event__resolve(d, r);
	case OBJECT_SPAN:
		return span__resolve(d, r);
	case OBJECT_USER:
	case OBJECT_ENTRY:
		return user__resolve(d, r);
	case OBJECT_ANY:
	case OBJECT_KERNEL:
	case OBJECT_MODULE:
		break;
	}
	return kernel__resolve(d, r);
}

int discover__run(const struct config *c, const struct discover_env *env, struct targets **out,
		  char **error)
{
	struct discovery d = {
		.sources = { .env = env },
		.claims = { .sources = &d.sources },
		.exclusions = { .config = c },
	};
	struct targets *all;
	int err = 0;

	if (config__selections(c, NULL) > SELECTIONS_MAX) {
		*error = xasprintf("%zu probes by library, comm, container, pod_uid or pid, but no "
				   "more than %d can be had at a time: join those that differ in "
				   "their functions only",
				   config__selections(c, NULL), SELECTIONS_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < c->nlists && !err; i++) {
		for (size_t j = 0; j < c->lists[i].npatterns && !err; j++) {
			struct request r = { &c->lists[i], &c->lists[i].patterns[j] };

			if (!r.pattern->exclude)
				err = resolve(&d, &r);
		}
	}
	if (err) {
		*error = take_ptr(d.claims.error);
		release(&d);
		return err;
	}
	if (!env->lenient)
		exclusions__warn_unused(&d.exclusions);
	clones__describe(&d);
	all = claims__collect(&d.claims);
	syscall_functions__find(all, &d.sources);
	target_exits__find(all, c->mechanism);
	release(&d);
	if (all->nids > RP_MAX_TARGETS) {
		*error = xasprintf("%zu functions, but no more than %d can be probed at a time: "
				   "narrow the globs",
				   all->nids, RP_MAX_TARGETS);
		targets__free(all);
		return -EINVAL;
	}
	*out = all;
	return 0;
}
