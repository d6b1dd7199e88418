# SPDX-License-Identifier: GPL-2.0-only
"""Misbehaving clients, all at once, for tests/e2e/web.sh.

    web_clients.py PORT LOGIN PID CA: of an exporter with TLS and basic authentication

Prints a verdict per claim. Numbers limit everything, not time. The time limits are those of a scrape, ten
seconds, and more.
"""

import base64
import http.client
import os
import random
import re
import socket
import ssl
import sys
import threading

from asking import ask

PORT, LOGIN, PID, CA = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
HEADERS = {"Authorization": "Basic " + base64.b64encode(LOGIN.encode()).decode()}
SCRAPE_LIMIT = 10
failed = False


def verdict(name, wrong):
    global failed
    print(f"not ok web {name}: {wrong}" if wrong else f"ok web {name}", flush=True)
    failed = failed or bool(wrong)


def connect():
    s = socket.create_connection(("127.0.0.1", PORT), timeout=60)
    return s


def client(timeout):
    context = ssl.create_default_context(cafile=CA)
    return http.client.HTTPSConnection("localhost", PORT, timeout=timeout, context=context)


def scrape():
    """Returns None, or the error."""
    status, body, wrong = ask(client(SCRAPE_LIMIT), "/metrics", HEADERS)
    if not wrong and (status != 200 or b"retprobe_exporter_build_info" not in body):
        wrong = f"{status}, {len(body)} bytes"
    return wrong


def scrapes(n):
    return next((wrong for wrong in (scrape() for _ in range(n)) if wrong), None)


def resident_kib():
    with open(f"/proc/{PID}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def idle(n):
    sockets = []
    for _ in range(n):
        sockets.append(connect())
    return sockets


def slow(n):
    """The beginning of a handshake or a request, byte by byte."""
    sockets = []
    for i in range(n):
        s = connect()
        s.sendall(b"\x16" if i % 2 else b"G")
        sockets.append(s)
    return sockets


def feed(sockets):
    for s in sockets:
        try:
            s.sendall(b"\x03")
        except OSError:
            pass  # ended by the server, which is allowed


def garbage(n, seed):
    """Random bytes, plain HTTP, or half a request on a valid connection."""
    rnd = random.Random(seed)
    for i in range(n):
        s = connect()
        try:
            if i % 4 == 3:
                s = ssl.create_default_context(cafile=CA).wrap_socket(s, server_hostname="localhost")
            s.sendall(rnd.choice([
                rnd.randbytes(rnd.randrange(1, 4000)),
                b"\x16\x03\x01" + rnd.randbytes(200),
                b"GET / HTTP/1.1\r\nHost: t\r\n\r\n" * 50,
                b"GET /metrics HTTP/1.1\r\nAuthorization: Basic " + b"A" * 3000 + b"\r\n\r\n",
                b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 5000,
                b"GET / HTTP/1.1\r\nX: " + b"x" * 40000,
            ]))
        except OSError:
            pass
        s.close()


def requests(connections, each):
    """As many per second as possible. Returns the answers other than 200."""
    wrong = []

    def run():
        c = client(60)
        try:
            for _ in range(each):
                c.request("GET", "/-/healthy", headers=HEADERS)
                answer = c.getresponse()
                answer.read()
                if answer.status != 200:
                    wrong.append(answer.status)
        except (OSError, http.client.HTTPException) as e:
            wrong.append(repr(e))
        c.close()

    threads = [threading.Thread(target=run) for _ in range(connections)]
    for t in threads:
        t.start()
    return threads, wrong


def guesses(n, round_):
    """Wrong passwords, each a different one. Returns the answers other than 401."""
    wrong = []
    c = client(60)
    for i in range(n):
        login = base64.b64encode(f"prometheus:{round_}.{i}".encode()).decode()
        c.request("GET", "/metrics", headers={"Authorization": "Basic " + login})
        answer = c.getresponse()
        answer.read()
        if answer.status != 401:
            wrong.append(answer.status)
    c.close()
    return wrong


def one_round(number):
    """Everything once. Returns {claim: error}."""
    said = {}
    sockets = idle(500)
    said["scrapes beside 500 idle connections"] = scrapes(3)
    for s in sockets:
        s.close()
    sockets = slow(100)
    wrong = None
    for _ in range(3):
        feed(sockets)
        wrong = wrong or scrape()
    said["scrapes beside slow clients"] = wrong
    for s in sockets:
        s.close()
    threads = [threading.Thread(target=garbage, args=(50, 10 * number + i)) for i in range(4)]
    for t in threads:
        t.start()
    said["scrapes beside garbage"] = scrapes(3)
    for t in threads:
        t.join()
    threads, wrong = requests(8, 250)
    said["scrapes beside 2,000 requests"] = scrapes(3)
    for t in threads:
        t.join()
    said["2,000 requests are answered"] = wrong and str(wrong[:5])
    wrong = guesses(60, number)
    said["guesses are refused"] = wrong and str(wrong[:5])
    return said


def main():
    claims = {}
    sizes = []
    print("1..8", flush=True)
    wrong = scrape()
    verdict("a scrape by TLS and password", wrong)
    if wrong:
        return
    for number in range(4):
        for claim, wrong in one_round(number).items():
            claims[claim] = claims.get(claim) or wrong
        sizes.append(resident_kib())
    for claim, wrong in claims.items():
        verdict(claim, wrong)
    # Later rounds reuse the heap of the first ones. Two rounds make about 5,000 requests and 1,700
    # connections. A leak of a kilobyte each would be far above this limit.
    flat = sizes[-1] < max(sizes[:2]) + 6144
    verdict("memory is flat", None if flat else f"{sizes} KiB")
    print(f"# resident after each round: {sizes} KiB; threads: "
          f"{len(os.listdir(f'/proc/{PID}/task'))}", flush=True)


main()
sys.exit(failed)
