/* SPDX-License-Identifier: GPL-2.0-only */
/* A change of the set of attached targets, while it is made. */
#pragma once

#include "probes/generation.h"

/* Why the configuration is resolved (again). */
enum occasion { CONFIGURED, MACHINE_CHANGED };

/* A target of the new probe table. */
struct wanted {
	struct target *target;	       /* as resolved now, NULL once a generation has it; owned */
	struct generation *generation; /* has it attached, or tried to attach it; NULL: none */
	uint32_t id;		       /* in that generation */
	struct target *renamed; /* its current names, if the generation's may be old; owned */
	uint64_t max_rate;
	bool own_rate;
	double max_cpu;
	struct probe_notes notes; /* owned */
};

/* An attached or paused target. */
struct actual {
	const struct target *target;
	struct generation *generation;
	bool stays;
};

/* A function of a file that was replaced or removed: processes that still run it are counted. */
struct follow {
	enum { REPLACED, REMOVED, BACK } what;
	struct wanted *wanted;
	struct actual *actual;
};

struct change {
	struct config *config;
	enum occasion occasion;
	bool renew;	  /* re-attach everything */
	const char *full; /* why there is no room for new targets; NULL: not known to be so */
	double resolved;  /* when the targets had been found; monotonic seconds */
	struct wanted *wanted;
	size_t nwanted;
	struct actual *actual; /* sorted by place */
	size_t nactual;
	struct follow *follows;
	size_t nfollows;
	struct targets
		*fresh; /* to be attached; borrowed from wanted until a generation has them */
	struct generation *added; /* of the fresh targets; NULL: none */
};

/* Keeps w attached where it is. */
void wanted__stay(struct wanted *w, struct actual *a);
bool wanted__is_attached(const struct wanted *w);
const struct target *wanted__target(const struct wanted *w);

/* Frees what the change still owns, but not ch itself. */
void change__free(struct change *ch);
