/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CONFIG_HELP_H
#define CONFIG_HELP_H

#include <stdio.h>

/* Prints what --help shows. */
void help__print(FILE *out);

#endif /* CONFIG_HELP_H */
