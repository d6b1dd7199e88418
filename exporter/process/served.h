/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that a server is given: what is served until something changes, as data, and the descriptors
 * that go with it. Nothing of the attacher's is in it but what its pages show.
 *
 * The attacher fills one with what it has, borrowed, and writes it (process/serving.h); a server
 * reads its own. Which fields there are is said once, for both, in process/served.c.
 */
#ifndef PROCESS_SERVED_H
#define PROCESS_SERVED_H

#include "counts/banks.h"
#include "counts/shared_missed.h"
#include "config/config.h"
#include "base/log.h"
#include "expose/metrics.h"
#include "http/sockets.h"

struct served_generation {
	struct banks banks;
	struct bank_source board_source;
	const struct shared_missed *board;
	const struct target_extra **extras; /* by target id, as snapshot__take() wants them */
	size_t ntargets;		    /* ids are below */
};

#define SERVED_NOWHERE UINT32_MAX

struct served_row {
	struct target_state state; /* but for its numbers */
	uint32_t generation;	   /* its place; SERVED_NOWHERE: it is not attached */
};

/* A server's ends of the channels to the attacher. */
enum served_channel {
	SERVED_REFRESH,
	SERVED_RELOAD,
	SERVED_END, /* on this one it says that it lives, and is told to end */
	SERVED_WEB, /* -1 without a web configuration file */
	SERVED_CHANNELS,
};

struct served {
	struct served_row *rows;
	size_t n;
	struct served_generation *generations;
	size_t ngenerations;
	struct missed_program gone[MISSED_MECHANISMS]; /* of generations that are no more */
	/* False: nothing is attached yet. Then a server waits for a moment, in which whoever
	 * connects waits for the one after it, and answers nothing but that it lives. */
	bool ready;
	uint64_t cell_bytes;
	struct grid *grid, *size_grid; /* all generations have the same; NULL without any */
	const char *news;	       /* of label sets, for label_cache__read() */
	size_t news_len;

	struct web_config web; /* what a server needs of it */
	bool tls;
	struct listener *listeners;
	size_t nlisteners;
	int channels[SERVED_CHANNELS];
	int told, counted; /* base/self.h */
	int *copies;	   /* what it runs, where that is no file (process/copies.h) */
	size_t ncopies;
	/* What it would be told first of the web configuration, which may be a secret, so that it
	 * is not kept; -1: nothing. */
	int web_texts;
	size_t web_texts_len;

	/* Of one that has been read. */
	const void *mapping;
	size_t mapping_len;
	struct target *targets;
};

/* What comes first. */
struct served_head {
	char magic[32];
	uint64_t size; /* of all */
	uint32_t log_level, log_format;
};

/* All fields; what is read is not mapped yet. */
void served__image(struct image *io, struct served *s);
/* A descriptor of memory that has it all, and that nobody can change; or a negative errno. */
int served__write(const struct served *s, enum log_level level, enum log_format format);
/* The descriptors that go with it; to be freed. Returns how many. */
size_t served__descriptors(const struct served *s, int **out);

/* -EINVAL: that is something else. */
int served__read_head(int fd, struct served_head *out);
/* Takes the descriptor of so much, and all those that go with it; what they stand for is mapped. 0
 * or a negative errno; to be freed either way. */
int served__read(int fd, uint64_t size, struct served *out);
void served__free(struct served *s); /* but for its descriptors */

#endif /* PROCESS_SERVED_H */
