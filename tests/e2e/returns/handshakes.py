#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""TLS handshakes over blocking sockets: handshakes.py CERTIFICATE KEY GOOD BAD LEFT. Each calls
SSL_do_handshake once on either side. BAD ones fail on both sides: the client does not trust the
certificate. LEFT ones fail on the server's side: the client closes the connection.
"""
import socket
import ssl
import sys
import threading


def serve(context, sock):
    try:
        context.wrap_socket(sock, server_side=True).close()
    except OSError:
        sock.close()


def handshake(server, client):
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=serve, args=(server, theirs))
    thread.start()
    try:
        if client:
            client.wrap_socket(ours, server_hostname="localhost").close()
        else:
            ours.close()
    except ssl.SSLError:
        ours.close()
    thread.join()


def main():
    certificate, key, *numbers = sys.argv[1:]
    with open("/proc/self/comm", "w") as comm:
        comm.write("handshakes")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    distrusting = ssl.create_default_context()
    for client, n in zip((trusting, distrusting, None), numbers):
        for _ in range(int(n)):
            handshake(server, client)


main()
