# SPDX-License-Identifier: GPL-2.0-only
"""Load and misbehaving clients over plain HTTP, all at once, for tests/e2e/load.sh.

    load_clients.py load PORT PID      rounds of everything; PID is the attacher's
    load_clients.py logins PORT PID USER:PASSWORD USER:PASSWORD    guesses beside valid logins

Prints a verdict per claim. Numbers limit the load, not time. The only time limit is the scraper's. The
scraper and the load are separate processes, because the other clients here would delay them.
"""

import base64
import collections
import http.client
import itertools
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time

from asking import ask

HOST = "127.0.0.1"
SCRAPE_LIMIT = 10
ROUNDS = 3
IDLE = 500
SLOW_HEADERS = 40
SLOW_READERS = 8
GARBAGE = 200
CONNECTIONS, RATE, REQUESTS = 20, 1000, 3000  # per second, in each round
ANSWERED = 0.95  # of them with status 200
LOGINS = 200
SCRAPES = "scrapes beside slow clients, idle ones, garbage and load"
MAX_REQUESTS = 40  # --web.max-requests by default
PATH = "/metrics"
SMALL = "/metrics?function[]=bench_many_0000"
CLEAR = (429, 503)  # what an overloaded server may answer
failed = False


def verdict(name, wrong):
    global failed
    print(f"not ok load {name}: {wrong}" if wrong else f"ok load {name}", flush=True)
    failed = failed or bool(wrong)


# ---- the scraper --------------------------------------------------------------------------------


def scrape(port, headers=(), source=HOST):
    """Returns None, or the error."""
    c = http.client.HTTPConnection(HOST, port, SCRAPE_LIMIT, source_address=(source, 0))
    begin = time.monotonic()
    status, body, wrong = ask(c, PATH, {
        "X-Prometheus-Scrape-Timeout-Seconds": str(SCRAPE_LIMIT),
        "Accept-Encoding": "gzip", **dict(headers)})
    took = time.monotonic() - begin
    if wrong:
        return wrong
    if status != 200 or len(body) < 1000 or took > SCRAPE_LIMIT:
        return f"{status}, {len(body)} bytes in {took:.1f} s"
    return None


def scraper(port, headers, stop, out):
    """Scrapes until it is told to stop, and at least three times."""
    n, wrong = 0, None
    while not wrong and (n < 3 or not stop.wait(0.1)):
        wrong = scrape(port, headers)
        n += 1
    out.put((n, wrong))


class Scraper:
    def __init__(self, port, headers=()):
        self.stop = multiprocessing.Event()
        self.out = multiprocessing.Queue()
        self.process = multiprocessing.Process(
            target=scraper, args=(port, headers, self.stop, self.out))
        self.process.start()

    def end(self):
        """The number of scrapes, and the error of the last one."""
        self.stop.set()
        result = self.out.get()
        self.process.join()
        return result


# ---- misbehaving clients ------------------------------------------------------------------------


def connect(port, read_slowly=False):
    s = socket.socket()
    s.settimeout(60)
    if read_slowly:
        # A small buffer, so that the server waits for us.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    s.connect((HOST, port))
    return s


def trickle(sockets, stop):
    """A request byte by byte, which never ends."""
    request = b"GET /metrics HTTP/1.1\r\nHost: t\r\nX-Long: " + b"x" * 4000
    for i in range(len(request)):
        for s in sockets:
            try:
                s.sendall(request[i:i + 1])
            except OSError:
                pass  # ended by the server, which is allowed
        if stop.wait(0.02):
            break


