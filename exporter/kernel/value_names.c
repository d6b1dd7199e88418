/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/value_names.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <unistd.h>

#include "base/errno_names.h"
#include "base/file.h"
#include "kernel/syscalls.h"

#define ERRNO_MAX  4095
#define PASSWD_MAX (4 << 20) /* bytes */
#define MINOR_BITS 20	     /* of the kernel's dev_t (include/linux/kdev_t.h) */
#define SIGNAL_MIN 34	     /* the first for programs: glibc keeps 32 and 33 */
#define SIGNAL_MAX 64

/* ---- constants of C -------------------------------------------------------------------------- */

struct constant {
	const char *name;
	int value;
};

/* As on x86-64 and arm64. */
static const struct constant signals[] = {
	{ "SIGHUP", 1 },   { "SIGINT", 2 },	{ "SIGQUIT", 3 },  { "SIGILL", 4 },
	{ "SIGTRAP", 5 },  { "SIGABRT", 6 },	{ "SIGBUS", 7 },   { "SIGFPE", 8 },
	{ "SIGKILL", 9 },  { "SIGUSR1", 10 },	{ "SIGSEGV", 11 }, { "SIGUSR2", 12 },
	{ "SIGPIPE", 13 }, { "SIGALRM", 14 },	{ "SIGTERM", 15 }, { "SIGSTKFLT", 16 },
	{ "SIGCHLD", 17 }, { "SIGCONT", 18 },	{ "SIGSTOP", 19 }, { "SIGTSTP", 20 },
	{ "SIGTTIN", 21 }, { "SIGTTOU", 22 },	{ "SIGURG", 23 },  { "SIGXCPU", 24 },
	{ "SIGXFSZ", 25 }, { "SIGVTALRM", 26 }, { "SIGPROF", 27 }, { "SIGWINCH", 28 },
	{ "SIGIO", 29 },   { "SIGPWR", 30 },	{ "SIGSYS", 31 },  { "SIGIOT", 6 },
	{ "SIGPOLL", 29 }, { "SIGCLD", 17 },
};

/* include/linux/socket.h */
static const struct constant families[] = {
	{ "AF_UNSPEC", 0 },	 { "AF_UNIX", 1 },	 { "AF_INET", 2 },
	{ "AF_AX25", 3 },	 { "AF_IPX", 4 },	 { "AF_APPLETALK", 5 },
	{ "AF_NETROM", 6 },	 { "AF_BRIDGE", 7 },	 { "AF_ATMPVC", 8 },
	{ "AF_X25", 9 },	 { "AF_INET6", 10 },	 { "AF_ROSE", 11 },
	{ "AF_DECnet", 12 },	 { "AF_NETBEUI", 13 },	 { "AF_SECURITY", 14 },
	{ "AF_KEY", 15 },	 { "AF_NETLINK", 16 },	 { "AF_PACKET", 17 },
	{ "AF_ASH", 18 },	 { "AF_ECONET", 19 },	 { "AF_ATMSVC", 20 },
	{ "AF_RDS", 21 },	 { "AF_SNA", 22 },	 { "AF_IRDA", 23 },
	{ "AF_PPPOX", 24 },	 { "AF_WANPIPE", 25 },	 { "AF_LLC", 26 },
	{ "AF_IB", 27 },	 { "AF_MPLS", 28 },	 { "AF_CAN", 29 },
	{ "AF_TIPC", 30 },	 { "AF_BLUETOOTH", 31 }, { "AF_IUCV", 32 },
	{ "AF_RXRPC", 33 },	 { "AF_ISDN", 34 },	 { "AF_PHONET", 35 },
	{ "AF_IEEE802154", 36 }, { "AF_CAIF", 37 },	 { "AF_ALG", 38 },
	{ "AF_NFC", 39 },	 { "AF_VSOCK", 40 },	 { "AF_KCM", 41 },
	{ "AF_QIPCRTR", 42 },	 { "AF_SMC", 43 },	 { "AF_XDP", 44 },
	{ "AF_MCTP", 45 },	 { "AF_LOCAL", 1 },	 { "AF_ROUTE", 16 },
};

