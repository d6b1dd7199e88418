/* SPDX-License-Identifier: GPL-2.0-only */
/* libmicrohttpd, whose return type changed in 0.9.71. */
#ifndef HTTP_MHD_H
#define HTTP_MHD_H

#include <microhttpd.h>

#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result mhd_result;
#else
typedef int mhd_result;
#endif

#endif /* HTTP_MHD_H */
