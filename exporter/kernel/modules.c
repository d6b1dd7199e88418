/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/modules.h"

#include "base/hash.h"

/* "NAME SIZE USERS USED_BY STATE ADDRESS": a module that was reloaded may be at the same place in
 * the list, but has another address. Unprivileged readers see no addresses. */
uint64_t modules__fingerprint(const char *proc)
{
	__cleanup_free char *path = xasprintf("%s/modules", proc);
	__cleanup_fclose FILE *f = fopen(path, "re");
	char line[4096], name[64], state[16], address[32];
	uint64_t h = HASH_START;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %*s %*s %*s %15s %31s", name, state, address) == 3 &&
		    !strcmp(state, "Live"))
			h = hash__string(hash__string(h, name), address);
	}
	return h ? h : 1;
}
