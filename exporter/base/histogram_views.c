/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/histogram_views.h"

const struct histogram_layout *histogram_views__get(struct histogram_views *views,
						    const struct histogram_layout *g,
						    const double *bounds, size_t n)
{
	struct histogram_layout **slot;

	for (size_t i = 0; i < views->n; i++)
		if (views->v[i]->nclassic == n &&
		    (!n || !memcmp(views->v[i]->classic, bounds, n * sizeof(*bounds))))
			return views->v[i];
	slot = array__grow(&views->v, &views->n, sizeof(*views->v));
	return *slot = histogram_layout__view(g, bounds, n);
}

void histogram_views__free(struct histogram_views *views)
{
	for (size_t i = 0; i < views->n; i++)
		histogram_layout__free(views->v[i]);
	free(views->v);
	*views = (struct histogram_views){};
}
