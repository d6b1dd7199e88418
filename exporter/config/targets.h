/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of a probe that name its targets. Their target is the struct probe_list. */
#pragma once

#include "config/probe_list.h"
#include "yaml/bind.h"

int targets__bind_functions(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_syscalls(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_usdt(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_entries(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_tracepoints(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_raw_tracepoints(struct binder *b, const struct tree_node *node, void *target);
int targets__bind_module(struct binder *b, const struct tree_node *node, void *target);
/* Whether it is a key of `user:`. */
bool targets__is_user_key(const char *key);
int targets__bind_user(struct binder *b, const struct tree_node *node, void *target);
/* Applies `module`, once all keys are bound: it may stand before or after `functions`. */
int targets__apply_module(struct binder *b, struct probe_list *list);
/* Adds the PROBE that the node holds. */
int targets__add(struct binder *b, const struct tree_node *node, struct probe_list *list);
