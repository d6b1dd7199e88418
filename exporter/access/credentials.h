/* SPDX-License-Identifier: GPL-2.0-only */
/* The header "Authorization: Basic ...". */
#pragma once

#include "base/util.h"

struct credentials {
	char *data; /* storage of user and password, which may contain any byte, NUL included */
	const char *user, *password;
	size_t user_len, password_len;
};

/* 0; -EINVAL: not Basic with a user and a password; or -ENOMEM. */
int credentials__parse(const char *header, size_t len, struct credentials *out);
void credentials__free(struct credentials *c); /* wipes them; empty is fine */
