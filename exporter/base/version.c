/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/version.h"

#include "build_version.h"

const char rp_version[] = RP_VERSION;
const char rp_revision[] = RP_REVISION;
