/* SPDX-License-Identifier: GPL-2.0-only */
/* A sample as JSON. API.md explains the members. */
#pragma once

struct buf;
struct sample_name;
struct sample_report;

/* name: one of the sample's. */
void sample_json__print(struct buf *b, const struct sample_report *s,
			const struct sample_name *name);
