/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal to draw on. ANSI sequences and termios instead of ncurses: every terminal of today
 * knows the few sequences that a table needs, and ncurses would need the terminfo files of a
 * distribution, where the archive must run on all of them.
 */
#pragma once

#include "base/buf.h"

struct terminal;

/* NULL: standard output is no terminal, or TERM says that it knows no sequences. */
struct terminal *terminal__new(void);
/* Leaves the terminal as it was. NULL is fine. */
void terminal__free(struct terminal *t);

/* Begin and end drawing: another screen, no cursor, keys without Enter and without echo. Ctrl-C and
 * Ctrl-Z still send signals. */
void terminal__enter(struct terminal *t);
void terminal__leave(struct terminal *t);

void terminal__size(unsigned *width, unsigned *height);
/* The sequences that show lines of text in the place of the screen. bright: see view__draw(). */
void terminal__compose(const char *lines, const int bright[2], struct buf *out);

/* Readable when a key was pressed; -1: keys do not come from a terminal. */
int terminal__descriptor(const struct terminal *t);
/* Reads what was pressed. Returns the number of keys (top/view.h). */
#define TERMINAL_KEYS 64
size_t terminal__read_keys(struct terminal *t, unsigned keys[TERMINAL_KEYS]);
/* The first key of data, of which *used bytes are taken. */
unsigned terminal__parse_key(const char *data, size_t len, size_t *used);
