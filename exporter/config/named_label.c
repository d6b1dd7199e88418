/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/named_label.h"

const struct named_label named_labels[NAMED_LABELS] = {
	{ "comm", "comm", RP_SOURCE_COMM, LABEL_WHOLE },
	{ "pid", "pid", RP_SOURCE_PID, LABEL_WHOLE },
	{ "tid", "tid", RP_SOURCE_TID, LABEL_WHOLE },
	{ "uid", "uid", RP_SOURCE_UID, LABEL_WHOLE },
	{ "cpu", "cpu", RP_SOURCE_CPU, LABEL_WHOLE },
	{ "cgroup", "cgroup", RP_SOURCE_CGROUP, LABEL_WHOLE },
	{ "container_id", "container_id", RP_SOURCE_CGROUP, LABEL_CONTAINER_ID },
	{ "pod_uid", "pod_uid", RP_SOURCE_CGROUP, LABEL_POD_UID },
	{ "caller", "caller", RP_SOURCE_CALLER, LABEL_CALLER },
	{ "caller[2]", "caller_2", RP_SOURCE_CALLER_2, LABEL_CALLER },
};

const struct named_label *named_label__find(const char *name)
{
	for (size_t i = 0; i < NAMED_LABELS; i++)
		if (!strcmp(name, named_labels[i].name))
			return &named_labels[i];
	return NULL;
}

const struct named_label *named_label__of(const char *label, const char *text)
{
	const struct named_label *named = named_label__find(text);

	return named && !strcmp(label, named->label) ? named : NULL;
}
