/* SPDX-License-Identifier: GPL-2.0-only */
#include "discover/processes.h"

#define ADDED_MAX    3
#define CGROUP_UNDER "cgroup under "

static void add(struct process_filters *f, char *text)
{
	f->filters[f->settings.nfilters++] = (struct expression){ .text = text };
}

/* A filter's literal may be in quotes, and ends with them. */
static char *quote(const char *comm)
{
	return xasprintf(strchr(comm, '"') ? "comm == '%s'" : "comm == \"%s\"", comm);
}

void process_filters__add(struct process_filters *out, const struct request *r,
			  const struct program_files *programs)
{
	const struct probe_settings *s = &r->list->settings;
	const struct selection *select = r->list->select;
	const char *cgroup = select && programs ? program_files__cgroup(programs, select) : NULL;

	*out = (struct process_filters){ .settings = *s };
	if (!select || !(select->comm || select->pid || cgroup))
		return;
	out->filters = xcalloc(s->nfilters + ADDED_MAX, sizeof(*out->filters));
	out->settings.filters = out->filters;
	if (s->nfilters)
		memcpy(out->filters, s->filters, s->nfilters * sizeof(*s->filters));
	if (select->pid)
		add(out, xasprintf("pid == %d", select->pid));
	if (select->comm)
		add(out, quote(select->comm));
	if (cgroup)
		add(out, xasprintf(CGROUP_UNDER "%s", cgroup));
}

bool process_filters__find(const struct process_filters *f, const struct request *r,
			   const struct source_pos **pos)
{
	for (size_t i = 0; f->filters && i < f->settings.nfilters; i++) {
		bool ours = i >= r->list->settings.nfilters;

		if (*pos != &f->filters[i].pos)
			continue;
		*pos = ours ? &r->pattern->pos : &r->list->settings.filters[i].pos;
		return ours;
	}
	return false;
}

void process_filters__free(struct process_filters *f)
{
	for (size_t i = 0; f->filters && i < f->settings.nfilters; i++)
		if (!f->filters[i].pos.file)
			free(f->filters[i].text);
	free(f->filters);
}
