/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "config/loader.h"

/* Parses the command line; reads no files. Sets ->c->action to ACTION_HELP or ACTION_VERSION if
 * such a flag ended the parsing. 0, or -EINVAL and *error. */
int flags__parse(struct loader *l, int argc, char *const argv[], char **error);
