/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells when the configuration file has changed. It polls by name and follows symbolic links,
 * because the kubelet replaces a mounted ConfigMap by replacing a link. inotify would need one of
 * the few instances that the node's other programs share, and does not see changes on network file
 * systems.
 */
#pragma once

#include "base/util.h"

struct config_watch;

/* As the file is now: call it before the file is read. The other functions accept NULL. */
struct config_watch *config_watch__new(const char *path);
/* The file is about to be read again: only later changes count. */
void config_watch__note(struct config_watch *w);
/* Whether the file differs from what was noted, and is the same as at the last call. So a file is
 * not read while it is being written. */
bool config_watch__changed(struct config_watch *w);
void config_watch__free(struct config_watch *w);
