/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CONFINE_FIXTURE_H
#define CONFINE_FIXTURE_H

#include "process/confine.h"
#include "process/seccomp.h"

/* As a server confines itself. */
static inline int confine(const int *listeners, size_t n)
{
	int err = confine__drop_privileges();

	return err ? err : seccomp__limit_calls(listeners, n);
}

#endif /* CONFINE_FIXTURE_H */
