/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel functions of session programs; see abi.h on how they are called. */
#ifndef RP_SESSION_BPF_H
#define RP_SESSION_BPF_H

#include "abi.h"
#include "kernel.h"

static bool (*const session_is_return)(void *ctx) = (void *)RP_KFUNC_SESSION_IS_RETURN;
static __u64 *(*const session_cookie)(void *ctx) = (void *)RP_KFUNC_SESSION_COOKIE;

#endif /* RP_SESSION_BPF_H */
