/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A generation: targets that were attached together, the objects loaded for them, and their counts.
 * A reload puts new targets into a new generation. Older generations stay unchanged for the targets
 * that stay, until none is left.
 */
#pragma once

#include "attach/attach.h"
#include "base/histogram_views.h"
#include "labels/slots.h"
#include "probes/missed.h"
#include "probes/target_cost.h"
#include "scan/scan.h"

struct generation {
	unsigned number;
	struct config *config; /* a reference; targets borrow from it */
	struct histogram_layout *layout, *size_layout;
	struct histogram_views views; /* of targets with buckets of their own */
	struct targets *targets;
	struct attach *attach;
	struct object_params params;
	struct memory_plan memory;

	/* NULL until it is started. */
	struct object *obj;
	struct missed *missed;
	struct scan *scan;
	struct label_slots *labels;
	struct target_cost *costs; /* by target id; NULL: no target has a budget */
	size_t live;		   /* attached or paused targets */
};

/*
 * Plans only. Takes ownership of targets. taken: bytes of the memory limit that other generations
 * use. FAULT_NONE, or FAULT_CONFIG with *error, one line, to be freed.
 */
enum fault generation__plan(struct config *c, struct features *f, struct targets *targets,
			    unsigned number, uint64_t taken, struct generation **out, char **error);
/* Loads and attaches. FAULT_NONE even if some targets could not be attached; those have their
 * reason set. Or another fault and *error. */
enum fault generation__start(struct generation *g, struct features *f, char **error);
/* Detaches an attached or paused target for good. */
void generation__detach(struct generation *g, uint32_t id);
/* Pause attached targets and resume paused ones; see attach/attach.h. Their counts continue. */
void generation__pause(struct generation *g, const uint32_t *ids, size_t n);
void generation__resume(struct generation *g, const uint32_t *ids, size_t n);
/* Updates missed calls and label sets. 0 or a negative errno. */
int generation__update(struct generation *g, double now);
/* Finds the texts of new label sets. */
void generation__name(struct generation *g, double now);
void generation__free(struct generation *g); /* detaches what is left; NULL is fine */

bool generation__is_attached(const struct generation *g, uint32_t id);
bool generation__is_paused(const struct generation *g, uint32_t id);
/* Whether the target is attached or paused. */
static inline bool generation__has(const struct generation *g, uint32_t id)
{
	return generation__is_attached(g, id) || generation__is_paused(g, id);
}

/* How often the target has been re-attached. */
unsigned generation__rounds(const struct generation *g, uint32_t id);