/* include/uapi/linux/in.h, and the headers of IPv6 that take the place of a protocol */
static const struct constant protocols[] = {
	{ "IPPROTO_IP", 0 },	   { "IPPROTO_ICMP", 1 },	{ "IPPROTO_IGMP", 2 },
	{ "IPPROTO_IPIP", 4 },	   { "IPPROTO_TCP", 6 },	{ "IPPROTO_EGP", 8 },
	{ "IPPROTO_PUP", 12 },	   { "IPPROTO_UDP", 17 },	{ "IPPROTO_IDP", 22 },
	{ "IPPROTO_TP", 29 },	   { "IPPROTO_DCCP", 33 },	{ "IPPROTO_IPV6", 41 },
	{ "IPPROTO_ROUTING", 43 }, { "IPPROTO_FRAGMENT", 44 },	{ "IPPROTO_RSVP", 46 },
	{ "IPPROTO_GRE", 47 },	   { "IPPROTO_ESP", 50 },	{ "IPPROTO_AH", 51 },
	{ "IPPROTO_ICMPV6", 58 },  { "IPPROTO_NONE", 59 },	{ "IPPROTO_DSTOPTS", 60 },
	{ "IPPROTO_MTP", 92 },	   { "IPPROTO_BEETPH", 94 },	{ "IPPROTO_ENCAP", 98 },
	{ "IPPROTO_PIM", 103 },	   { "IPPROTO_COMP", 108 },	{ "IPPROTO_L2TP", 115 },
	{ "IPPROTO_SCTP", 132 },   { "IPPROTO_MH", 135 },	{ "IPPROTO_UDPLITE", 136 },
	{ "IPPROTO_MPLS", 137 },   { "IPPROTO_ETHERNET", 143 }, { "IPPROTO_RAW", 255 },
	{ "IPPROTO_SMC", 256 },	   { "IPPROTO_MPTCP", 262 },
};

/* include/net/tcp_states.h */
static const struct constant tcp_states[] = {
	{ "TCP_ESTABLISHED", 1 },     { "TCP_SYN_SENT", 2 },   { "TCP_SYN_RECV", 3 },
	{ "TCP_FIN_WAIT1", 4 },	      { "TCP_FIN_WAIT2", 5 },  { "TCP_TIME_WAIT", 6 },
	{ "TCP_CLOSE", 7 },	      { "TCP_CLOSE_WAIT", 8 }, { "TCP_LAST_ACK", 9 },
	{ "TCP_LISTEN", 10 },	      { "TCP_CLOSING", 11 },   { "TCP_NEW_SYN_RECV", 12 },
	{ "TCP_BOUND_INACTIVE", 13 },
};

/* As in /proc/softirqs (include/linux/interrupt.h). */
static const struct constant softirqs[] = {
	{ "HI", 0 },	   { "TIMER", 1 },   { "NET_TX", 2 }, { "NET_RX", 3 },	{ "BLOCK", 4 },
	{ "IRQ_POLL", 5 }, { "TASKLET", 6 }, { "SCHED", 7 },  { "HRTIMER", 8 }, { "RCU", 9 },
};

static const struct {
	const struct constant *v;
	size_t n;
} constants[] = {
	[NAMES_SIGNAL] = { signals, ARRAY_SIZE(signals) },
	[NAMES_FAMILY] = { families, ARRAY_SIZE(families) },
	[NAMES_PROTO] = { protocols, ARRAY_SIZE(protocols) },
	[NAMES_TCP_STATE] = { tcp_states, ARRAY_SIZE(tcp_states) },
	[NAMES_SOFTIRQ] = { softirqs, ARRAY_SIZE(softirqs) },
};

static char *constant_text(enum value_names of, int64_t value)
{
	for (size_t i = 0; i < constants[of].n; i++)
		if (constants[of].v[i].value == value)
			return xstrdup(constants[of].v[i].name);
	return NULL;
}

