/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the web configuration's schema share; nobody else includes this. */
#ifndef ACCESS_SETTINGS_INTERNAL_H
#define ACCESS_SETTINGS_INTERNAL_H

#include "yaml/tree.h"
#include "access/settings.h"

/* Nothing was written behind the colon, or null: the key counts as not given. */
bool web_node__is_null(const struct tree_node *node);
/* A copy of any single value: what YAML takes for a number is text too where text is wanted. */
int web_node__text(struct binder *b, const struct tree_node *node, const char *where, char **out);
int web_node__bool(struct binder *b, const struct tree_node *node, const char *where, bool *out);

/* access/settings_tls.c: `tls_server_config:`; target is the struct web_tls_settings. */
int web_settings__bind_tls(struct binder *b, const struct tree_node *map,
			   struct web_tls_settings *tls);

#endif /* ACCESS_SETTINGS_INTERNAL_H */