def begin_reading(port, n):
    """Connections whose answer has begun, and their statuses. The bodies are still being sent."""
    sockets = [connect(port, read_slowly=True) for _ in range(n)]
    for s in sockets:
        s.sendall(f"GET {PATH} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
    return sockets, [s.recv(64) for s in sockets]


def sip(sockets, got, stop):
    """Reads a few bytes at a time, and at the end everything."""
    while not stop.wait(0.02):
        for i, s in enumerate(sockets):
            got[i] += s.recv(200)
    for i, s in enumerate(sockets):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while piece := s.recv(1 << 16):
            got[i] += piece


def missing(answer):
    """Number of bytes that are missing in an answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return int(length.group(1)) - len(body) if length else "no length"


def garbage(port, n, seed, sockets):
    rnd = random.Random(seed)
    for _ in range(n):
        s = connect(port)
        try:
            s.sendall(rnd.choice([
                rnd.randbytes(rnd.randrange(1, 4000)),
                b"GET / HTTP/1.1\r\n" * 100,
                b"\x16\x03\x01" + rnd.randbytes(200),
                b"GET /metrics?function[]=%zz&&=&" + b"a=" * 2000 + b" HTTP/1.1\r\nHost: t\r\n\r\n",
                # Less than a page, which would occupy a place until it is read.
                f"GET {SMALL} HTTP/1.1\r\nHost: t\r\n\r\n".encode() + rnd.randbytes(500),
                b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 5000,
                b"GET / HTTP/1.1\r\nX: " + b"x" * 40000,
            ]))
        except OSError:
            pass
        sockets.append(s)


# ---- load ---------------------------------------------------------------------------------------


class Pace:
    """Requests at fixed times, however long the answers take."""

    def __init__(self):
        self.lock = threading.Lock()
        self.begin = time.monotonic()
        self.taken = 0

    def take(self):
        """Waits until the next one is due. Returns false if none is left."""
        with self.lock:
            number = self.taken
            self.taken += number < REQUESTS
        time.sleep(max(0, self.begin + number / RATE - time.monotonic()))
        return number < REQUESTS


class Load(threading.Thread):
    """Requests over one connection, reopened if the server has closed it."""

    def __init__(self, port, pace):
        super().__init__()
        self.port, self.pace = port, pace
        self.answers = collections.Counter()
        self.wrong = None

    def ask(self, c):
        c.request("GET", SMALL)
        answer = c.getresponse()
        body = answer.read()
        if answer.status == 200 and b'function="bench_many_0000"' not in body:
            self.wrong = f"200 with {body[:80]!r}"
        self.answers[answer.status] += 1

    def run(self):
        c = http.client.HTTPConnection(HOST, self.port, 60)
        while self.pace.take():
            for attempt in range(5):
                try:
                    self.ask(c)
                    break
                except (ConnectionError, http.client.BadStatusLine):
                    c.close()
                except (OSError, http.client.HTTPException) as e:
                    self.wrong = repr(e)
                    return
            else:
                self.wrong = "five connections were ended without an answer"
                return
        c.close()


def judge(answers):
    """Returns the fault of the answers, or None. A few may say that the server is overloaded."""
    unclear = {s: n for s, n in answers.items() if s != 200 and s not in CLEAR}
    if unclear or answers[200] < ANSWERED * REQUESTS:
        return str(dict(answers))
    return None


def bear(port, out):
    """The load. Returns the answers, requests per second, and errors."""
    pace = Pace()
    threads = [Load(port, pace) for _ in range(CONNECTIONS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - pace.begin
    answers = sum((t.answers for t in threads), collections.Counter())
    wrong = next((t.wrong for t in threads if t.wrong), None)
    out.put((answers, sum(answers.values()) / took, wrong or judge(answers)))


# ---- cost for the server ------------------------------------------------------------------------


def processes(pid):
    """The attacher and its server."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [pid] + [int(child) for child in children.stdout.split()]


def resident_kib(pids):
    sizes = []
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            sizes.append(int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)))
    return sizes


def descriptors(pids):
    return [len(os.listdir(f"/proc/{pid}/fd")) for pid in pids]


def given_back(pids, before):
    """Not more than before, when a scrape could still have had one open."""
    return all(now <= then for now, then in zip(descriptors(pids), before))


