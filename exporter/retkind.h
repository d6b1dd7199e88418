/* SPDX-License-Identifier: GPL-2.0-only */
/* How a result is read, where the configuration asks for something else than its type says. */
#ifndef RETKIND_H
#define RETKIND_H

#include "bpf/abi.h"
#include "config.h"
#include "util.h"

/* A result: RP_KIND_RAW of 8 bytes is one whose type is not known. */
struct retkind {
	enum rp_kind kind;
	uint8_t size; /* bytes: 1, 2, 4, 8 */
};

/*
 * Turns what the type says into what `returns:` asks for. -EINVAL and *why (to be freed, without a
 * position) if such a result cannot be read so; `function` is what it is called there, with its
 * signature if that is known (NULL: it is not).
 */
int retkind__apply(enum returns asked, const char *function, const char *signature,
		   struct retkind *result, char **why);

#endif /* RETKIND_H */
