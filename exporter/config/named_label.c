/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/named_label.h"

const struct named_label named_labels[NAMED_LABELS] = {
	{ "comm", RP_SOURCE_COMM, LABEL_WHOLE },
	{ "pid", RP_SOURCE_PID, LABEL_WHOLE },
	{ "tid", RP_SOURCE_TID, LABEL_WHOLE },
	{ "uid", RP_SOURCE_UID, LABEL_WHOLE },
	{ "cpu", RP_SOURCE_CPU, LABEL_WHOLE },
	{ "cgroup", RP_SOURCE_CGROUP, LABEL_WHOLE },
	{ "container_id", RP_SOURCE_CGROUP, LABEL_CONTAINER_ID },
	{ "pod_uid", RP_SOURCE_CGROUP, LABEL_POD_UID },
};

const struct named_label *named_label__find(const char *name)
{
	for (size_t i = 0; i < NAMED_LABELS; i++)
		if (!strcmp(name, named_labels[i].name))
			return &named_labels[i];
	return NULL;
}
