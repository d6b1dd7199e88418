/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls that signals interrupt: interrupted N. read is restarted N times after a signal
 * handler. nanosleep is stopped and continued N times. The first return is its own, later ones are
 * restart_syscall's.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int *handled;

static void on_signal(int number)
{
	(*handled)++;
}

/* The child sleeps only in its one blocking system call. */
static void wait_until_asleep(pid_t child)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	while (state != 'S') {
		f = fopen(path, "re");
		if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			exit(1);
		fclose(f);
		usleep(1000);
	}
}

static void interrupt_read(int n)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	int fds[2];
	char byte;
	pid_t child;

	if (pipe(fds))
		exit(1);
	child = fork();
	if (!child) {
		sigaction(SIGUSR1, &action, NULL);
		*handled = 0;
		_exit(read(fds[0], &byte, 1) != 1);
	}
	while (*handled < 0)
		usleep(1000);
	for (int i = 0; i < n; i++) {
		wait_until_asleep(child);
		kill(child, SIGUSR1);
		while (*handled <= i)
			usleep(1000);
	}
	wait_until_asleep(child);
	if (write(fds[1], "x", 1) != 1)
		exit(1);
	waitpid(child, NULL, 0);
}

static void interrupt_sleep(int n)
{
	struct timespec t = { .tv_sec = 3 };
	pid_t child = fork();

	if (!child)
		_exit(syscall(SYS_nanosleep, &t, NULL) != 0);
	for (int i = 0; i < n; i++) {
		wait_until_asleep(child);
		kill(child, SIGSTOP);
		waitpid(child, NULL, WUNTRACED);
		kill(child, SIGCONT);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;

	handled = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*handled = -1;
	interrupt_read(n);
	interrupt_sleep(n);
	return 0;
}
