/* SPDX-License-Identifier: GPL-2.0-only */
/* The path of a cgroup, which contains container and pod IDs. */
#include "kernel/cgroup_path.h"
#include "fuzz.h"
#include "base/util.h"

void fuzz__input(const char *data, size_t len)
{
	__cleanup_free char *path = fuzz__text(data, len);
	__cleanup_free char *id = cgroup_path__container_id(path);
	__cleanup_free char *uid = cgroup_path__pod_uid(path);

	fuzz__check(id && strlen(id) <= len + strlen("containerd://"));
	fuzz__check(uid && (!*uid || strlen(uid) == 36 || strlen(uid) == 32));
}
