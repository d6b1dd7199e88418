# SPDX-License-Identifier: GPL-2.0-only
"""Reloads beside clients who must not notice them, for tests/e2e/reload.sh.

reload_clients.py PORT CONFIG FUNCTIONS FUNCTIONS: CONFIG is written with the one and the other glob in
turn, so that each reload changes something and a new server takes over. Prints a line in the manner
of the tests for each thing that is claimed.
"""

import http.client
import itertools
import pathlib
import socket
import sys
import threading
import time

from asking import ask

HOST, PORT, CONFIG = "127.0.0.1", int(sys.argv[1]), pathlib.Path(sys.argv[2])
GLOBS = itertools.cycle(sys.argv[3:])
RELOADS = 10
LIMIT = 10  # seconds for an answer
HESITATION = 0.1  # between a connection and its request
# A server that ends waits so long for the request of a connection that it has taken, less what gets
# lost on the way here.
PATIENCE = 1.0 - 0.2
# More than old servers that there may be.
HELD = 12
failed = False


def verdict(name, wrong):
    global failed
    print(f"not ok reload {name}: {wrong}" if wrong else f"ok reload {name}", flush=True)
    failed = failed or bool(wrong)


def request(method, path):
    status, body, wrong = ask(http.client.HTTPConnection(HOST, PORT, LIMIT), path, {}, method)
    if not wrong and status != 200:
        wrong = f"{status}: {body.decode(errors='replace')}"
    return wrong, body


def reload():
    """None, or what went wrong."""
    CONFIG.write_text(f"probes: [{{functions: \"{next(GLOBS)}\"}}]\n", encoding="utf-8")
    return request("POST", "/-/reload")[0]


def connect():
    return socket.create_connection((HOST, PORT), timeout=LIMIT)


class Hesitating(threading.Thread):
    """Connects, waits for a moment, and only then asks; again and again."""

    def __init__(self, stop):
        super().__init__(daemon=True)
        self.stop, self.asked, self.wrong = stop, 0, None

    def run(self):
        while not self.wrong and not self.stop.is_set():
            try:
                self.once()
            except OSError as e:
                self.wrong = repr(e)

    def once(self):
        with connect() as s:
            begin = time.monotonic()
            time.sleep(HESITATION)
            if time.monotonic() - begin > PATIENCE:
                return  # a machine that busy shows nothing
            s.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            line = s.makefile("rb").readline()
        if line.split()[1:2] != [b"200"]:
            self.wrong = f"answered with {line!r}, after {self.asked} that were right"
        self.asked += 1


def hesitating():
    stop = threading.Event()
    clients = [Hesitating(stop) for _ in range(10)]
    for c in clients:
        c.start()
    wrong = None
    for _ in range(RELOADS):
        wrong = wrong or reload()
        time.sleep(0.3)  # old servers may have their second
    stop.set()
    for c in clients:
        c.join()
    asked = sum(c.asked for c in clients)
    wrong = wrong or next((c.wrong for c in clients if c.wrong), None)
    if not wrong and asked < 10 * RELOADS:
        wrong = f"only {asked} requests, which shows nothing"
    verdict("whoever has connected is answered", wrong)


def held():
    """Each server is left with a request that does not end, and so is still there when the next ones
    are needed."""
    sockets, wrong = [], None
    for _ in range(HELD):
        s = connect()
        s.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n.")
        sockets.append(s)
        wrong = wrong or reload() or request("GET", "/metrics")[0]
    for s in sockets:
        s.close()
    verdict("reloads that follow each other faster than servers end", wrong)


def late():
    """The server that has taken the connection has been told to end when it is asked for a reload."""
    wrong = None
    for _ in range(3):
        with connect() as s:
            begin = time.monotonic()
            time.sleep(HESITATION)
            wrong = wrong or reload()
            if time.monotonic() - begin > PATIENCE:
                continue
            s.sendall(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            answer = s.makefile("rb").read()
            if b" 200 " not in answer[:20]:
                wrong = wrong or f"{answer!r}"
    verdict("a reload that an old server is asked for", wrong)


hesitating()
late()
held()
sys.exit(failed)
