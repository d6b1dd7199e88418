/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions that the configuration claims, their names and settings. */
#pragma once

#include "discover/request.h"
#include "discover/sources.h"
#include "discover/target.h"

/* A target to be. Exact names take precedence over globs. */
struct claim {
	struct target *target; /* NULL: its only name belongs to another claim */
	bool exact;
	bool disputed; /* exact claims have different settings: it is not attached */
	bool named;    /* its first name has been set */
	const struct selection *select; /* of its files; NULL: it has one */
};

/* A name that the configuration claims. */
struct claimed_name {
	enum target_type type;
	struct target_name name;
	struct claim *claim;
};

struct claims {
	struct sources *sources;
	struct claim **v; /* in order of the configuration */
	size_t n;
	struct claimed_name **names; /* likewise */
	size_t nnames;
	/* tsearch(3) trees of names, and of attachable claims. */
	void *by_name, *by_place;
	char *error; /* the message of the first -EINVAL */
	/* Functions of the current glob that do not support the settings, and the error of the
	 * first one. */
	size_t nrefused;
	char *refusal;
};

/* Takes ownership of t. -EINVAL with c->error: t is claimed twice with different settings, or does
 * not support the settings. */
int claims__add(struct claims *c, const struct request *r, struct target *t);
/* The same for a target that cannot be attached. Takes ownership of why, too. */
int claims__add_failed(struct claims *c, const struct request *r, struct target *t,
		       enum target_reason reason, char *why);
/* Ends a glob with `taken` functions. -EINVAL with c->error: none of them supports the settings. */
int claims__end_glob(struct claims *c, const struct request *r, size_t taken);
/* The claim on the function of t, by any name. NULL: there is none, or t is not attachable. */
struct claim *claims__find(const struct claims *c, struct target *t);
/* Moves all targets out of c, attachable ones first. */
struct targets *claims__collect(struct claims *c);
void claims__free(struct claims *c);
