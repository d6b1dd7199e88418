/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "process/confine.h"
#include "process/seccomp.h"

/* As a server confines itself. */
static inline int confine(const int *listeners, size_t n)
{
	int err = confine__drop_privileges();

	return err ? err : seccomp__limit_calls(listeners, n);
}
