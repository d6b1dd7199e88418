/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests that share a scrape. The attacher is a thread that answers on command, and counts its
 * requests in the served data. Requests that wait for another's scrape are counted (REPLACED in the
 * Makefile).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/channel.h"
#include "base/clock.h"
#include "process/scrape.h"

#define SCRAPES	 20
#define SOON	 1.0  /* seconds */
#define PATIENCE 10.0 /* of a request without a deadline */

static struct served served;
static struct scraper *scraper;
static struct channel_peer attacher;
static int server;
static pthread_t answering;
static sem_t asked, answer;
static atomic_int refreshes, waiting;

int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	waiting++;
	return __real_pthread_cond_wait(cond, lock);
}

static void *answer_requests(void *arg)
{
	struct pollfd p = { .fd = attacher.fd, .events = POLLIN };
	struct channel_request r;

	while (poll(&p, 1, -1) == 1 && !channel__receive(&attacher, &r)) {
		refreshes += r.op == CHANNEL_REFRESH;
		sem_post(&asked);
		sem_wait(&answer);
		served.gone[0].missed[0] = refreshes;
		channel__answer(&attacher, &r, 0, NULL, 0);
	}
	return NULL;
}

static int set_up(void **state)
{
	served = (struct served){ .gone = { { .shared = 1 } } };
	attacher = (struct channel_peer){};
	refreshes = waiting = 0;
	sem_init(&asked, 0, 0);
	sem_init(&answer, 0, 0);
	if (channel__open(&server, &attacher.fd))
		return -1;
	scraper = scraper__new(&served, server);
	return pthread_create(&answering, NULL, answer_requests, NULL);
}

static void close_server(void)
{
	if (server < 0)
		return;
	shutdown(server, SHUT_RDWR);
	sem_post(&answer);
	pthread_join(answering, NULL);
	cleanup__close(&server);
}

static int tear_down(void **state)
{
	close_server();
	channel__close(&attacher);
	scraper__free(scraper);
	sem_destroy(&asked);
	sem_destroy(&answer);
	return 0;
}

/* ---- scrapes -------------------------------------------------------------------------------- */

struct scrape {
	pthread_t thread;
	int err;
	void *scrape;
	uint64_t number; /* of the last refresh that it contains */
};

static void scrape(struct scrape *s, double deadline)
{
	struct metrics_input in;

	*s = (struct scrape){ .thread = s->thread };
	s->err = scraper__acquire(scraper, deadline, &in);
	if (s->err)
		return;
	s->scrape = in.scrape;
	s->number = in.programs[0].missed[0];
	scraper__release(scraper, &in);
}

static void *scrape_patiently(void *arg)
{
	scrape(arg, 0);
	return NULL;
}

/* Starts n requests while a scrape is running; each of them waits for it. */
static void start_beside(struct scrape *scrapes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pthread_create(&scrapes[i].thread, NULL, scrape_patiently, &scrapes[i]);
	while (waiting < (int)n)
		usleep(1000);
}

static void start_first(struct scrape *s)
{
	pthread_create(&s->thread, NULL, scrape_patiently, s);
	sem_wait(&asked);
}

static void scrape_anew(struct scrape *s)
{
	sem_post(&answer);
	scrape(s, 0);
	sem_wait(&asked);
}

/* A scrape for which no request waited. */
static void await_answer(void)
{
	struct pollfd p = { .fd = server, .events = POLLIN };

	assert_int_equal(poll(&p, 1, -1), 1);
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* Requests that arrive while a scrape is running share the next one, which begins after them. */
static void scrapes_share_a_snapshot(void **state)
{
	struct scrape first, others[SCRAPES], last;

	start_first(&first);
	start_beside(others, SCRAPES);
	assert_int_equal(refreshes, 1);
	sem_post(&answer);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.err, 0);
	assert_int_equal(first.number, 1);
	for (size_t i = 0; i < SCRAPES; i++)
		sem_post(&answer);
	for (size_t i = 0; i < SCRAPES; i++) {
		pthread_join(others[i].thread, NULL);
		assert_int_equal(others[i].err, 0);
		assert_int_equal(others[i].number, 2);
		assert_ptr_equal(others[i].scrape, others[0].scrape);
	}
	assert_int_equal(refreshes, 2);
	scrape(&last, 0);
	assert_int_equal(last.err, 0);
	assert_int_equal(last.number, 3);
	assert_int_equal(refreshes, 3);
}

/* A later request gets later numbers, even if it is the only one. */
static void each_has_its_own(void **state)
{
	struct scrape s;

	for (int i = 1; i <= 3; i++) {
		scrape_anew(&s);
		assert_int_equal(s.err, 0);
		assert_int_equal(s.number, i);
	}
}

/* A request that waits for another's scrape, and a late one: neither asks the attacher. */
static void deadlines(void **state)
{
	struct scrape first, s;

	start_first(&first);
	scrape(&s, monotonic_seconds() + 0.02);
	assert_int_equal(s.err, -ETIMEDOUT);
	scrape(&s, monotonic_seconds() - 1);
	assert_int_equal(s.err, -ETIMEDOUT);
	sem_post(&answer);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.err, 0);
	scrape(&s, monotonic_seconds() - 1);
	assert_int_equal(s.err, -ETIMEDOUT);
	assert_int_equal(refreshes, 1);
	scrape_anew(&s);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.number, 2);
}

/*
 * An attacher that is busy for more than half of the timeout: the scrape goes on without its
 * counts.
 */
static void busy_attacher(void **state)
{
	struct scrape s;

	scrape(&s, monotonic_seconds() + SOON);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.number, 0);
	sem_wait(&asked);
	/* The others do not wait for it. */
	for (int i = 0; i < SCRAPES; i++) {
		double begin = monotonic_seconds();

		scrape(&s, 0);
		assert_int_equal(s.err, 0);
		assert_int_equal(s.number, 0);
		assert_true(monotonic_seconds() - begin < PATIENCE / 2);
	}
	assert_int_equal(refreshes, 1);
	sem_post(&answer);
	await_answer();
	scrape_anew(&s);
	assert_int_equal(s.err, 0);
	assert_int_equal(s.number, 2);
}

/* A request that waits for another's scrape and has an earlier deadline is answered in time. */
static void hurried(void **state)
{
	struct scrape first, s;

	start_first(&first);
	scrape(&s, monotonic_seconds() + PATIENCE / 2);
	assert_int_equal(s.err, 0);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.err, 0);
	assert_int_equal(refreshes, 1);
	sem_post(&answer);
}

/* Without an attacher all waiting requests fail. */
static void attacher_is_gone(void **state)
{
	struct scrape first, others[SCRAPES], s;

	start_first(&first);
	start_beside(others, SCRAPES);
	shutdown(attacher.fd, SHUT_RDWR);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.err, -EPIPE);
	for (size_t i = 0; i < SCRAPES; i++) {
		pthread_join(others[i].thread, NULL);
		assert_int_equal(others[i].err, -EPIPE);
	}
	scrape(&s, 0);
	assert_int_equal(s.err, -EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(scrapes_share_a_snapshot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_has_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deadlines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(busy_attacher, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hurried, set_up, tear_down),
		cmocka_unit_test_setup_teardown(attacher_is_gone, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("scrape", tests, NULL, NULL);
}
