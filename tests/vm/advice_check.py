# SPDX-License-Identifier: GPL-2.0-only
"""Checks that functions show what documents claim: advice_check.py SERIES RESULTS."""
import pathlib
import re
import sys

series, results = sys.argv[1], pathlib.Path(sys.argv[2])
LINE = re.compile(r"(\w+)\{(.*)\} (\S+)")


def read(name):
    """{(metric, function, outcome, value): number}, summed over other labels."""
    found = {}
    for line in (results / name).read_text().splitlines():
        match = LINE.fullmatch(line)
        if match:
            labels = dict(re.findall(r'(\w+)="([^"]*)"', match[2]))
            key = (match[1], labels.get("function") or labels.get("span"), labels.get("outcome"), labels.get("value"))
            found[key] = found.get(key, 0) + float(match[3])
    return found


def report(name, wrong):
    print(f"not ok advice {series} {name}: {wrong}" if wrong else f"ok advice {series} {name}")


pages = {name: read(name) for name in ("direct", "buffered", "blocking", "other")}


def mean(function, page, before=None):
    """Durations of the calls, or spans, between two scrapes, in milliseconds."""
    name = "retprobe_span_seconds" if function.startswith("block_") else "retprobe_duration_seconds"
    total, count = (pages[page].get((f"{name}_{of}", function, None, None), 0) -
                    (pages[before].get((f"{name}_{of}", function, None, None), 0)
                     if before else 0) for of in ("sum", "count"))
    return 1000 * total / count if count else None


def shows(function, *pages_of):
    took = mean(function, *pages_of)
    report(f"{function} shows a slow disk, {pages_of[0]}", took is None or took < 15 and f"{took} ms")


def hides(function, *pages_of):
    took = mean(function, *pages_of)
    report(f"{function} does not, {pages_of[0]}", took is None or took > 5 and f"{took} ms")


def returned(function, value, page, before, want):
    now, then = (sum(number for (metric, f, _, v), number in pages[name].items()
                     if metric == "retprobe_returns_total" and f == function and v == value)
                 for name in (page, before))
    # Other programs connect, too.
    report(f"{function} returns {value}, {page}", not want <= now - then < want + 12 and f"{now - then} times")


def ended(value, page, before, want):
    """Of the connections as the client sees them."""
    now, then = (sum(number for (metric, f, _, v), number in pages[name].items()
                     if metric == "retprobe_span_ended_total" and f == "tcp_connect" and v == value)
                 for name in (page, before))
    report(f"tcp_connect ends with {value}, {page}", now - then != want and f"{now - then} times")


def recipes_resolve():
    """Linux 5.10 has no types of modules, so the expression over ext4's function is refused."""
    plan = (results / "plan").read_text().splitlines()
    refused = [line.split()[1] for line in plan if "cannot be attached (" in line and "(waiting)" not in line]
    report("recipes resolve", refused != ["ext4_sync_file"] and f"refused: {refused}")


print("1..17")
# Linux 5.10 waits for direct I/O in another way.
if series != "5.10":
    shows("submit_bio_wait", "direct")
shows("block_io", "direct")
shows("block_io", "buffered", "direct")
shows("blkdev_read_iter", "direct")
hides("submit_bio", "direct")
shows("io_schedule", "buffered", "direct")
shows("blkdev_read_iter", "buffered", "direct")
hides("submit_bio", "buffered", "direct")
if series == "5.10":
    recipes_resolve()
returned("connect", "ECONNREFUSED", "blocking", "buffered", 12)
returned("inet_stream_connect", "ECONNREFUSED", "blocking", "buffered", 12)
returned("tcp_v4_connect", "0", "blocking", "buffered", 12)
returned("connect", "EINPROGRESS", "other", "blocking", 12)
returned("inet_stream_connect", "EINPROGRESS", "other", "blocking", 12)
returned("inet_stream_connect", "ECONNREFUSED", "other", "blocking", 0)
returned("tcp_reset", "void", "other", "blocking", 12)
ended("ECONNREFUSED", "blocking", "buffered", 12)
ended("ECONNREFUSED", "other", "blocking", 12)
