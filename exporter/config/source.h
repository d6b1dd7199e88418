/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

/*
 * Reads a configuration file or a pipe, as of `--config.file=<(command)`. *out has a NUL behind its
 * *len bytes and is to be freed. 0; -EFBIG: longer than max bytes; -ETIMEDOUT: no process writes to
 * the pipe; -ECANCELED: the exporter is stopping; -EINVAL: neither a file nor a pipe; or another
 * negative errno.
 */
int config_source__read(const char *path, size_t max, char **out, size_t *len);
