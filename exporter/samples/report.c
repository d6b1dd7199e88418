/* SPDX-License-Identifier: GPL-2.0-only */
#include "samples/report.h"

#include <stdlib.h>

static void image_names(struct image *io, struct sample_report *s)
{
	image__array(io, &s->names, &s->nnames, sizeof(*s->names));
	image__expect(io, s->nnames);
	for (size_t i = 0; i < s->nnames && !io->err; i++) {
		image__string(io, &s->names[i].object);
		image__string(io, &s->names[i].function);
		image__string(io, &s->names[i].probe);
		image__expect(io, s->names[i].object && s->names[i].function);
	}
}

static void image_labels(struct image *io, struct sample_label **v, size_t *n)
{
	image__array(io, v, n, sizeof(**v));
	for (size_t i = 0; i < *n && !io->err; i++) {
		image__string(io, &(*v)[i].name);
		image__string(io, &(*v)[i].text);
		image__expect(io, (*v)[i].name && (*v)[i].text);
	}
}

static void image_sample(struct image *io, struct sample_report *s)
{
	image__field(io, &s->number);
	image__field(io, &s->time);
	image__field(io, &s->ns);
	image__field(io, &s->pid);
	image__field(io, &s->tid);
	image__string(io, &s->comm);
	image__string(io, &s->cgroup);
	image__string(io, &s->container_id);
	image__string(io, &s->pod_uid);
	image__string(io, &s->outcome);
	image__string(io, &s->value);
	image__flag(io, &s->has_ret);
	image__flag(io, &s->is_signed);
	image__field(io, &s->ret);
	image_names(io, s);
	image_labels(io, &s->labels, &s->nlabels);
	image_labels(io, &s->shown, &s->nshown);
	image__string(io, &s->stack);
	image__string(io, &s->stack_error);
	image__string(io, &s->user_stack);
	image__string(io, &s->user_stack_error);
}

void samples_report__image(struct image *io, struct samples_report *r)
{
	image__array(io, &r->v, &r->n, sizeof(*r->v));
	for (size_t i = 0; i < r->n && !io->err; i++)
		image_sample(io, &r->v[i]);
}

void samples_report__free(struct samples_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].names);
		free(r->v[i].labels);
		free(r->v[i].shown);
	}
	free(r->v);
	*r = (struct samples_report){};
}
