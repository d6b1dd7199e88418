"""Serves the landing page over made-up readings, for states that no test can bring about."""
import collections
import http.server
import json
import pathlib
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVERY = 10  # seconds from one reading to the next
CALLS, MISSED = 100, 5  # of vfs_read, in that time
FULL, NEEDED = 500, 12345  # label sets of openat
BEFORE = 30  # calls of vfs_read before the page was opened

# Of vfs_read, the newest first: seconds, and the stacks with the innermost frames first.
KERNEL = ["vfs_read+0x0", "ksys_read+0x6f", "do_syscall_64+0x5c"]
STACKS = [
    (1, ["io_schedule+0x46", "folio_wait_bit+0x13", "ext4_read+0x1 [ext4]", *KERNEL], ["read+0x1c [/usr/lib/libc.so.6]", "main+0x4 [/bin/cat]"]),
    (1, ["io_schedule+0x20", "folio_wait_bit+0x13", "ext4_read+0x1 [ext4]", *KERNEL], ["read+0x1c [/usr/lib/libc.so.6]", "main+0x9 [/bin/cat]"]),
    (5, ["pipe_read+0x1", *KERNEL], ["read+0x1c [/usr/lib/libc.so.6]", "operator+(a; b)+0x2 [/bin/dog]"]),
    (None, ["?"], []),
]
FOLDED = {
    "samples": """?_[k] 1
main [cat];read [libc.so.6];do_syscall_64_[k];ksys_read_[k];vfs_read_[k];ext4_read [ext4]_[k];folio_wait_bit_[k];io_schedule_[k] 2
operator+(a, b) [dog];read [libc.so.6];do_syscall_64_[k];ksys_read_[k];vfs_read_[k];pipe_read_[k] 1""",
    "time": """main [cat];read [libc.so.6];do_syscall_64_[k];ksys_read_[k];vfs_read_[k];ext4_read [ext4]_[k];folio_wait_bit_[k];io_schedule_[k] 2000000
operator+(a, b) [dog];read [libc.so.6];do_syscall_64_[k];ksys_read_[k];vfs_read_[k];pipe_read_[k] 5000000""",
}


class Handler(http.server.BaseHTTPRequestHandler):
    """The files of the page, and the probes of the unit tests. Below /counted/, the kernel counts program
    runs; below /uncounted/, it does not."""
    polls = collections.Counter()

    def reading(self, place):
        self.polls[place] += 1
        n = self.polls[place]
        made_up = json.loads('{"probes":[' + (ROOT / "tests/golden/probes_json.txt").read_text() + "}")
        probe = made_up["probes"][0]
        probe.update(calls=CALLS * n, buckets=[0, CALLS * n], outcomes={"ok": {"0": CALLS * n}})
        probe["missed"]["recursion"] = MISSED * n
        made_up["probes"][1].update(label_sets=FULL, label_sets_limit=FULL, label_sets_needed=NEEDED)
        for stats in made_up["bpf_stats"]:
            stats.update(run_seconds=stats["run_seconds"] * n, runs=stats["runs"] * n)
        if place == "uncounted":
            made_up["bpf_stats"] = []
        return {**made_up, "version": "", "time": probe["created"] + EVERY * n}

    def history(self):
        """Two readings from before the first one, with 10 and 30 calls."""
        made_up = json.loads('{"probes":[' + (ROOT / "tests/golden/probes_json.txt").read_text() + "}")
        probe = made_up["probes"][0]
        kept = ("object", "function", "created", "sum", "missed")
        return {"records": [{"time": probe["created"] + seconds, "probes": [
            {**{name: probe[name] for name in kept}, "calls": calls, "buckets": [0, calls], "outcomes": {"ok": {"0": calls}}}]}
            for seconds, calls in ((2, 10), (6, BEFORE))]}

    def samples(self):
        common = {"time": 1700000000, "object": "vmlinux", "function": "vfs_read", "probe": None, "outcome": "ok", "value": "0", "ret": 0,
                  "labels": {}, "pid": 1, "tid": 1, "comm": "cat", "cgroup": None, "stack_error": None, "user_stack_error": None}
        return {"samples": [{**common, "sample": len(STACKS) - i, "duration": seconds, "stack": stack, "user_stack": user}
                            for i, (seconds, stack, user) in enumerate(STACKS)]}

    def do_GET(self):
        place, _, path = self.path[1:].partition("/")
        kind = {"js": "text/javascript", "css": "text/css"}.get(path.rpartition(".")[2], "text/html")
        if path == "api/v1/probes":
            kind, body = "application/json", json.dumps(self.reading(place)).encode()
        elif path == "api/v1/history":
            kind, body = "application/json", json.dumps(self.history()).encode()
        elif path.startswith("api/v1/samples?"):
            kind, body = "application/json", json.dumps(self.samples()).encode()
        else:
            body = (ROOT / "exporter/pages/page" / (path.removeprefix("page/") or "page.html")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def serve():
    """Starts the server. Returns it and its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"
