/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The safety valve: which targets are called more often than their max_rate allows, over ten
 * seconds. Decides nothing.
 */
#ifndef VALVE_H
#define VALVE_H

#include "view.h"

struct valve;

struct valve *valve__new(void);
void valve__free(struct valve *v); /* NULL is fine */

/* Reads the cells; to be called every few seconds. Returns how many targets are hot now. */
size_t valve__check(struct valve *v, const struct view *view, double now);
/* What the last check found. */
bool valve__is_hot(const struct valve *v, const struct generation *g, uint32_t id);
/* Is held by a link that holds a hot one too; not of that one itself. */
bool valve__shares_link(const struct valve *v, const struct generation *g, uint32_t id);

#endif /* VALVE_H */
