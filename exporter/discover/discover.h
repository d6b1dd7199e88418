/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config + symbols + BTF -> targets with dense ids, and the reason where there is none.
 * Reads the machine, changes nothing, needs no privileges (unprivileged, kernel addresses are 0).
 */
#ifndef DISCOVER_DISCOVER_H
#define DISCOVER_DISCOVER_H

#include "config/config.h"
#include "discover/target.h"

/* Where to read; tests put fixtures here. NULL members mean the running system's own. */
struct discover_env {
	const char *kallsyms;			/* /proc/kallsyms */
	const char *available_filter_functions; /* in tracefs */
	const char *kprobe_blacklist;		/* debugfs; absent is fine */
	const char *btf_dir;			/* /sys/kernel/btf */
	const char *modules_dir;		/* /lib/modules/RELEASE */
	int tracefs;				/* directory descriptor, -1 if there is none */
	/* Nobody has asked for it just now: a function that cannot be had as the configuration
	 * wants it is REASON_REFUSED, and not an error. */
	bool lenient;
};

/*
 * Resolves every pattern of the configuration. A pattern that finds nothing becomes a target with
 * its reason, so that it is exported. -EINVAL with *error (one line, to be freed): two exact claims
 * on one function with different settings, or settings that do not suit the type of a function that
 * is named, or of any that a glob names (but see lenient). targets__free() takes what comes back.
 */
int discover__run(const struct config *c, const struct discover_env *env, struct targets **out,
		  char **error);

/*
 * --probe.list: `object function kind signature`, a line each, for names matching glob (NULL: all);
 * "-" where there is no signature. A glob with a ':' is matched against object:function; only
 * "/path:glob" lists an ELF file. -ENOENT if there is nothing to list, which has been logged.
 */
int discover__list(const struct discover_env *env, const char *glob, FILE *out);

#endif /* DISCOVER_DISCOVER_H */
