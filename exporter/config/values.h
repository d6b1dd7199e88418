/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings with a syntax of their own. 0, or -EINVAL and *why, as in base/value.h. */
#pragma once

/* The values of --mechanism and `mechanism:`; ends with NULL. */
extern const char *const config_mechanisms[];

int value__mechanism(const char *text, char **why);
/* "1h30m" -> seconds, at least 1 */
int value__duration(const char *text, double *out, char **why);
/* "0.5%" -> 0.005; above 0, at most 1 */
int value__share(const char *text, double *out, char **why);
int value__listen_address(const char *text, char **why);
int value__http_path(const char *text, char **why);
