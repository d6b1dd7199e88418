/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions whose parameters are numbers with names. Prints the series that their calls make, with
 * the names that the C library knows. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

volatile uint64_t sink;

__attribute__((noipa)) void address(uint16_t port, struct in_addr v4, const struct in6_addr *v6,
				    uint32_t word)
{
	sink += port + v4.s_addr + v6->s6_addr[0] + word;
}

__attribute__((noipa)) void allowed(const struct in6_addr *v6, struct in_addr v4)
{
	sink += v6->s6_addr[0] + v4.s_addr;
}

__attribute__((noipa)) void code(int err, int sig, int family, int protocol, long nr)
{
	sink += err + sig + family + protocol + nr;
}

__attribute__((noipa)) void local(unsigned user, unsigned interface, unsigned dev)
{
	sink += user + interface + dev;
}

__attribute__((noipa)) void bits(int flags, uint64_t word, unsigned char small)
{
	sink += flags + word + small;
}

__attribute__((noipa)) void chosen(int kind, const char *name, unsigned char small)
{
	sink += kind + name[0] + small;
}

__attribute__((noipa)) int judged(int result, unsigned usec)
{
	for (unsigned i = 0; i < usec * 1000; i++)
		sink += i;
	return result;
}

enum mode { MODE_READ = 1, MODE_WRITE = 2, MODE_SYNC = 16 };

__attribute__((noipa)) void opened(const char *path, unsigned mode, const void *any,
				   const enum mode *known)
{
	const enum mode *m = any;

	sink += path[0] + mode + *m + *known;
}

static void call_address(void)
{
	static const char *const texts[] = { "2001:db8::17", "::ffff:192.0.2.5" };
	struct in6_addr v6[2];
	struct in_addr v4;

	inet_pton(AF_INET, "192.0.2.5", &v4);
	for (int i = 0; i < 2; i++) {
		inet_pton(AF_INET6, texts[i], &v6[i]);
		for (int n = 0; n < 10 + i; n++)
			address(htons(443 + i), v4, &v6[i], htonl(7 + i));
		printf("address{port=\"%d\",v4=\"192.0.2.5\",v6=\"%s\",word=\"%d\"} %d\n", 443 + i,
		       i ? "192.0.2.5" : texts[i], 7 + i, 10 + i);
	}
}

/* ip(v6) in [2001:db8::/32, 10.0.0.0/8, ::1] && !(ip(v4) in 192.0.2.128/25) */
static void call_allowed(void)
{
	static const struct {
		const char *v6, *v4, *shown; /* NULL: it does not pass */
	} rows[] = {
		{ "2001:db8:ffff::1", "192.0.2.127", "2001:db8:ffff::1" },
		{ "2001:db9::1", "192.0.2.127", NULL },
		{ "::1", "10.0.0.1", "::1" },
		{ "::2", "10.0.0.1", NULL },
		{ "::ffff:10.1.2.3", "10.0.0.1", "10.1.2.3" },
		{ "::ffff:11.1.2.3", "10.0.0.1", NULL },
		{ "::10.1.2.3", "10.0.0.1", NULL },
		{ "::1", "192.0.2.128", NULL },
		{ "::1", "192.0.3.128", "::1" },
	};

	for (int i = 0; i < 9; i++) {
		struct in6_addr v6;
		struct in_addr v4;

		inet_pton(AF_INET6, rows[i].v6, &v6);
		inet_pton(AF_INET, rows[i].v4, &v4);
		for (int n = 0; n < 5 + i; n++)
			allowed(&v6, v4);
		if (rows[i].shown)
			printf("allowed{v6=\"%s\",v4=\"%s\"} %d\n", rows[i].shown, rows[i].v4,
			       5 + i);
	}
}

static void call_code(void)
{
	static const struct {
		int err, sig, family, protocol;
		long nr;
		const char *names;
	} rows[] = {
		{ -ENOENT, SIGKILL, AF_INET, IPPROTO_TCP, SYS_read,
		  "err=\"ENOENT\",sig=\"SIGKILL\",fam=\"AF_INET\",prot=\"IPPROTO_TCP\",nr="
		  "\"read\"" },
		{ EAGAIN, 35, AF_UNIX, 0, SYS_openat,
		  "err=\"EAGAIN\",sig=\"SIGRTMIN+1\",fam=\"AF_UNIX\",prot=\"IPPROTO_IP\",nr="
		  "\"openat\"" },
		{ 0, 0, 99, 200, 9999, "err=\"0\",sig=\"0\",fam=\"99\",prot=\"200\",nr=\"9999\"" },
	};

	for (int i = 0; i < 3; i++) {
		for (int n = 0; n < 5 + i; n++)
			code(rows[i].err, rows[i].sig, rows[i].family, rows[i].protocol,
			     rows[i].nr);
		printf("code{%s} %d\n", rows[i].names, 5 + i);
	}
}

