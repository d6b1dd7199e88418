/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data and descriptors that a server gets from the attacher. It has nothing of the attacher
 * beyond what the pages show.
 *
 * The attacher fills a struct served with borrowed data and writes it (process/serving.h); the
 * server reads it. process/served.c lists the fields once, for both.
 */
#pragma once

#include "base/histogram_views.h"
#include "counts/banks.h"
#include "counts/shared_missed.h"
#include "config/config.h"
#include "base/log.h"
#include "probes/target_state.h"
#include "http/sockets.h"

struct served_generation {
	struct banks banks;
	struct bank_source board_source;
	const struct shared_missed *board;
	struct bank_source in_flight_source;
	const struct in_flight_target *in_flight; /* by target id */
	const struct capture_spec **extras;	  /* by target id, for snapshot__take() */
	size_t ntargets;			  /* ids are less than this */
};

#define SERVED_NOWHERE UINT32_MAX

struct served_row {
	struct target_state state; /* without counts */
	uint32_t generation;	   /* index; SERVED_NOWHERE: not attached */
};

/* A server's ends of the channels to the attacher. */
enum served_channel {
	SERVED_REFRESH,
	SERVED_RELOAD,
	SERVED_CALLS, /* in progress, and samples */
	SERVED_END,   /* the server sends signs of life, and the attacher tells it to end */
	SERVED_WEB,   /* -1 without a web configuration file */
	SERVED_CHANNELS,
};

struct served {
	struct served_row *rows;
	size_t n;
	struct served_generation *generations;
	size_t ngenerations;
	struct missed_program gone[MISSED_MECHANISMS]; /* of former generations */
	/* False: the probes are not attached yet. The server then waits briefly for its successor,
	 * and answers only /-/healthy and "not ready". */
	bool ready;
	uint64_t cell_bytes;
	struct histogram_layout *layout, *size_layout; /* of all generations; NULL without any */
	struct histogram_views views; /* of targets with buckets of their own; the server's */
	const char *updates;	      /* of label sets, for label_cache__read() */
	size_t updates_len;

	struct web_config web; /* the fields that a server needs */
	bool tls;
	struct listener *listeners;
	size_t nlisteners;
	int channels[SERVED_CHANNELS];
	int told, counted; /* base/self.h */
	int history;	   /* pages/history.h; -1: none */
	int *copies;	   /* files that it runs from memory (process/copies.h) */
	size_t ncopies;
	/* The current texts of the web configuration. They may be secret, so they are not kept; -1:
	 * none. */
	int web_texts;
	size_t web_texts_len;

	/* Only after served__read(). */
	const void *mapping;
	size_t mapping_len;
	struct target *targets;
};

/* The beginning of the data. */
struct served_head {
	char magic[32];
	uint64_t size; /* of all data */
	uint32_t log_level, log_format;
};

/* Reads or writes all fields. After reading, shared memory is not mapped yet. */
void served__image(struct image *io, struct served *s);
/* A descriptor of sealed memory with the data, or a negative errno. */
int served__write(const struct served *s, enum log_level level, enum log_format format);
/* All descriptors in s, in an array to be freed. Returns their number. */
size_t served__descriptors(const struct served *s, int **out);

/* 0, or -EINVAL: not the data of a server. */
int served__read_head(int fd, struct served_head *out);
/* Takes ownership of fd and of all descriptors in the data, and maps their memory. 0 or a negative
 * errno; free *out in either case. */
int served__read(int fd, uint64_t size, struct served *out);
void served__free(struct served *s); /* does not close descriptors */
