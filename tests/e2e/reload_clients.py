# SPDX-License-Identifier: GPL-2.0-only
"""Reloads that requests must not notice, for tests/e2e/reload.sh.

    reload_clients.py PORT CONFIG LOG PID NOTIFY_SOCKET FUNCTIONS FUNCTIONS

Writes the two globs to CONFIG in turn. So each reload changes something, and a new server takes over. The
other arguments are the exporter's. Prints a verdict per claim.
"""

import fnmatch
import http.client
import itertools
import os
import pathlib
import re
import signal
import socket
import sys
import threading
import time

from asking import ask

HOST, PORT = "127.0.0.1", int(sys.argv[1])
CONFIG, LOG = map(pathlib.Path, sys.argv[2:4])
PID, NOTIFY_SOCKET = int(sys.argv[4]), sys.argv[5]
GLOBS = itertools.cycle(sys.argv[6:])
RELOADS = 10
LIMIT = 60  # seconds for an answer
HESITATION = 0.1  # between a connection and its request
# How long an ending server waits for the request of an accepted connection, minus the delay on the way here.
PATIENCE = 1.0 - 0.2
# More than the maximum number of servers, and the seconds that an old one has to end.
HELD, SERVERS, DRAIN = 12, 8, 5.0
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


def write(glob):
    CONFIG.write_text(f"probes: [{{functions: \"{glob}\"}}]\n", encoding="utf-8")


def reload():
    """Returns None, or the error."""
    write(next(GLOBS))
    return request("POST", "/-/reload")[0]


def connect():
    return socket.create_connection((HOST, PORT), timeout=LIMIT)


class Hesitating(threading.Thread):
    """Connects, waits a moment, and only then sends a request; repeatedly."""

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
        begin = time.monotonic()
        with connect() as s:
            time.sleep(HESITATION)
            if time.monotonic() - begin > PATIENCE:
                return  # on such a busy machine, this shows nothing
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
        time.sleep(0.3)  # old servers have a second to end
    stop.set()
    for c in clients:
        c.join()
    asked = sum(c.asked for c in clients)
    wrong = wrong or next((c.wrong for c in clients if c.wrong), None)
    if not wrong and asked < 10 * RELOADS:
        wrong = f"only {asked} requests, which shows nothing"
    verdict("whoever has connected is answered", wrong)


def held():
    """Each server keeps an endless request, and so still runs when the next ones are needed."""
    sockets, times, wrong = [], [], None
    for _ in range(HELD):
        s = connect()
        s.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n.")
        sockets.append(s)
        wrong = wrong or reload() or request("GET", "/metrics")[0]
        times.append(time.monotonic())
    for s in sockets:
        s.close()
    verdict("reloads that follow each other faster than servers end", wrong)
    name, log = "the log tells of servers that had to go", LOG.read_text(encoding="utf-8")
    told = "killed an old server that had unanswered requests" in log
    fastest = min(b - a for a, b in zip(times, times[SERVERS - 1:]))
    if not told and fastest > 0.8 * DRAIN:
        print(f"SKIP reload {name}: {SERVERS} reloads take {fastest:.1f} s here, and servers have ended by then")
    else:
        verdict(name, None if told else log.splitlines()[-3:])


def late():
    """The server with the connection has been told to end when it gets a request for a reload."""
    wrong = None
    for _ in range(3):
        begin = time.monotonic()
        with connect() as s:
            time.sleep(HESITATION)
            wrong = wrong or reload()
            if time.monotonic() - begin > PATIENCE:
                continue
            s.sendall(b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            answer = s.makefile("rb").read()
            if b" 200 " not in answer[:20]:
                wrong = wrong or f"{answer!r}"
    verdict("a reload that an old server is asked for", wrong)


def kept_request(kept, method, path):
    kept.request(method, path)
    return kept.getresponse().read()


def by_request(kept):
    """The page after a reload, on the connection that reported it and on another."""
    kept_request(kept, "POST", "/-/reload")
    return kept_request(kept, "GET", "/metrics"), request("GET", "/metrics")[1]


def by_signal(notified):
    os.kill(PID, signal.SIGHUP)
    while notified.recv(4096) != b"READY=1":
        pass
    return (request("GET", "/metrics")[1],)


def at_once(name, how, connection):
    """A successful answer to a reload means that its result is visible."""
    wrong = None
    for _ in range(RELOADS):
        glob = next(GLOBS)
        write(glob)
        try:
            bodies = how(connection)
        except (OSError, http.client.HTTPException) as e:
            wrong = wrong or repr(e)
            continue
        for body in bodies:
            functions = set(re.findall(r'^retprobe_probe_attached{.*function="([^"]*)"', (body or b"").decode(), re.M))
            if not functions or not all(fnmatch.fnmatch(f, glob.rpartition(":")[2]) for f in functions):
                wrong = wrong or f"{glob} has been loaded, and there are {sorted(functions)}"
    connection.close()
    verdict(name, wrong)


def notifications():
    """The socket in place of systemd's."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(NOTIFY_SOCKET)
    s.settimeout(LIMIT)
    return s


print("1..6", flush=True)
hesitating()
late()
at_once("a reload that is done is seen at once", by_request, http.client.HTTPConnection(HOST, PORT, timeout=LIMIT))
at_once("so is one by a signal, once systemd knows", by_signal, notifications())
held()
sys.exit(failed)
