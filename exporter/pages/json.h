/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of JSON objects. */
#pragma once

#include "base/buf.h"

#define JSON_TYPE "application/json; charset=utf-8"

/* Appends `,"name":` and the text. NULL: null. */
void json__member(struct buf *b, const char *name, const char *value);
/* Appends the lines of a text as the elements of an array, without its brackets. NULL: none. */
void json__lines(struct buf *b, const char *text);
