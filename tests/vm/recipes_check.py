# SPDX-License-Identifier: GPL-2.0-only
"""Checks that the recipes of deploy/RECIPES.md have results: recipes_check.py RESULTS. Two scrapes of a
guest come from before and after the events of advice_guest.sh. They become five minutes of samples in a real
Prometheus. Runs the page's own PromQL.
"""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "docs"))
import documents  # noqa: E402

RECIPES = documents.ROOT / "deploy/RECIPES.md"
SAMPLE = re.compile(r"(\w+)(\{.*\})? (\S+)")
STEP, WINDOW = 15, 300
# A multiple of the step, long enough ago for promtool.
END = (int(time.time()) - 6 * 3600) // STEP * STEP
POD = "aaaaaaaa-1111-2222-3333-444444444444"


def per_second(low, high):
    """Limits of a rate, from those of the total over the window."""
    return low / WINDOW, high / WINDOW


# By heading, one per expression of the recipe: labels of a series in the result, and limits of its value.
# Each event happens three times in the window. On the disk, every request takes 20 ms.
EXPECTED = {
    "Why is my disk slow?": [
        ({"device": "nullb0"}, (0.02, 1)),
        ({"comm": "dd"}, per_second(0.06, 1)),
    ],
    "Which program has slow fsyncs?": [
        ({"function": "ext4_sync_file", "comm": "dd", "file": "ledger"}, per_second(0.06, 1)),
    ],
    "Which pod fails to open which file?": [
        ({"pod_uid": POD, "comm": "cat", "path": "/etc/app.conf", "value": "ENOENT"}, per_second(3, 3)),
    ],
    "Which process was OOM-killed?": [
        ({"cgroup": "/small", "victim": "tail"}, (3, 3.5)),
    ],
    "Which program stalls on a memory limit?": [
        ({"comm": "tail", "cgroup": "/small"}, per_second(0.0001, 60)),
    ],
    # Two of three threads wait for at least 50 ms, twice.
    "Which program waits for user-space locks?": [
        ({"comm": "python3"}, per_second(0.1, 10)),
    ],
    "How long is a program off the CPU?": [
        ({"comm": "python3"}, per_second(0.3, 30)),
    ],
    "Which connections fail?": [
        ({"comm": "python3", "to": "127.0.0.1", "port": "9", "value": "ECONNREFUSED"}, per_second(1, 1)),
        ({}, (1e-7, 1)),
    ],
    "Is DNS slow?": [
        ({"comm": "python3", "host": "no-such-host.invalid"}, per_second(0.0001, 30)),
        ({"comm": "python3", "host": "no-such-host.invalid"}, per_second(1, 1)),
    ],
    # A client and a server per handshake.
    "Which pod has slow TLS handshakes?": [
        ({"pod_uid": POD}, (1e-7, 10)),
        ({"pod_uid": POD}, per_second(6, 6)),
    ],
    "Which SQL is slow to plan?": [
        ({"sql": "select pg_sleep(0.02)"}, per_second(5 * 0.005, 1)),
        ({"instance": ""}, (0.02, 0.5)),
        ({"instance": ""}, per_second(1, 1)),
    ],
}


def report(name, wrong):
    print(f"not ok recipes {name}: {wrong}" if wrong else f"ok recipes {name}", flush=True)


def recipes():
    """{heading: [expression]} of the recipes with a configuration."""
    found, heading = {}, ""
    for line in RECIPES.read_text().split("\n## ")[1:]:
        heading, _, text = line.partition("\n")
        if "\n```yaml\n" in text:
            block = re.search(r"^```promql recipe\n(.*?)^```$", text, re.S | re.M)
            found[heading] = documents.expressions(block[1]) if block else []
    return found


def samples(path):
    found = {}
    for line in path.read_text().splitlines():
        sample = SAMPLE.fullmatch(line)
        if sample and sample[1].startswith("retprobe_"):
            found.setdefault(sample[1], {})[sample[2] or ""] = float(sample[3])
    return found


def write_samples(first, second, path):
    """A line from one value to the other, for counters that grew in between."""
    with path.open("w") as out:
        for name, series in second.items():
            for labels, last in series.items():
                begin = first.get(name, {}).get(labels)
                for t in range(0, WINDOW + 1, STEP):
                    if begin is not None or t == WINDOW:
                        value = last if t == WINDOW else begin + (last - begin) * t / WINDOW
                        out.write(f"{name}{labels} {value} {END - WINDOW + t}\n")
        out.write("# EOF\n")


def ask(port, expression):
    query = urllib.parse.urlencode({"query": expression, "time": END})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{query}", timeout=60) as answer:
        return [(s["metric"], float(s["value"][1])) for s in json.load(answer)["data"]["result"]]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_ready(port, server):
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5):
                return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError("Prometheus does not start")


def check(port):
    for heading, expressions in recipes().items():
        wanted = EXPECTED.get(heading, [])
        if len(wanted) != len(expressions):
            report(heading, f"{len(expressions)} expressions in the page, {len(wanted)} here")
            continue
        wrong = []
        for expression, (labels, (low, high)) in zip(expressions, wanted):
            answer = ask(port, expression)
            values = [value for metric, value in answer
                      if all(metric.get(name, "") == text for name, text in labels.items())]
            if len(values) != 1 or not low * 0.999 <= values[0] <= high * 1.001:
                wrong.append(f"{expression}: {labels} is {values}, not from {low} to {high}, of {answer[:10]}")
        report(heading, "; ".join(wrong))


def main(results):
    if not shutil.which("prometheus"):
        print("SKIP recipes: prometheus is not here: make deps")
        return
    print(f"1..{len(EXPECTED) + 1}")
    report("each is tested", sorted(set(recipes()) ^ set(EXPECTED)) or not EXPECTED)
    with tempfile.TemporaryDirectory() as temp:
        temp = pathlib.Path(temp)
        write_samples(samples(results / "first"), samples(results / "second"), temp / "samples")
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", temp / "samples", temp / "data"],
                       check=True, stdout=subprocess.DEVNULL)
        (temp / "prometheus.yml").write_text("")
        port = free_port()
        with (temp / "log").open("w") as log, subprocess.Popen(
                ["prometheus", f"--config.file={temp}/prometheus.yml", f"--storage.tsdb.path={temp}/data",
                 f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log) as server:
            try:
                wait_ready(port, server)
                check(port)
            finally:
                server.terminate()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
