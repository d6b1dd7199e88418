/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of the internet in filters: `ip(x) == 10.0.0.1`, `ip(x) in fd00::/8`. */
#pragma once

#include "expr/literal.h"

/* An address, or a range of them: the numbers that the BPF program reads, and their bits that are
 * compared. The second number is 0 for IPv4. */
struct address {
	uint64_t literal[2], mask[2];
};

/* The literal of c, for an expression with the format EXPR_IP4 or EXPR_IP6. 0, or -EINVAL with
 * *why. */
int address__read(const struct expr *e, const struct comparison *c, struct address *out,
		  char **why);