static bool find_constant(enum value_names of, const char *name, uint64_t *out)
{
	for (size_t i = 0; i < constants[of].n; i++) {
		if (strcmp(constants[of].v[i].name, name))
			continue;
		*out = constants[of].v[i].value;
		return true;
	}
	return false;
}

static char *errno_text(int64_t value)
{
	char buf[16];

	value = value < 0 ? -value : value;
	if (value <= 0 || value > ERRNO_MAX)
		return NULL;
	return xstrdup(errno_name(value, buf, sizeof(buf)));
}

static bool find_errno(const char *name, uint64_t *out)
{
	char buf[16];

	for (int err = 1; *name == 'E' && err <= ERRNO_MAX; err++) {
		if (strcmp(errno_name(err, buf, sizeof(buf)), name))
			continue;
		*out = err;
		return true;
	}
	return false;
}

static char *signal_text(int64_t value)
{
	if (value == SIGNAL_MIN)
		return xstrdup("SIGRTMIN");
	if (value > SIGNAL_MIN && value <= SIGNAL_MAX)
		return xasprintf("SIGRTMIN+%d", (int)value - SIGNAL_MIN);
	return constant_text(NAMES_SIGNAL, value);
}

static bool find_signal(const char *name, uint64_t *out)
{
	for (int i = SIGNAL_MIN; i <= SIGNAL_MAX; i++) {
		__cleanup_free char *text = signal_text(i);

		if (strcmp(text, name))
			continue;
		*out = i;
		return true;
	}
	return find_constant(NAMES_SIGNAL, name, out);
}

static char *syscall_text(int64_t value)
{
	const struct syscall_entry *v;
	size_t n;

	v = syscalls__all(&n);
	for (size_t i = 0; i < n; i++)
		if (v[i].nr >= 0 && v[i].nr == value)
			return xstrdup(v[i].name);
	return NULL;
}

static bool find_syscall(const char *name, uint64_t *out)
{
	const struct syscall_entry *s = syscalls__find(name);

	if (!s || s->nr < 0)
		return false;
	*out = s->nr;
	return true;
}

/* ---- names of this machine ------------------------------------------------------------------- */

/* Calls found() for each user, until it returns true. "root:x:0:0:..." Not getpwuid(): it may load
 * libraries and ask the network. */
static bool each_user(bool (*found)(const char *name, uint64_t uid, void *data), void *data)
{
	__cleanup_free char *text = NULL;
	char *save = NULL;

	if (file__read(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, NULL))
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *password = strchr(line, ':'), *uid, *end;
		unsigned long long n;

		uid = password ? strchr(password + 1, ':') : NULL;
		if (!uid || !isdigit((unsigned char)uid[1]))
			continue;
		*password = '\0';
		n = strtoull(uid + 1, &end, 10);
		if (*end == ':' && *line && found(line, n, data))
			return true;
	}
	return false;
}

struct user_search {
	const char *name;
	uint64_t uid;
	char *found;
};

static bool has_uid(const char *name, uint64_t uid, void *data)
{
	struct user_search *s = data;

	if (uid == s->uid)
		s->found = xstrdup(name);
	return s->found;
}

static bool has_name(const char *name, uint64_t uid, void *data)
{
	struct user_search *s = data;

	s->uid = uid;
	return !strcmp(name, s->name);
}

static char *user_text(int64_t value)
{
	struct user_search s = { .uid = value };

	each_user(has_uid, &s);
	return s.found;
}

static bool find_user(const char *name, uint64_t *out)
{
	struct user_search s = { .name = name };

	if (!each_user(has_name, &s))
		return false;
	*out = s.uid;
	return true;
}

static char *interface_text(int64_t value)
{
	char name[IF_NAMESIZE];

	return value > 0 && value <= INT_MAX && if_indextoname(value, name) ? xstrdup(name) : NULL;
}

static bool find_interface(const char *name, uint64_t *out)
{
	unsigned index = if_nametoindex(name);

	*out = index ? index : *out;
	return index;
}

