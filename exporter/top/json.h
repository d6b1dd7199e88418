/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows as JSON, for --once --format=json. TOP.md explains the members. */
#pragma once

#include "base/buf.h"
#include "top/rows.h"

/* The order of the functions is that of the rows. */
void top_json__print(struct buf *out, const struct top_rows *rows);
