/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that sleep until a message, a timer or a signal. */
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/time.h>

#include "workload.h"

bool is_asleep_in(pid_t task, long call)
{
	char path[64], text[64] = "";
	FILE *f;

	if (!task)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/syscall", task);
	f = fopen(path, "re");
	if (!f)
		die(path);
	/* "running", or the number and its arguments. */
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return text[0] && text[0] != 'r' && atol(text) == call;
}

/* Waits until a task sleeps in msgrcv(2). `*tid` can be 0 until it is known. */
static void wait_asleep(const pid_t *tid)
{
	while (!is_asleep_in(__atomic_load_n(tid, __ATOMIC_ACQUIRE), SYS_msgrcv))
		usleep(2000);
}

/* Sleeps in msgrcv(2) until wake_sleepers() sends the thread's message. */
static int open_queue(void)
{
	shared_fd = msgget(IPC_PRIVATE, 0600);
	return shared_fd;
}

struct message {
	long type;
	char text[8];
};

static long msgrcv_sleep(struct worker *w, long i)
{
	struct message m;

	return msgrcv(shared_fd, &m, sizeof(m.text), w->number + 1, 0);
}

/* Sleeps in msgrcv(2) until it is killed there. The call returns on the way out. */
static long msgrcv_killed(struct worker *w, long i)
{
	struct message m;
	pid_t child = fork();

	if (!child) {
		msgrcv(shared_fd, &m, sizeof(m.text), w->number + 1, 0);
		_exit(0);
	}
	wait_asleep(&child);
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

long msgrcv_invalid(struct worker *w, long i)
{
	struct message m;

	return msgrcv(0x7ffffff, &m, sizeof(m.text), 0, IPC_NOWAIT);
}

/* Wakes the threads once all sleep, and have slept for some time. */
static void wake_sleepers(const struct worker *workers, int threads, long calls)
{
	bool held = !strcmp(argument, "held");
	struct message m = { .text = "wake" };

	for (long round = 0; round < calls / threads; round++) {
		for (int i = 0; i < threads; i++)
			wait_asleep(&workers[i].tid);
		if (held && !round) {
			fprintf(stderr, "asleep\n");
			getchar();
		} else if (!held) {
			usleep(1000 * atoi(argument));
		}
		for (int i = 0; i < threads; i++) {
			m.type = i + 1;
			if (msgsnd(shared_fd, &m, sizeof(m.text), 0))
				die("msgsnd");
		}
	}
}

static void remove_queue(void)
{
	msgctl(shared_fd, IPC_RMID, NULL);
}

static long nanosleep_shortly(struct worker *w, long i)
{
	return nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

/* Wants a CPU for as many milliseconds as `argument` says, and sleeps a little. */
static long compete(struct worker *w, long i)
{
	long long end = atoi(argument) * 1000000LL;
	struct timespec begun, now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while ((now.tv_sec - begun.tv_sec) * 1000000000LL + now.tv_nsec - begun.tv_nsec < end);
	return nanosleep_shortly(w, i);
}

#define TIMER_SIGNAL SIGRTMIN

static int block_timer_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, TIMER_SIGNAL);
	return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int make_timer(struct worker *w)
{
	struct sigevent e = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TIMER_SIGNAL };

	e._sigev_un._tid = gettid();
	return timer_create(CLOCK_MONOTONIC, &e, &w->timer);
}

/* Sleeps until the thread's own timer expires, in a hard interrupt. */
static long timer_wait(struct worker *w, long i)
{
	struct itimerspec t = { .it_value.tv_nsec = 200000 };
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, TIMER_SIGNAL);
	return timer_settime(w->timer, 0, &t, NULL) || sigwait(&set, &signal) ? -1 : 0;
}

/*
 * Ignored signals, sent by kill(2). Timers of other processes expire all the time, and send theirs
 * from hard interrupts by the same kernel functions. All on one CPU.
 */
#define TIMER_PROCESSES 4

static pid_t timer_processes[TIMER_PROCESSES];

static void ignore_alarm(int signal)
{
}

static int start_timers(void)
{
	struct itimerval t = { { 0, 97 }, { 0, 97 } };
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		return -1;
	for (int i = 0; i < TIMER_PROCESSES; i++) {
		timer_processes[i] = fork();
		if (timer_processes[i] < 0)
			return -1;
		if (timer_processes[i])
			continue;
		signal(SIGALRM, ignore_alarm);
		t.it_interval.tv_usec += 26 * i; /* not in step */
		setitimer(ITIMER_REAL, &t, NULL);
		for (;;)
			pause();
	}
	return 0;
}

static void stop_timers(void)
{
	for (int i = 0; i < TIMER_PROCESSES; i++) {
		kill(timer_processes[i], SIGKILL);
		waitpid(timer_processes[i], NULL, 0);
	}
}

static long signal_self(struct worker *w, long i)
{
	return kill(getpid(), SIGURG);
}

/* Runs on each CPU: an interrupt that woke a thread can still be running on another CPU. */
static void visit_cpus(void)
{
	cpu_set_t set;

	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
}

const struct operation sleep_operations[] = {
	{ "msgrcv-sleep", .call = msgrcv_sleep, .set_up = open_queue, .attend = wake_sleepers,
	  .tear_down = remove_queue },
	{ "msgrcv-killed", .call = msgrcv_killed, .set_up = open_queue },
	{ "msgrcv-invalid", .call = msgrcv_invalid },
	{ "nanosleep", .call = nanosleep_shortly },
	{ "compete", .call = compete },
	{ "timers", .call = timer_wait, .set_up = block_timer_signal, .prepare = make_timer,
	  .tear_down = visit_cpus },
	{ "signals", .call = signal_self, .set_up = start_timers, .tear_down = stop_timers },
	{},
};
