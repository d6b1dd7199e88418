/* SPDX-License-Identifier: GPL-2.0-only */
#include "scan/report.h"

static void image_name(struct image *io, struct report_name *n)
{
	image__string(io, &n->object);
	image__string(io, &n->function);
	image__string(io, &n->probe);
	image__expect(io, n->object && n->function);
}

static void image_call(struct image *io, struct report_call *c)
{
	image__array(io, &c->names, &c->nnames, sizeof(*c->names));
	image__expect(io, c->nnames);
	for (size_t i = 0; i < c->nnames && !io->err; i++)
		image_name(io, &c->names[i]);
	image__field(io, &c->age);
	image__flag(io, &c->at_least);
	image__field(io, &c->pid);
	image__field(io, &c->tid);
	image__string(io, &c->comm);
	image__string(io, &c->cgroup);
	image__string(io, &c->container_id);
	image__string(io, &c->pod_uid);
	image__string(io, &c->stack);
}

void report__image(struct image *io, struct report *r)
{
	image__field(io, &r->scanned);
	image__flag(io, &r->truncated);
	image__array(io, &r->calls, &r->ncalls, sizeof(*r->calls));
	for (size_t i = 0; i < r->ncalls && !io->err; i++)
		image_call(io, &r->calls[i]);
	image__array(io, &r->unknown, &r->nunknown, sizeof(*r->unknown));
	for (size_t i = 0; i < r->nunknown && !io->err; i++) {
		image_name(io, &r->unknown[i].name);
		image__string(io, &r->unknown[i].why);
	}
}

void report__free(struct report *r)
{
	for (size_t i = 0; i < r->ncalls; i++)
		free(r->calls[i].names);
	free(r->calls);
	free(r->unknown);
	*r = (struct report){};
}
