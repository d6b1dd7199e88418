/* SPDX-License-Identifier: GPL-2.0-only */
/* libmicrohttpd, whose return type changed in 0.9.71. */
#pragma once

#include <microhttpd.h>

#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result mhd_result;
#else
typedef int mhd_result;
#endif

/* A request header's value, or NULL. */
static inline const char *mhd_header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}
