/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/errno_names.h"

/* The kernel's internal codes, which are in no header for user space (include/linux/errno.h). */
static const char *const internal_names[] = {
	[512] = "ERESTARTSYS",
	[513] = "ERESTARTNOINTR",
	[514] = "ERESTARTNOHAND",
	[515] = "ENOIOCTLCMD",
	[516] = "ERESTART_RESTARTBLOCK",
	[517] = "EPROBE_DEFER",
	[518] = "EOPENSTALE",
	[519] = "ENOPARAM",
	[521] = "EBADHANDLE",
	[522] = "ENOTSYNC",
	[523] = "EBADCOOKIE",
	[524] = "ENOTSUPP",
	[525] = "ETOOSMALL",
	[526] = "ESERVERFAULT",
	[527] = "EBADTYPE",
	[528] = "EJUKEBOX",
	[529] = "EIOCBQUEUED",
	[530] = "ERECALLCONFLICT",
	[531] = "ENOGRACE",
};

/* The C library has the numbers of this architecture: MIPS and SPARC differ from the rest. */
static const char *known_name(int64_t err)
{
	if (err <= 0 || err >= (int64_t)ARRAY_SIZE(internal_names))
		return NULL;
	return internal_names[err] ?: strerrorname_np((int)err);
}

const char *errno_name(int64_t err, char *buf, size_t size)
{
	const char *name = known_name(err);

	if (name)
		return name;
	snprintf(buf, size, "E%lld", (long long)err);
	return buf;
}

size_t errno_names(const char *out[ERRNO_NAMES])
{
	size_t n = 0;

	for (int err = 1; err < (int)ARRAY_SIZE(internal_names) && n < ERRNO_NAMES; err++) {
		out[n] = known_name(err);
		n += out[n] != NULL;
	}
	return n;
}