def comes_true(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


# ---- the tests ----------------------------------------------------------------------------------


def one_round(port, number):
    """Everything once. Returns {claim: error}, a line about the load, and the number of refused requests."""
    stop = threading.Event()
    idle = [connect(port) for _ in range(IDLE)]
    headers = [connect(port) for _ in range(SLOW_HEADERS)]
    readers, got = begin_reading(port, SLOW_READERS)
    odd = []
    threads = [
        threading.Thread(target=trickle, args=(headers, stop)),
        threading.Thread(target=sip, args=(readers, got, stop)),
        threading.Thread(target=garbage, args=(port, GARBAGE, number, odd)),
    ]
    out = multiprocessing.Queue()
    asking = multiprocessing.Process(target=bear, args=(port, out))
    regular = Scraper(port)
    asking.start()
    for t in threads:
        t.start()
    answers, rate, wrong = out.get()
    asking.join()
    n, scrape_wrong = regular.end()
    stop.set()
    for t in threads:
        t.join()
    # The library can read a close together with the last bytes of half a request. Then it only notices at the
    # timeout. This pause only shortens the test.
    time.sleep(1)
    for s in idle + headers + readers + odd:
        s.close()
    lacking = [m for m in map(missing, got) if m]
    return {
        SCRAPES: scrape_wrong,
        f"of {REQUESTS:,} requests, {ANSWERED:.0%} are answered, others told why not": wrong,
        "bodies that are read slowly are whole": lacking and f"bytes missing: {lacking}",
    }, f"{rate:.0f} of {RATE:,} requests/s{'' if rate > ANSWERED * RATE else ': more could not be sent here'}, " \
        f"answered {dict(answers)}, beside {n} scrapes", answers[503]


def too_many_readers(port):
    """One more than the limit, by clients that do not read on."""
    sockets, begun = begin_reading(port, MAX_REQUESTS + 5)
    statuses = [int(b.split()[1]) for b in begun]
    for s in sockets:
        s.close()
    if statuses.count(503) != 5 or statuses.count(200) != MAX_REQUESTS:
        return f"{statuses.count(200)} times 200, {statuses.count(503)} times 503"
    return None if comes_true(lambda: not scrape(port)) else "and no scrape after they left"


def load(port, pid):
    claims, sizes = {}, []
    print("1..8", flush=True)
    wrong = scrape(port)
    verdict("a scrape", wrong)
    if wrong:
        return
    pids = processes(pid)
    before = descriptors(pids)
    for number in range(ROUNDS):
        # If this machine is so busy that the load reaches the limit, scrapes are refused as well.
        for _ in range(3):
            said, line, refused = one_round(port, number)
            print(f"# {line}", flush=True)
            if not (refused and (said[SCRAPES] or "").startswith("503,")):
                break
        for claim, wrong in said.items():
            claims[claim] = claims.get(claim) or wrong
        back = comes_true(lambda: given_back(pids, before))
        claims["descriptors are given back"] = None if back else f"{before}, now {descriptors(pids)}"
        sizes.append(resident_kib(pids))
    for claim, wrong in claims.items():
        verdict(claim, wrong)
    verdict("a client that does not read gets others a clear 503", too_many_readers(port))
    # The first round grows the heap, and later rounds reuse it, but for one step of a megabyte or two. Each has
    # about 3,750 requests and connections. A leak of half a kilobyte each would exceed this limit in each round.
    leaked = [min(b - a for a, b in itertools.pairwise(process)) for process in zip(*sizes)]
    verdict("memory is flat", max(leaked) > 1536 and f"{sizes} KiB after each round")
    print(f"# resident after each round, attacher and server: {sizes} KiB")
    verdict("the same processes all the time", processes(pid) != pids and f"{processes(pid)}")


def basic(login):
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


class Guess:
    """Wrong passwords, each a different one."""

    def __init__(self, port, number):
        self.port = port
        header = basic(f"prometheus:wrong.{number}")["Authorization"]
        self.request = f"GET {PATH} HTTP/1.1\r\nHost: t\r\nAuthorization: {header}\r\n\r\n".encode()
        self.send()

    def send(self):
        self.socket = connect(self.port)
        self.socket.sendall(self.request)

    def answer(self):
        """Returns the status. With so many, a connection can end before its request is read. Then it is
        repeated."""
        for _ in range(5):
            try:
                begin = self.socket.recv(64)
            except ConnectionError:
                begin = b""
            self.socket.close()
            if begin:
                return int(begin.split()[1])
            self.send()
        return 0


def logins(port, pid, known, late):
    print("1..7", flush=True)
    wrong = scrape(port, basic(known))
    verdict("a scrape with a password", wrong)
    if wrong:
        return
    pids = processes(pid)
    before = descriptors(pids)
    guesses = [Guess(port, i) for i in range(LOGINS)]
    verdict("who is known scrapes beside guesses", scrape(port, basic(known)))
    verdict("who comes first now, from elsewhere, is let in", scrape(port, basic(late), "127.0.0.2"))
    answers = collections.Counter(g.answer() for g in guesses)
    unclear = {s: n for s, n in answers.items() if s != 401 and s not in CLEAR}
    verdict(f"{LOGINS} guesses at once are refused", (unclear or not answers.get(401)) and str(dict(answers)))
    print(f"# guesses were answered {dict(answers)}")
    verdict("who is known scrapes after them", scrape(port, basic(known)))
    back = comes_true(lambda: given_back(pids, before))
    verdict("descriptors are given back after guesses", None if back else f"{descriptors(pids)}")
    verdict("the same processes after guesses", processes(pid) != pids and f"{processes(pid)}")


if __name__ == "__main__":
    {"load": load, "logins": logins}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
    sys.exit(failed)
