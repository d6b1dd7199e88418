/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the web configuration's schema share; nobody else includes this. */
#ifndef ACCESS_SETTINGS_INTERNAL_H
#define ACCESS_SETTINGS_INTERNAL_H

#include "yaml/bind.h"
#include "access/settings.h"

/* access/settings_tls.c: `tls_server_config:`; target is the struct web_tls_settings. */
int web_settings__bind_tls(struct binder *b, const struct tree_node *map,
			   struct web_tls_settings *tls);

#endif /* ACCESS_SETTINGS_INTERNAL_H */
