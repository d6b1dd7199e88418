/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of mechanisms. */
#pragma once

#include "attach/mechanism.h"
#include "base/fault.h"

#define MECHANISMS 16

/* The cheapest first, by type of target. */
extern const struct attach_ops *const mechanisms[MECHANISMS];

/* NULL, or why this machine does not support it. */
const char *mechanisms__unavailable(const struct attach_ops *ops, struct features *f);
/* NULL, or why it can lose calls on this machine. */
const char *mechanisms__inexact(const struct attach_ops *ops, struct features *f);
/* By name; NULL: there is none, as for "auto". */
const struct attach_ops *mechanisms__find(const char *name);
/* Why no mechanism for a type of targets works here; NULL if one does. */
const char *mechanisms__impossible(struct features *f, enum target_type type);
/* Whether system calls of the configuration may be attached by their functions here. */
bool mechanisms__may_be_by_functions(const struct config *c, struct features *f);
/* Whether the mechanism that --mechanism forces works here and suits some target of the
 * configuration. Call it once at the start. Returns a fault with *error, to be freed. */
enum fault mechanisms__check_forced(const struct config *c, struct features *f, char **error);
