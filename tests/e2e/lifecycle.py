# SPDX-License-Identifier: GPL-2.0-only
"""What the exporter does if one of its processes dies, hangs or is busy, for tests/e2e/lifecycle.sh.

    lifecycle.py EXPORTER PROGRAM    PROGRAM has functions bench_many_NNNN

Prints a verdict per claim. Waits have generous limits. A claimed time is one that the fault would exceed by
far.
"""

import concurrent.futures
import contextlib
import ctypes
import fcntl
import http.client
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

from asking import ask

EXPORTER, PROGRAM = sys.argv[1:]
HOST = "127.0.0.1"
FUNCTION = f"{PROGRAM}:bench_many_0000"
LIMIT = 60  # seconds to wait for what must happen
SOON = 5  # for what must not be delayed; the delays took 10 and more
libc = ctypes.CDLL(None, use_errno=True)
failed = False


def verdict(name, wrong=None):
    global failed
    print(f"not ok lifecycle {name}: {wrong}" if wrong else f"ok lifecycle {name}", flush=True)
    failed = failed or bool(wrong)


def comes_true(condition, seconds=LIMIT):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def free_port():
    with socket.create_server((HOST, 0)) as s:
        return s.getsockname()[1]


def unless(true, wrong):
    return None if true else wrong or "no"


class Exporter:
    """A running exporter. Its log is a file, unless stderr is given."""

    def __init__(self, *arguments, stderr=None, ready=True, env=None):
        self.port = free_port()
        self.log = tempfile.NamedTemporaryFile(prefix="lifecycle")
        self.process = subprocess.Popen(
            [EXPORTER, f"--web.listen-address={HOST}:{self.port}", *arguments],
            stderr=self.log if stderr is None else stderr, env=env)
        if ready and not comes_true(lambda: self.get("/-/ready")[0] == 200):
            sys.exit(f"not ok lifecycle start: it does not answer: {self.lines()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def lines(self):
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()

    def get(self, path, limit=LIMIT, timeout=None, method="GET"):
        """Returns (status, body, seconds). status None: no answer."""
        begin = time.monotonic()
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)} if timeout else {}
        connection = http.client.HTTPConnection(HOST, self.port, limit)
        status, body, _ = ask(connection, path, headers, method)
        return status, (body or b"").decode(), time.monotonic() - begin

    def value(self, name):
        found = re.search(rf"^{name} (\S+)$", self.get("/metrics")[1], re.M)
        return float(found.group(1)) if found else None

    def server(self):
        """The newest child. There are other short-lived children."""
        found = subprocess.run(["pgrep", "-n", "-f", "-P", str(self.process.pid), "server"],
                               capture_output=True, text=True, check=False).stdout
        return int(found) if found else None

    def stop(self, number=signal.SIGTERM):
        """Returns (exit code, seconds). No exit code: it has not stopped."""
        begin = time.monotonic()
        self.process.send_signal(number)
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            return None, LIMIT
        return self.process.returncode, time.monotonic() - begin

    def answers(self):
        return self.get("/-/healthy", SOON)[0] == 200


def judge_stop(exporter):
    code, took = exporter.stop()
    return None if code == 0 and took < SOON else \
        f"exit code {code} after {took:.1f} s: {exporter.lines()}"


def freeze(pid):
    """Stops all threads, which takes a moment."""
    def states():
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8", errors="replace") as f:
                yield f.read().rsplit(")", 1)[1].split()[0]
    os.kill(pid, signal.SIGSTOP)
    comes_true(lambda: set(states()) == {"T"})


# ---- servers --------------------------------------------------------------------------------------


def tasks(pid):
    """Processes of its user, except itself."""
    def of(p):
        with open(f"/proc/{p}/status", encoding="utf-8", errors="replace") as f:
            text = f.read()
        return [int(re.search(rf"^{field}:\s+(\d+)", text, re.M).group(1)) for field in ("Uid", "Threads")]
    user, own = of(pid)
    total = -own
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            u, n = of(p)
        except OSError:
            continue
        total += n if u == user else 0
    return total


