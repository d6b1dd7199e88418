// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLS handshakes by OpenSSL, for the recipe in deploy/RECIPES.md. Each line on standard input makes
 * one handshake between this process and a child, which is the server: two calls of
 * SSL_do_handshake(), one of each. The sockets block, so each call is a whole handshake. The
 * cipher is anonymous: it needs no certificate.
 *
 * Declares what it uses: OpenSSL's headers are in a package that nothing else needs.
 */
#include <err.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TLS1_2_VERSION	       0x0303
#define SSL_CTRL_SET_MAX_PROTO 124

void *TLS_method(void);
void *SSL_CTX_new(const void *method);
void SSL_CTX_free(void *ctx);
long SSL_CTX_ctrl(void *ctx, int command, long number, void *data);
int SSL_CTX_set_cipher_list(void *ctx, const char *list);
void *SSL_new(void *ctx);
void SSL_free(void *ssl);
int SSL_set_fd(void *ssl, int fd);
int SSL_connect(void *ssl);
int SSL_accept(void *ssl);

static void shake_hands(int fd, int (*how)(void *ssl))
{
	void *ctx = SSL_CTX_new(TLS_method()), *ssl;

	if (!ctx || !SSL_CTX_ctrl(ctx, SSL_CTRL_SET_MAX_PROTO, TLS1_2_VERSION, NULL) ||
	    !SSL_CTX_set_cipher_list(ctx, "AECDH:@SECLEVEL=0"))
		errx(1, "no context");
	ssl = SSL_new(ctx);
	if (!ssl || !SSL_set_fd(ssl, fd) || how(ssl) != 1)
		errx(1, "no handshake");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
}

int main(void)
{
	int c, status, pair[2];

	while ((c = getchar()) != EOF) {
		if (c != '\n')
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			err(1, "socketpair");
		if (!fork()) {
			close(pair[0]);
			shake_hands(pair[1], SSL_accept);
			_exit(0);
		}
		close(pair[1]);
		shake_hands(pair[0], SSL_connect);
		if (wait(&status) < 0 || status)
			errx(1, "the server fails");
		putchar('.');
		fflush(stdout);
	}
	return 0;
}
