/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A generation: targets that were attached at one time, with the objects that were loaded for them,
 * and all that is known of their counts. A reload that brings new targets makes a new one; the old
 * ones live on, untouched, for the targets that stay, until none is left.
 */
#ifndef PROBES_GENERATION_H
#define PROBES_GENERATION_H

#include "attach/attach.h"
#include "labels/slots.h"
#include "probes/missed.h"

struct generation {
	unsigned number;
	struct config *config; /* a reference: targets borrow from it */
	struct grid *grid, *size_grid;
	struct targets *targets;
	struct attach *attach;
	struct object_params params;
	struct memory_plan memory;

	/* Once it has been started. */
	struct object *obj;
	struct losses *losses;
	struct label_slots *labels;
	size_t live; /* targets that are attached or paused */
};

/*
 * Decides, changes nothing. Takes the targets. taken: bytes of the memory limit that are others'.
 * FAULT_NONE, or FAULT_CONFIG with *error, one line, to be freed.
 */
enum fault generation__plan(struct config *c, struct features *f, struct targets *targets,
			    unsigned number, uint64_t taken, struct generation **out, char **error);
/* Loads and attaches. FAULT_NONE, also if some targets could not be attached, which have their
 * reasons; or another fault and *error. */
enum fault generation__start(struct generation *g, struct features *f, char **error);
/* Lets go of a target that is attached or paused. */
void generation__detach(struct generation *g, uint32_t id);
/* Pauses targets that are attached, and attaches paused ones again: attach/attach.h. Their counts
 * go on.
 */
void generation__pause(struct generation *g, const uint32_t *ids, size_t n);
void generation__resume(struct generation *g, const uint32_t *ids, size_t n);
/* Brings losses and label sets up to date. 0 or a negative errno. */
int generation__update(struct generation *g, double now);
/* Names label sets that are new. */
void generation__name(struct generation *g, double now);
void generation__free(struct generation *g); /* detaches what is left; NULL is fine */

bool generation__is_attached(const struct generation *g, uint32_t id);
bool generation__is_paused(const struct generation *g, uint32_t id);
/* Times that it has been attached again. */
unsigned generation__rounds(const struct generation *g, uint32_t id);

#endif /* PROBES_GENERATION_H */