def without_tasks():
    """At times, not all threads can be created, and the server dies."""
    with Exporter(FUNCTION) as e:
        pid = e.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NPROC)
        for room in range(1, 6):
            server, failures = e.server(), e.lines().count("the server cannot start")
            resource.prlimit(pid, resource.RLIMIT_NPROC, (tasks(server) + room, before[1]))
            os.kill(server, signal.SIGKILL)
            comes_true(lambda: e.lines().count("the server cannot start") > failures, 5)
            resource.prlimit(pid, resource.RLIMIT_NPROC, before)
            if not comes_true(e.answers, 20):
                return f"it does not answer, after there was room for {room} tasks"
        return None


def steal(pid, fd):
    """Takes a descriptor from another process."""
    pidfd = os.pidfd_open(pid)
    got = libc.syscall(438, pidfd, fd, 0)  # pidfd_getfd
    os.close(pidfd)
    return socket.socket(fileno=got) if got >= 0 else None


def listeners(pid):
    for name in os.listdir(f"/proc/{pid}/fd"):
        if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
            continue
        s = steal(pid, int(name))
        if s and s.family == socket.AF_INET and s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            yield s


def shut_down():
    """What a process that shares the socket can do to it."""
    with Exporter(FUNCTION) as e:
        for s in listeners(e.server()):
            s.shutdown(socket.SHUT_RD)
        if not comes_true(e.answers, 20):
            return "it does not answer"
        if "listens again" not in e.lines():
            return e.lines()
        os.kill(e.server(), signal.SIGKILL)
        return None if comes_true(lambda: e.value("retprobe_exporter_server_restarts_total") == 1) else \
            "a restart is not counted"


def stopped_server():
    with Exporter(FUNCTION) as e:
        hung = e.server()
        freeze(hung)
        if not comes_true(e.answers):
            return "it does not answer"
        if e.server() == hung or "hangs" not in e.lines():
            return f"{hung} has not been replaced by {e.server()}: {e.lines()}"
        return None if e.value("retprobe_exporter_server_restarts_total") == 1 else "it has not been counted"


def watchdog():
    """What systemd is told if the server cannot start."""
    path = temporary("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)

        def hears(seconds):
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                systemd.settimeout(left)
                try:
                    if systemd.recv(1000) == b"WATCHDOG=1":
                        return True
                except TimeoutError:
                    pass
            return False
        with Exporter(FUNCTION, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "4000000", **os.environ}) as e:
            if not hears(LIMIT):
                return "nothing is heard while it is well"
            before = resource.prlimit(e.process.pid, resource.RLIMIT_NPROC)
            resource.prlimit(e.process.pid, resource.RLIMIT_NPROC, (1, before[1]))
            os.kill(e.server(), signal.SIGKILL)
            if not comes_true(lambda: not hears(8)):
                return "it says that it is well, without a server"
            resource.prlimit(e.process.pid, resource.RLIMIT_NPROC, before)
            return None if hears(LIMIT) else "nothing is heard after it is well again"


# ---- the attacher does not answer -----------------------------------------------------------------


def stopped_attacher():
    """Scrapes, reloads and /-/healthy in the meantime."""
    with Exporter(FUNCTION, "--web.enable-lifecycle") as e, \
            concurrent.futures.ThreadPoolExecutor(64) as pool:
        freeze(e.process.pid)
        try:
            reloads = [pool.submit(e.get, "/-/reload", method="POST") for _ in range(12)]
            scrapes = [pool.submit(e.get, "/metrics", timeout=10) for _ in range(12)]
            time.sleep(0.5)  # so that they have begun
            healthy = [e.get("/-/healthy", SOON)[0] for _ in range(6)]
            scrapes = [s.result()[::2] for s in scrapes]
            later = [e.get("/metrics")[::2] for _ in range(3)]
        finally:
            os.kill(e.process.pid, signal.SIGCONT)
        reloads = [r.result()[0] for r in reloads]
    verdict("/-/healthy while the attacher does not answer", healthy != [200] * 6 and healthy)
    verdict("scrapes while the attacher does not answer",
            any(status != 200 or took > 10 for status, took in scrapes) and scrapes)
    verdict("only the first of them wait for it",
            any(status != 200 or took > SOON for status, took in later) and later)
    verdict("reloads wait for it", reloads != [200] * 12 and reloads)


