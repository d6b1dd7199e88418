/* SPDX-License-Identifier: GPL-2.0-only */
/* Labels, filters and observed values: keys of a probe, whose target is the struct probe_list, and
 * flags. */
#pragma once

#include "config/probe_list.h"
#include "yaml/bind.h"

int expressions__bind_labels(struct binder *b, const struct tree_node *list, void *target);
int expressions__bind_filter(struct binder *b, const struct tree_node *list, void *target);
int expressions__bind_observe(struct binder *b, const struct tree_node *map, void *target);
/* `when`, whose target is the struct sampling. */
int expressions__bind_when(struct binder *b, const struct tree_node *list, void *target);
/* `show`, likewise. */
int expressions__bind_show(struct binder *b, const struct tree_node *map, void *target);

/* A list of texts, or one. where: what each is, for messages. */
int expressions__bind_list(struct binder *b, const struct tree_node *list, const char *where,
			   struct expression **v, size_t *n);

/* Of the command line: "comm" or "NAME=EXPRESSION". 0, or -EINVAL and *why (base/error.h). */
int expressions__add_label(struct probe_settings *s, const char *text, const struct source_pos *pos,
			   char **why);
/* "NAME=EXPRESSION" */
int expressions__add_observed(struct probe_settings *s, const char *text,
			      const struct source_pos *pos, char **why);
int expressions__add_filter(struct probe_settings *s, const char *text,
			    const struct source_pos *pos, char **why);
int expressions__add_when(struct sampling *s, const char *text, const struct source_pos *pos,
			  char **why);
