/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the screen shows, and what keys change of it. Knows no terminal: a screen is lines of text,
 * one of which is selected.
 */
#pragma once

#include "base/buf.h"
#include "top/rows.h"

enum view_key {
	KEY_NONE,
	KEY_UP = 0x100,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_ENTER,
	KEY_BACK,
	/* Others are their character. */
};

struct view {
	enum top_column sort;
	bool reverse;
	bool since_start; /* rows since the start, not of the last interval */
	bool opened;	  /* the selected row's histogram */
	bool listing;	  /* samples */
	bool quit;
	char *selected; /* name of a row; NULL: the first */
	size_t top;	/* the first row or line on the screen */
	size_t page;	/* rows on the last screen */
};

/* rows: what the screen shows, sorted. */
void view__key(struct view *v, unsigned key, const struct top_rows *rows);
void view__free(struct view *v); /* what is in it */

struct screen {
	unsigned width, height;
	const char *message; /* for the last line but one; NULL: none */
};

/* Appends at most screen->height lines. *bright: two lines to be emphasised, by their number from
 * 0; -1: none. */
void view__draw(struct view *v, const struct top_rows *rows, const struct screen *screen,
		struct buf *out, int bright[2]);