/* sda1 for 8:1: the last part of a link. */
static char *disk_text(int64_t value)
{
	unsigned major = (uint32_t)value >> MINOR_BITS, minor = value & ((1 << MINOR_BITS) - 1);
	__cleanup_free char *path = xasprintf("/sys/dev/block/%u:%u", major, minor);
	char link[PATH_MAX];
	ssize_t len = readlink(path, link, sizeof(link) - 1);
	const char *name;

	link[len < 0 ? 0 : len] = '\0';
	name = strrchr(link, '/');
	return name ? xstrdup(name + 1) : xasprintf("%u:%u", major, minor);
}

/* A name, or MAJOR:MINOR. */
static bool find_disk(const char *name, uint64_t *out)
{
	__cleanup_free char *path = xasprintf("/sys/class/block/%s/dev", name);
	unsigned major, minor;
	char text[32], end;

	if (!strchr(name, '/') && file__read_head(AT_FDCWD, path, text, sizeof(text)) > 0)
		text[strcspn(text, "\n")] = '\0';
	else
		snprintf(text, sizeof(text), "%s", name);
	if (sscanf(text, "%u:%u%c", &major, &minor, &end) != 2 || major >= 1 << 12 ||
	    minor >= 1 << MINOR_BITS)
		return false;
	*out = (uint64_t)major << MINOR_BITS | minor;
	return true;
}

/* ---- all kinds ------------------------------------------------------------------------------- */

char *value_names__text(enum value_names of, int64_t value)
{
	switch (of) {
	case NAMES_ERRNO:
		return errno_text(value);
	case NAMES_SIGNAL:
		return signal_text(value);
	case NAMES_SYSCALL:
		return syscall_text(value);
	case NAMES_FAMILY:
	case NAMES_PROTO:
	case NAMES_TCP_STATE:
	case NAMES_SOFTIRQ:
		return constant_text(of, value);
	case NAMES_USER:
		return user_text(value);
	case NAMES_INTERFACE:
		return interface_text(value);
	case NAMES_DISK:
		return disk_text(value);
	}
	return NULL;
}

bool value_names__find(enum value_names of, const char *name, uint64_t *out)
{
	switch (of) {
	case NAMES_ERRNO:
		return find_errno(name, out);
	case NAMES_SIGNAL:
		return find_signal(name, out);
	case NAMES_SYSCALL:
		return find_syscall(name, out);
	case NAMES_FAMILY:
	case NAMES_PROTO:
	case NAMES_TCP_STATE:
	case NAMES_SOFTIRQ:
		return find_constant(of, name, out);
	case NAMES_USER:
		return find_user(name, out);
	case NAMES_INTERFACE:
		return find_interface(name, out);
	case NAMES_DISK:
		return find_disk(name, out);
	}
	return false;
}

size_t value_names__all(enum value_names of, const char ***out)
{
	const struct syscall_entry *calls;
	size_t n = 0, ncalls = 0;

	*out = NULL;
	calls = of == NAMES_SYSCALL ? syscalls__all(&ncalls) : NULL;
	for (size_t i = 0; i < ncalls; i++)
		*(const char **)array__grow(out, &n, sizeof(**out)) = calls[i].name;
	for (size_t i = 0; of < ARRAY_SIZE(constants) && i < constants[of].n; i++)
		*(const char **)array__grow(out, &n, sizeof(**out)) = constants[of].v[i].name;
	for (int err = 1; of == NAMES_ERRNO && err <= ERRNO_MAX; err++) {
		const char *name = strerrorname_np(err);

		if (name)
			*(const char **)array__grow(out, &n, sizeof(**out)) = name;
	}
	return n;
}

bool value_names__constant(const char *name, uint64_t *out)
{
	return find_errno(name, out) || find_signal(name, out) ||
	       find_constant(NAMES_FAMILY, name, out) || find_constant(NAMES_PROTO, name, out) ||
	       find_constant(NAMES_TCP_STATE, name, out);
}
