/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cause of a failure, which decides the exit code and whether a retry helps. An errno does not
 * tell: EINVAL of the kernel is no mistake of the user.
 */
#pragma once

#include "base/util.h"

enum fault {
	FAULT_NONE,	/* success */
	FAULT_CONFIG,	/* the command line or a configuration file is wrong */
	FAULT_MACHINE,	/* the kernel or the machine refuses it */
	FAULT_NO_ROOM,	/* the same, because of resources that we already hold */
	FAULT_STOPPING, /* the process is stopping */
};

/* Sets *error to a formatted text, to be freed, and returns the fault. */
#define fault__set(error, fault, ...) (*(error) = xasprintf(__VA_ARGS__), (fault))
