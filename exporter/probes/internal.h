/* SPDX-License-Identifier: GPL-2.0-only */
/* A change of what is attached, while it is made: probes/reconcile.c, and what is said of it. */
#ifndef PROBES_INTERNAL_H
#define PROBES_INTERNAL_H

#include "probes/generation.h"
#include "probes/reconcile.h"

struct reconcile {
	struct features *features;
	int tracefs;
	struct config *config; /* a reference; NULL before the first one */
	struct generation **generations;
	size_t n;
	unsigned made; /* generations, ever */
	struct view *view;
	struct watch *watch;
	struct valve *valve;
	struct switches *switches;
	void (*on_plan)(const struct generation *g); /* see reconcile__new() */
	unsigned off;				     /* those of them that are off */
	bool changed; /* the view is not what it was, at the last change */
	bool pending; /* the machine has changed, and what follows from that is still to be done */
	char *failed; /* why it could not be, the last time; NULL: it has not been tried */
	double now, last_watch, last_valve, last_former, retry_at;
};

/* Why the configuration is resolved (again). */
enum occasion { CONFIGURED, MACHINE_CHANGED };

/* A target in the making of a view. */
struct wanted {
	struct target *target;	       /* as resolved now, NULL once a generation has it; owned */
	struct generation *generation; /* that has it attached, or tried to; NULL: none */
	uint32_t id;		       /* there */
	struct target *renamed;	       /* has its names, if the generation's may be old; owned */
	uint64_t max_rate;
	bool own_rate;
};

/* A target that is attached, or paused, to be found by its place. */
struct actual {
	const struct target *target;
	struct generation *generation;
	bool stays;
};

/* A function of a file that is not there any more: what programs run of it is kept. */
struct follow {
	enum { REPLACED, REMOVED, BACK } what;
	struct wanted *wanted;
	struct actual *actual;
};

struct change {
	struct config *config;
	enum occasion occasion;
	bool renew;	  /* nothing stays where it is */
	const char *full; /* why there is no room for what is new; NULL: it has not been tried */
	double resolved;  /* when it was known what is wanted; monotonic seconds */
	struct wanted *wanted;
	size_t nwanted;
	struct actual *actual; /* by place */
	size_t nactual;
	struct follow *follows;
	size_t nfollows;
	struct targets *fresh;	  /* borrowed from the wanted until a generation has them */
	struct generation *added; /* of those; NULL: there are none */
};

/* ---- probes/compare.c ---- */

/* The targets leave `all`. */
void change__want(struct change *ch, struct targets *all);
void wanted__stay(struct wanted *w, struct actual *a);
/* What stays is found, and what is new is collected, to be attached. */
void change__compare(struct change *ch, struct reconcile *r);
/* Instead of the two: nothing is new, and nothing goes; what is attached may be paused now. */
void change__keep(struct change *ch, const struct reconcile *r);
/* Likewise: nothing is new, and everything goes. */
void change__drop(struct change *ch, const struct reconcile *r);

/* ---- probes/former.c ---- */

/* Whether the wanted function was attached in a file that has been replaced since, and can go on
 * counting there; then it stays. */
bool change__follows(struct change *ch, struct wanted *w);
/* What was attached in a removed file is wanted again, in the same file. */
void change__is_back(struct change *ch, struct wanted *w, struct actual *a);
/* Keeps what is attached in files that have been removed, while programs run it. */
void change__keep_removed(struct change *ch);
/* Attaches what follows. What cannot be attached does not stay. */
void change__follow(struct change *ch);
/* Lets go of files that no program runs any more. Whether there were any. */
bool reconcile__mind_former(struct reconcile *r);

/* ---- probes/overload.c ---- */

/* Pauses what is called too often, and resumes what has been paused for long enough. Whether there
 * was any. */
bool reconcile__mind_valve(struct reconcile *r, double now);
/* Resumes all that is paused. */
void reconcile__resume_all(struct reconcile *r);

/* ---- probes/switched_off.c ---- */

/* Looks what the kernel has switched off, and marks the targets that it concerns. Whether there
 * were any. */
bool reconcile__mind_switches(struct reconcile *r);

/* ---- probes/report.c ---- */

/* It has its place in a generation: it is attached, or paused. */
bool generation__has(const struct generation *g, uint32_t id);
bool wanted__is_attached(const struct wanted *w);
const struct target *wanted__target(const struct wanted *w);
/* Logs what is not attached, and why, and what has less memory than it asks for. Of what nobody has
 * just asked for, only what `before` did not say yet. */
void change__report(const struct change *ch, const struct view *before);
/* Whether what came of it can be accepted; a fault comes with *error. first: there was nothing
 * before it. */
enum fault change__judge(const struct change *ch, bool first, char **error);

#endif /* PROBES_INTERNAL_H */
