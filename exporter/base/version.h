/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

extern const char rp_version[];	 /* "0.1.0" */
extern const char rp_revision[]; /* short commit id, or "unknown" */
