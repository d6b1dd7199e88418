/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdio.h>

/* Prints what --help shows. */
void help__print(FILE *out);
