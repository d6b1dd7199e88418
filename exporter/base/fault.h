/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose fault it is that something cannot be done: it decides the exit code, and whether trying
 * again is of any use. An errno does not tell: the kernel's EINVAL is no mistake of the user's.
 * Functions that can fail for one reason only return what they like.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

enum fault {
	FAULT_NONE,	/* it is done */
	FAULT_CONFIG,	/* the command line or a configuration file is wrong */
	FAULT_MACHINE,	/* the kernel or the machine does not do it, now or ever */
	FAULT_NO_ROOM,	/* likewise, because of what we hold already */
	FAULT_STOPPING, /* the process is to end */
};

#endif /* BASE_FAULT_H */