def slow_reloads():
    """By a server that stays alive in the meantime, and ends with the attacher."""
    config = temporary("slow.yml")

    def write(function):
        with open(config, "w", encoding="ascii") as f:
            f.write(f"probes: [{{user: {{object: {PROGRAM}, functions: bench_many_{function:04}}}}}]\n")
    write(0)
    with Exporter(f"--config.file={config}", "--web.enable-lifecycle") as e, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        for function in range(1, 5):
            write(function)
            freeze(e.process.pid)
            reload = pool.submit(e.get, "/-/reload", method="POST")
            time.sleep(2.5)
            os.kill(e.process.pid, signal.SIGCONT)
            if reload.result()[0] != 200:
                return reload.result(), e.lines()
    return None


def huge_timeout():
    """No read waits in a loop."""
    with Exporter(FUNCTION) as e, concurrent.futures.ThreadPoolExecutor(8) as pool:
        def ticks():
            with open(f"/proc/{e.server()}/stat", encoding="ascii") as f:
                return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
        server_ticks = ticks()
        freeze(e.process.pid)
        try:
            scrapes = [pool.submit(e.get, "/metrics", timeout="1e308") for _ in range(4)]
            time.sleep(3)
            spent = ticks() - server_ticks
        finally:
            os.kill(e.process.pid, signal.SIGCONT)
        statuses = [s.result()[0] for s in scrapes]
        if statuses != [200] * 4:
            return statuses
        return None if spent < 50 else f"{spent} ticks of CPU in 3 s of waiting"


# ---- files ---------------------------------------------------------------------------------------


def temporary(name):
    return os.path.join(directory.name, name)


def pipe_for_configuration():
    """A pipe without a writer, at a reload and at a start."""
    config, pipe = temporary("config.yml"), temporary("pipe")
    with open(config, "w", encoding="ascii") as f:
        f.write(f'probes: [{{user: {{object: {PROGRAM}, functions: bench_many_0000}}}}]\n')
    os.mkfifo(pipe)
    with Exporter(f"--config.file={config}", "--web.enable-lifecycle") as e, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        os.rename(config, config + ".kept")
        os.symlink(pipe, config)
        reload = pool.submit(e.get, "/-/reload", method="POST")
        scrape = e.get("/metrics", timeout=10)
        verdict("a reload from a pipe that nobody writes to is answered",
                reload.result()[0] != 500 and reload.result())
        verdict("scrapes meanwhile", scrape[0] != 200 and scrape)
        e.process.send_signal(signal.SIGHUP)
        verdict("it stops in the midst of one", judge_stop(e))
    with Exporter(f"--config.file={pipe}", ready=False) as e:
        code = e.process.wait(LIMIT)
        verdict("a start from one", (code != 2 or "no process writes" not in e.lines()) and f"{code}: {e.lines()}")


def full_stderr():
    """A pipe without a reader, of minimum size."""
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    try:
        with Exporter(FUNCTION, stderr=theirs) as e:
            os.close(theirs)
            dropped = "retprobe_exporter_log_lines_dropped_total"

            def more_are_dropped():
                e.process.send_signal(signal.SIGHUP)
                return (e.value(dropped) or 0) > 10
            verdict("log lines that nobody reads are dropped",
                    unless(comes_true(more_are_dropped), f"{dropped} is {e.value(dropped)}"))
            verdict("it stops with them", judge_stop(e))
    finally:
        os.close(ours)


