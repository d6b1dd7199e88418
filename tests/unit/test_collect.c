/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Readings that scrapes share. The attacher is a thread here that answers when it is told to, and
 * says in what is served how often it has been asked; who waits for another's reading is counted
 * (see the Makefile's --wrap).
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
#include "process/scrape.h"

#define SCRAPES	 20
#define SOON	 1.0  /* seconds */
#define PATIENCE 10.0 /* of one without a deadline */

static struct served served;
static struct collector *collector;
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
	collector = collector__new(&served, server);
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
	collector__free(collector);
	sem_destroy(&asked);
	sem_destroy(&answer);
	return 0;
}

/* ---- scrapes ------------------------------------------------------------------------------- */

struct scrape {
	pthread_t thread;
	int err;
	void *reading;
	uint64_t number; /* of the last refresh that is in it */
};

static void scrape(struct scrape *s, double deadline)
{
	struct metrics_input in;

	*s = (struct scrape){ .thread = s->thread };
	s->err = collector__acquire(collector, deadline, &in);
	if (s->err)
		return;
	s->reading = in.reading;
	s->number = in.shared[0].missed[0];
	collector__release(collector, &in);
}

static void *scrape_patiently(void *arg)
{
	scrape(arg, 0);
	return NULL;
}

/* n of them while a reading is under way, each of which waits for that. */
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

/* One that nobody has waited for. */
static void await_answer(void)
{
	struct pollfd p = { .fd = server, .events = POLLIN };

	assert_int_equal(poll(&p, 1, -1), 1);
}

/* ---- tests --------------------------------------------------------------------------------- */

/* Those who come while a reading is under way share the next: it began after each of them came. */
static void scrapes_share_a_reading(void **state)
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
		assert_ptr_equal(others[i].reading, others[0].reading);
	}
	assert_int_equal(refreshes, 2);
	scrape(&last, 0);
	assert_int_equal(last.err, 0);
	assert_int_equal(last.number, 3);
	assert_int_equal(refreshes, 3);
}

/* Whoever comes later has numbers that are later, also if nobody else came. */
static void each_has_its_own(void **state)
{
	struct scrape s;

	for (int i = 1; i <= 3; i++) {
		scrape_anew(&s);
		assert_int_equal(s.err, 0);
		assert_int_equal(s.number, i);
	}
}

/* One who waits for another's reading, and one who comes too late: neither asks for anything. */
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

/* An attacher that is busy for longer than half of the time costs what it would have brought. */
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

/* Who waits for another's reading, and has less time, gets one in time. */
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

/* Without an attacher there is no reading, for none of those who wait. */
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
		cmocka_unit_test_setup_teardown(scrapes_share_a_reading, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_has_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deadlines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(busy_attacher, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hurried, set_up, tear_down),
		cmocka_unit_test_setup_teardown(attacher_is_gone, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
