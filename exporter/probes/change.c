/* SPDX-License-Identifier: GPL-2.0-only */
#include "probes/change.h"

void wanted__stay(struct wanted *w, struct actual *a)
{
	a->stays = true;
	w->generation = a->generation;
	w->id = a->target->id;
}

bool wanted__is_attached(const struct wanted *w)
{
	return w->generation && generation__is_attached(w->generation, w->id);
}

const struct target *wanted__target(const struct wanted *w)
{
	return w->target ? w->target : w->generation->targets->v[w->id];
}

void change__free(struct change *ch)
{
	generation__free(ch->added);
	if (ch->fresh) {
		free(ch->fresh->v);
		free(ch->fresh);
	}
	for (size_t i = 0; i < ch->nwanted; i++) {
		target__free(ch->wanted[i].target);
		target__free(ch->wanted[i].renamed);
		probe_notes__free(&ch->wanted[i].notes);
	}
	free(ch->wanted);
	free(ch->actual);
	free(ch->follows);
}