def mount_dead(path):
    """A file system whose server never answers, or None if this machine cannot mount one."""
    try:
        fuse = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        return None
    os.mkdir(path)
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0"
    if libc.mount(b"dead", path.encode(), b"fuse", 0, options.encode()):
        os.close(fuse)
        return None
    return fuse


def dead_file_system():
    path = temporary("dead")
    fuse = mount_dead(path)
    if fuse is None:
        for what in "/-/healthy while it starts", "it stops then", "it stops before it has read its configuration":
            print(f"SKIP lifecycle a program on a dead file system: {what}: no FUSE")
        return
    try:
        with Exporter(f"{path}/program:main", FUNCTION, ready=False) as e:
            verdict("/-/healthy while it starts with a dead file system", unless(comes_true(e.answers), e.lines()))
            verdict("it stops then", judge_stop(e))
        with Exporter(f"--config.file={path}/config.yml", ready=False) as e:
            time.sleep(0.5)
            e.stop()  # killed by the kernel, as nothing has begun: only the time counts
            verdict("it stops before it has read its configuration", e.process.poll() is None and "it runs")
    finally:
        os.close(fuse)
        libc.umount2(path.encode(), 2)


def has_perf_event(pid):
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # it may just have been closed
            if "perf_event" in os.readlink(f"/proc/{pid}/fd/{fd}"):
                return True
    return False


def long_start():
    """In the midst of functions that are attached one by one. The kernel takes 0.2 s to detach each of them."""
    with Exporter("--mechanism=uretprobe", f"{PROGRAM}:bench_many_[01]*", ready=False) as e:
        end = time.monotonic() + LIMIT
        while not has_perf_event(e.process.pid) and time.monotonic() < end:
            pass
        freeze(e.process.pid)
        verdict("/-/healthy while it attaches", unless(comes_true(e.answers), e.lines()))
        others = {path: e.get(path)[0] for path in ("/-/ready", "/metrics", "/api/v1/probes")}
        verdict("/-/ready and numbers are not there yet", set(others.values()) != {503} and others)
        e.process.terminate()
        os.kill(e.process.pid, signal.SIGCONT)
        verdict("it notices that it is to stop",
                unless(comes_true(lambda: re.search("(stopping on|ended by) signal", e.lines())), e.lines()))
        code = e.process.wait(5 * LIMIT)
        verdict("it stops", code != 0 and f"exit code {code}: {e.lines()}")


def taken_port():
    with socket.create_server((HOST, 0)) as s:
        e = subprocess.run([EXPORTER, f"--web.listen-address={HOST}:{s.getsockname()[1]}", FUNCTION],
                           capture_output=True, text=True, timeout=LIMIT, check=False)
        return None if e.returncode == 1 and "in use" in e.stderr else f"{e.returncode}: {e.stderr}"


def nothing_to_attach():
    with Exporter(f"{PROGRAM}:no_such_function", ready=False) as e:
        code = e.process.wait(LIMIT)
        return None if code == 1 and "nothing could be attached" in e.lines() else f"{code}: {e.lines()}"


directory = tempfile.TemporaryDirectory(prefix="lifecycle")
print("1..25", flush=True)
# Alone: the first counts the tasks of a user, the second is in a hurry.
verdict("a second without tasks", without_tasks())
long_start()
claims = [
    ("a socket that was shut down", shut_down),
    ("a server that hangs", stopped_server),
    ("systemd's watchdog", watchdog),
    ("reloads that take long", slow_reloads),
    ("a scraper that waits for ever", huge_timeout),
    ("a port that is taken", taken_port),
    ("nothing that can be attached", nothing_to_attach),
]
several = [stopped_attacher, pipe_for_configuration, full_stderr, dead_file_system]
# They mostly wait.
with concurrent.futures.ThreadPoolExecutor(len(claims) + len(several)) as at_once:
    results = [at_once.submit(lambda name=name, test=test: verdict(name, test())) for name, test in claims]
    results += [at_once.submit(test) for test in several]
    for result in results:
        result.result()
sys.exit(failed)