static void call_local(void)
{
	struct if_nameindex *first = if_nameindex();
	struct passwd *user = getpwuid(0);

	for (int n = 0; n < 8; n++)
		local(0, first->if_index, 4095U << 20 | 77);
	printf("local{user=\"%s\",interface=\"%s\",dev=\"4095:77\"} 8\n", user->pw_name,
	       first->if_name);
}

static void call_bits(void)
{
	for (int i = 0; i < 100; i++)
		bits(i * 37 - 5, 0xabcdef0000000000 + i % 2, i % 2 ? 0x93 : 0x6c);
	/* flags >> 1 & 1 is 1 for every second pair. */
	for (int i = 0; i < 2; i++)
		for (int half = 0; half < 2; half++) {
			int calls = 0;

			for (int k = i; k < 100; k += 2)
				calls += ((k * 37 - 5) >> 1 & 1) == half;
			printf("bits{half=\"%d\",word=\"0x%llx\",high=\"%d\",low=\"%d\",wide=\"%"
			       "d\"} "
			       "%d\n",
			       half, 0xabcdef0000000000ULL + i, i ? 9 : 6, i ? 3 : 12,
			       i ? 0x93 << 4 : 0x6c << 4, calls);
		}
}

/* (kind in [2, 3] || name == py*) && small & 6 == 4; and !(name == s*) && small not in [5, 7] */
static void call_chosen(void)
{
	static const char *const names[] = { "python3", "perl", "py", "p", "sh" };
	int calls[5] = {};

	for (int i = 0; i < 400; i++) {
		int kind = i % 8, name = i % 5, small = i % 7;

		chosen(kind, names[name], small);
		calls[name] += (kind == 2 || kind == 3 || name == 0 || name == 2) &&
			       (small & 6) == 4 && names[name][0] != 's' && small != 5;
	}
	for (int name = 0; name < 5; name++)
		if (calls[name])
			printf("chosen{nam=\"%s\"} %d\n", names[name], calls[name]);
}

/* The paths are in memory: they have been written. */
static void call_opened(void)
{
	static const enum mode any = MODE_WRITE;
	static const char *const last[] = { "name", "name2", "relative", "", "end/" };
	static const char *const shown[] = { "name", "name2", "relative", "/", "end/" };
	char paths[5][1200] = { "/a/bb/", "", "", "/", "x/" };

	for (int i = 0; i < 70; i++)
		strcat(paths[1], "/deeper");
	strcat(paths[1], "/");
	for (int i = 0; i < 5; i++) {
		strcat(paths[i], last[i]);
		for (int n = 0; n < 3 + i; n++)
			opened(paths[i], i | 16, &any, &any);
	}
	for (int i = 0; i < 5; i++)
		printf("opened{file=\"%s\",mode=\"%s%sMODE_SYNC%s\",any=\"MODE_WRITE\"} %d\n",
		       shown[i], i & 1 ? "MODE_READ|" : "", i & 2 ? "MODE_WRITE|" : "",
		       i & 4 ? "|0x4" : "", 3 + i);
	/* No buffer reads a path of this length. */
	for (int i = 0; i < 150; i++)
		strcat(paths[2], "/longer");
	for (int n = 0; n < 9; n++)
		opened(paths[2], 16, &any, &any);
	printf("opened{file=\"?\",mode=\"MODE_SYNC\",any=\"MODE_WRITE\"} 9\n");
}

/* ret in [-2, 7] || duration > 1h */
static void call_judged(void)
{
	for (int i = 0; i < 90; i++)
		judged(i % 9 - 2, 0);
	printf("judged{result=\"-2\"} 10\n");
	printf("judged{result=\"5\"} 10\n");
}

int main(void)
{
	call_address();
	call_allowed();
	call_code();
	call_local();
	call_bits();
	call_chosen();
	call_opened();
	call_judged();
	return 0;
}
