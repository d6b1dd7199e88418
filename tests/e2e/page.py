#!/usr/bin/env python3
"""What the landing page shows in a headless Chromium, compared with /metrics.

    page.py URL OBJECT HOSTILE_OBJECT CALLS    OBJECT is page_calls.c, probed with a label and errnos;
                                               HOSTILE_OBJECT is the same, with markup in its name; CALLS is a
                                               program that makes calls
    page.py --many URL COUNT                   many functions
    page.py --made-up                          page_made_up.py in place of an exporter
    page.py --shots URL DIRECTORY              screenshots

A `,` between several of these has them checked with one browser. Prints `ok` and `not ok` lines.
"""
import collections
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

import page_made_up
from browser import Browser, PATIENCE

KEPT, WINDOW = 910, 900  # seconds: history.js keeps KEPT, and its longest window is WINDOW
failed = False
HOSTILE = "<img src=x onerror=window.owned=1>"


def check(name, good, why=""):
    global failed
    failed = failed or not good
    print(f"ok page {name}" if good else f"not ok page {name}: {why}", flush=True)


def same(name, got, want):
    check(name, got == want, f"{got!r}, not {want!r}")


ROWS = """return [...document.querySelectorAll('#probes > tbody > tr:not(.detail)')].map((row) => ({
    object: row.dataset.object, function: row.dataset.function,
    shown: [...row.cells].map((c) => c.innerText.trim()),
    values: [...row.cells].map((c) => c.dataset.value === undefined ? null : Number(c.dataset.value)),
}))"""
CALLS, RATE, BUSY, IN_FLIGHT, ERRORS, P50, P99, MISSED, MECHANISM = range(1, 10)


class Metrics:
    """/metrics for one function of one object, summed over label sets."""

    def __init__(self, url, target, function="page_call"):
        with urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        self.buckets, self.seconds = collections.Counter(), 0
        self.returns, self.missed = collections.Counter(), collections.Counter()
        self.mechanism = None
        for family in text_string_to_metric_families(text):
            for name, labels, value, *_ in family.samples:
                if labels.get("object") == target and labels.get("function") == function:
                    self.take(name, labels, value)
        self.calls = self.buckets[float("inf")]

    def take(self, name, labels, value):
        if name == "retprobe_duration_seconds_bucket":
            self.buckets[float(labels["le"])] += value
        elif name == "retprobe_duration_seconds_sum":
            self.seconds += value
        elif name == "retprobe_returns_total" and value:
            self.returns[labels["outcome"], labels["value"]] += value
        elif name == "retprobe_missed_total":
            self.missed[labels["reason"]] += value
        elif name == "retprobe_probe_info":
            self.mechanism = labels["mechanism"]

    def errors(self):
        return sum(n for (outcome, _), n in self.returns.items() if outcome == "error")

    def has_quantile(self, q, value):
        """Whether the value lies in the classic bucket of that quantile."""
        low = 0
        for bound, n in sorted(self.buckets.items()):
            if n >= q * self.calls:
                return low <= value <= bound
            low = bound
        return False


def read_probes(url, target):
    """Returns the time of the reading, and the target's probe."""
    with urllib.request.urlopen(f"{url}/api/v1/probes", timeout=PATIENCE) as answer:
        reading = json.load(answer)
    return reading["time"], next(p for p in reading["probes"] if p["object"] == target)


def row_of(browser, target):
    return next((r for r in browser.run(ROWS) if r["object"] == target), None)


def make_calls(program, *args):
    subprocess.run([program, *map(str, args)], check=True)


def check_rate(name, row, shortest, longest):
    """Calls per second are calls divided by the window, whose length is between these."""
    calls, rate = row["values"][CALLS], row["values"][RATE]
    check(f"calls/s are calls over the window: {name}", calls and longest * rate >= calls >= shortest * rate,
          f"{rate} of {calls} calls in {shortest} to {longest} s")


def check_numbers(browser, url, target):
    browser.choose("window", "0")
    before, probe = read_probes(url, target)
    browser.next_poll()
    row, metrics = row_of(browser, target), Metrics(url, target)
    after, _ = read_probes(url, target)
    check_rate("since attached", row, before - probe["created"], after - probe["created"])
    same("calls are those of /metrics", row["values"][CALLS], metrics.calls)
    span = row["values"][CALLS] / row["values"][RATE]
    check("time/s is the sum of /metrics over the window", abs(row["values"][BUSY] * span - metrics.seconds) < 1e-6,
          f"{row['values'][BUSY]} for {span} s of {metrics.seconds}")
    same("calls are those that were made", metrics.calls, 1000)
    same("the share of errors is that of /metrics", round(row["values"][ERRORS] * metrics.calls), metrics.errors())
    same("and it is what was made", (row["shown"][ERRORS].split(), metrics.errors()), (["30", "%", "ENOENT,", "…"], 300))
    for q, column in ((0.5, P50), (0.99, P99)):
        check(f"p{q * 100:g} is in its bucket of /metrics", metrics.has_quantile(q, row["values"][column]),
              f"{row['values'][column]}: {dict(metrics.buckets)}")
    same("missed calls are those of /metrics", row["values"][MISSED], sum(metrics.missed.values()))
    same("the mechanism is that of /metrics", row["shown"][MECHANISM], metrics.mechanism)
    return metrics


def detail_table(browser, title):
    return browser.run("""const section = [...document.querySelectorAll('.parts section')]
        .find((s) => s.querySelector('h3').textContent.startsWith(arguments[0]));
        return section && [...section.querySelectorAll(':scope > table > tbody > tr')].map((r) => [...r.cells].map((c) => c.textContent))""", title)


def check_detail(browser, target, metrics):
    browser.run("""[...document.querySelectorAll('#probes > tbody > tr')]
        .find((r) => r.dataset.object === arguments[0]).querySelector('button').click()""", target)
    browser.wait("return document.querySelector('.sets > table > tbody > tr')")
    returned = detail_table(browser, "Returned")
    same("outcomes are those of /metrics",
         {(r[0], r[1]): int(r[2].replace(",", "")) for r in returned}, dict(metrics.returns))
    sets = {r[0]: r[1] for r in detail_table(browser, "Label sets")}
    same("label sets, their text as it is", sets, {"plain": "700", HOSTILE: "300"})
    facts = browser.run("return document.querySelector('.facts').innerText.split('\\n').slice(1, 4)")
    same("what the configuration says of the probe", facts,
         ["<b>calls</b> of the page's test", "expected errors: ENOENT", "waits for work: its durations are no problem"])


SAMPLES = """return [...document.querySelectorAll('.samples table > tbody > tr:not(.stacks)')]
        .map((r) => [...r.cells].map((c) => c.textContent))"""


def check_samples(browser):
    browser.wait("return document.querySelector('.samples table > tbody > tr')")
    rows = browser.run(SAMPLES)
    same("samples are told", (browser.run("return document.querySelector('.samples h3').textContent"), len(rows)),
         ("Samples: the newest of 300", 50))
    numbers = [int(r[0]) for r in rows]
    check("the newest sample is first", numbers == sorted(numbers, reverse=True), numbers)
    check("a sample has its result, command and label",
          all(re.match(r"error: E[A-Z]+ \(-\d+\)$", r[3]) and r[4] == "calls" and r[6] in ("plain", HOSTILE) for r in rows),
          rows[0])
    check("and what it shows", all(r[3].endswith(f"({r[7]})") for r in rows), rows[0])
    browser.run("document.querySelector('.samples table button').click()")
    stacks = "return [...document.querySelectorAll('.samples .stacks:not([hidden])')].map((e) => e.innerText)"
    shown = browser.run(stacks)
    check("a sample shows its stack", len(shown) == 1 and "User stack" in shown[0], shown)
    browser.next_poll()
    same("and keeps it open", browser.run(stacks), shown)
    browser.run("document.querySelector('.samples button[aria-expanded=true]').click()")
    check_flame_graph(browser)


FLAMES = """return [...document.querySelectorAll('.frame')].map((e) => ({
    name: e.textContent, text: e.ariaLabel, level: Number(e.getAttribute('aria-level')), left: parseFloat(e.style.left),
    width: parseFloat(e.style.width), tab: e.tabIndex, focused: e === document.activeElement, shown: e.getBoundingClientRect().width,
}))"""


def check_flame_graph(browser):
    """Of real stacks: their functions, each sample once."""
    flames = browser.run(FLAMES)
    ends = [f for f in flames if re.fullmatch(r"(page_call|main) \[calls\]", f["name"])]
    check("the flame graph has all samples", flames and flames[0]["text"] == "all: 300 samples" and
          sum(f["width"] for f in flames if f["level"] == 2) > 99.9, flames[:3])
    check("and their functions", ends and all(f["text"].endswith("user: 300 samples, 100 %") for f in ends), flames)


# Through a copy: Chromium warns about a canvas that is read often.
PIXELS = """const pixelsOf = (canvas) => {
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
        copy.drawImage(canvas, 0, 0);
        return copy.getImageData(0, 0, canvas.width, canvas.height).data;
    };
"""


def check_live(browser, url, target, program, opened):
    """The window and the heatmap have the calls made while the page is open, and no others. opened: times
    before and after the page was opened."""
    browser.choose("window", str(WINDOW))
    before = browser.run("return Number(document.querySelector('.heat').dataset.calls)")
    make_calls(program, "plain", 0, 123)
    first, _ = read_probes(url, target)
    browser.next_poll()
    row = row_of(browser, target)
    last, probe = read_probes(url, target)
    check_rate("the last minutes", row, min(first - opened[1], WINDOW), min(last - probe["created"], KEPT))
    after = browser.run("return Number(document.querySelector('.heat').dataset.calls)")
    same("the heatmap has the calls made meanwhile", after - before, 123)
    painted = browser.run(PIXELS + """const pixels = pixelsOf(document.querySelector('.heat canvas'));
        let n = 0;
        for (let i = 0; i < pixels.length; i += 4)
            n += pixels[i + 3] === 255 && pixels[i + 2] > pixels[i] + 60;
        return n""")
    check("the heatmap is drawn", painted > 50, f"{painted} coloured pixels")


SETS = """return [...document.querySelectorAll('.sets > table > tbody > tr')].map((r) => [...r.cells].map((c) => c.textContent))"""


def type_into(browser, selector, text):
    browser.run("const e = document.querySelector(arguments[0]); e.focus(); e.value = arguments[1];"
                "e.dispatchEvent(new Event('input'))", selector, text)


def check_sets(browser):
    """Label sets can be sorted and searched, and the next reading changes neither."""
    same("label sets by calls", [r[1] for r in browser.run(SETS)], ["700", "300"])
    browser.click(".sets thead th:nth-child(2) button")
    same("label sets the other way", [r[1] for r in browser.run(SETS)], ["300", "700"])
    browser.click(".sets thead th:nth-child(3) button")
    same("label sets by errors", [r[2] for r in browser.run(SETS)], ["100 %", "0 %"])
    type_into(browser, ".sets input", "PLAIN")
    same("label sets that are searched", [r[0] for r in browser.run(SETS)], ["plain"])
    browser.next_poll()
    same("a reading leaves the search alone", browser.run(
        "return [document.activeElement === document.querySelector('.sets input'), document.activeElement.value]"), [True, "PLAIN"])
    same("and its result", [r[0] for r in browser.run(SETS)], ["plain"])
    type_into(browser, ".sets input", "")


def view(browser):
    """The reader's choices, as displayed."""
    return browser.run("""return {
        search: document.getElementById('search').value, window: document.getElementById('window').value,
        sort: [...document.querySelectorAll('#probes > thead th[aria-sort]')].map((h) => [h.textContent, h.ariaSort]),
        open: [...document.querySelectorAll('[aria-expanded=true]')].map((b) => b.closest('tr').dataset.object),
        sets: document.querySelector('.sets input')?.value,
        sets_sort: [...document.querySelectorAll('.sets thead th[aria-sort]')].map((h) => [h.textContent, h.ariaSort]),
    }""")


def check_link(browser, url, target):
    """The address contains the whole view, so that a link shows the same."""
    browser.choose("window", "0")
    browser.choose("search", "page_call")
    browser.choose("sort", "time/s")
    browser.click("#probes thead th:nth-child(4) button")
    browser.click(".sets thead th:nth-child(5) button")
    type_into(browser, ".sets input", "plain")
    chosen, address = view(browser), browser.run("return location.href")
    same("the view is what was chosen", chosen, {
        "search": "page_call", "window": "0", "sort": [["time/s", "ascending"]], "open": [target], "sets": "plain",
        "sets_sort": [["p50", "descending"]]})
    browser.call("/url", {"url": "about:blank"})
    browser.open(address)
    browser.wait("return document.querySelector('.sets > table > tbody > tr')")
    same("a link shows the same view", view(browser), chosen)
    browser.run("location.hash = ''")
    same("without it, the page begins as always", view(browser), {
        "search": "", "window": "60", "sort": [["calls/s", "descending"]], "open": [], "sets": None, "sets_sort": []})
    same("and has no more in its address", browser.run("return location.href.replace(/#$/, '')"), url + "/")


# The contrast of two colours by WCAG 2, and of a border with its surroundings.
CONTRAST = """
    const light = (c) => c.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255)
        .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0.05);
    const contrast = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));
    const background = (e) => !e ? 'rgb(255, 255, 255)' : /, 0\)$/.test(getComputedStyle(e).backgroundColor)
        ? background(e.parentElement) : getComputedStyle(e).backgroundColor;
"""


def check_contrast(browser):
    """Borders of controls, and the cell of a single call, in both schemes: 3:1 (WCAG 1.4.11)."""
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.next_poll()
        worst = browser.run(CONTRAST + """return Math.min(...[...document.querySelectorAll('input, select, #pause')]
            .map((e) => contrast(getComputedStyle(e).borderTopColor, background(e.parentElement))))""")
        check(f"{scheme}: controls can be seen", worst >= 3, worst)
        # The colours of the heatmap's pixels, except those of axes and text.
        worst, area = browser.run(PIXELS + CONTRAST + """const canvas = document.querySelector('.heat canvas');
            const style = getComputedStyle(canvas), around = background(canvas);
            const pixels = pixelsOf(canvas);
            const found = new Map();
            for (let i = 0; i < pixels.length; i += 4)
                if (pixels[i + 3] === 255 && pixels[i + 2] > pixels[i] + 60) {
                    const name = `rgb(${pixels[i]}, ${pixels[i + 1]}, ${pixels[i + 2]})`;
                    found.set(name, (found.get(name) ?? 0) + 1);
                }
            const solid = [...found].filter(([, n]) => n >= 6);
            return [Math.min(...solid.map(([c]) => contrast(c, around))), solid.length]""")
        check(f"{scheme}: a single slow call can be seen", worst >= 3 and area >= 2, f"{worst}:1 of {area} colours")
    browser.scheme("light")


def check_controls(browser):
    """Buttons name what they open."""
    states = browser.run("""return [...document.querySelectorAll('#probes td.name button')].map((b) =>
        [b.ariaExpanded, b.getAttribute('aria-controls'), !!document.getElementById(b.getAttribute('aria-controls') ?? '')])""")
    same("buttons of functions name what they open", sorted(states), [["false", None, False], ["true", "detail", True]])


def check_problems(browser):
    found = browser.run("""const p = document.getElementById('problems');
        return [p.getBoundingClientRect().top + scrollY, p.querySelector('h2').textContent,
            [...p.querySelectorAll('li')].map((l) => l.textContent)]""")
    check("problems come first", found[0] < 300, f"at pixel {found[0]}")
    same("problems, with their number", found[1:], ["1 problem", ["1 probe not attached: 1 not found"]])


def check_search(browser, hostile):
    browser.choose("search", "src=x onerror=window.owned=2")
    same("search finds by object", [r["object"] for r in browser.run(ROWS)], [hostile])
    browser.choose("search", "no_such_function")
    rows = browser.run("return [...document.querySelectorAll('#unattached tbody tr')].map((r) => r.innerText)")
    check("what is not attached is shown, and why", len(rows) == 1 and "not_found" in rows[0], rows)
    browser.choose("search", "")
    browser.choose("sort", "function")
    names = [r["function"] for r in browser.run(ROWS)]
    same("sorted by function", names, sorted(names))
    browser.click("#probes thead th:nth-child(2) button")
    calls = [r["values"][CALLS] for r in browser.run(ROWS)]
    same("sorted by calls", calls, sorted(calls, reverse=True))


def check_widths(browser):
    for width, height, mobile in ((375, 812, True), (1280, 900, False)):
        browser.size(width, height, mobile)
        browser.next_poll()
        for state in ("with a function open", "with none open"):
            wide = browser.run("return document.documentElement.scrollWidth")
            check(f"no horizontal scroll at {width} px, {state}", wide <= width, f"{wide} px")
            if mobile:
                browser.run("document.querySelector('[aria-expanded=true]')?.click()")


def check_quiet(browser, url):
    """No markup ran, nothing was logged, and no request went elsewhere."""
    same("markup in names does nothing", browser.run("return [window.owned ?? null, document.images.length]"), [None, 0])
    same("no console message", [e["message"] for e in browser.log("browser")], [])
    messages = [json.loads(e["message"])["message"] for e in browser.log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    # Chromium's first tab consists of its own resources.
    others = [u for u in urls if not u.startswith((url + "/", "data:", "chrome://"))]
    check("no request to anywhere else", any(u.endswith("/api/v1/probes") for u in urls) and not others, others or urls)


def check_without_script(browser, url):
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    browser.call("/url", {"url": url})
    text = browser.call("/element/" + list(browser.call("/element", {
        "using": "css selector", "value": "#static"}).values())[0] + "/text", method="GET")
    check("without JavaScript the table is there", "page_call" in text and "no_such_function" in text, text)
    browser.devtools("Emulation.setScriptExecutionDisabled", value=False)


def main_checks(browser, url, target, hostile, program):
    browser.size(1280, 900)
    closed, _ = read_probes(url, target)
    check("opens, and polls", browser.open(url + "/"))
    opened, _ = read_probes(url, target)
    make_calls(program, "plain", 0, 690)
    make_calls(program, "plain", 0, 10, 2000)
    make_calls(program, HOSTILE, -2, 200)
    make_calls(program, HOSTILE, -13, 100, 5000)  # long enough for its files to be seen
    metrics = check_numbers(browser, url, target)
    check_detail(browser, target, metrics)
    check_samples(browser)
    check_sets(browser)
    check_live(browser, url, target, program, (closed, opened))
    make_calls(program, "plain", 0, 1, 300000)
    check_controls(browser)
    check_contrast(browser)
    check_problems(browser)
    check_link(browser, url, target)
    check_widths(browser)
    check_search(browser, hostile)
    check_quiet(browser, url)
    check_without_script(browser, url)


def many_checks(browser, url, count):
    browser.size(1280, 900)
    begin = time.monotonic()
    check(f"{count} functions: opens", browser.open(url + "/"))
    opened = time.monotonic() - begin
    rows = len(browser.run(ROWS))
    check(f"{count} functions: rows are made as they are scrolled to", 20 <= rows < count / 2, f"{rows} rows")
    begin = time.monotonic()
    shown = browser.wait("""scrollTo(0, document.documentElement.scrollHeight);
        return document.querySelectorAll('#probes > tbody > tr').length >= arguments[0]""", count)
    check(f"{count} functions: all are there after scrolling", shown)
    print(f"# opened in {opened:.1f} s, scrolled to the end in {time.monotonic() - begin:.1f} s")
    polls = browser.run("return Number(document.body.dataset.polls)")
    check(f"{count} functions: it goes on", browser.wait("return document.body.dataset.polls > arguments[0]", polls + 1))
    last = f"bench_many_{count - 1:04}"
    browser.choose("search", last)
    same(f"{count} functions: search", [r["function"] for r in browser.run(ROWS)], [last])
    check_quiet(browser, url)


# ---- made-up readings ----------------------------------------------------------------------------

TILES = """return {polls: Number(document.body.dataset.polls), tiles: Object.fromEntries(
    [...document.querySelectorAll('#tiles > div')].map((d) => [...d.children].map((c) => c.textContent))
        .map(([name, value, note]) => [name, [value, note]]))}"""


def check_made_up_flames(browser):
    browser.wait("return document.querySelector('.frame')")
    folded = "return document.querySelector('.flame pre').textContent"
    by = """const e = document.querySelector('.flame select'); e.value = arguments[0]; e.dispatchEvent(new Event('change'))"""
    wide = "return [...document.querySelectorAll('.frame')].filter((e) => e.ariaLabel.startsWith(arguments[0])).map((e) => [e.style.width, e.ariaLabel])"
    same("made up: folded stacks", browser.run(folded), page_made_up.FOLDED["samples"])
    same("made up: a frame is as wide as its samples", browser.run(wide, "ext4_read"),
         [["50%", "ext4_read [ext4], kernel: 2 samples, 50 %"]])
    legend = "return document.querySelector('.flame p').textContent"
    same("made up: the graph says how it is read", browser.run(legend), "all: 4 samples. Callers are above the functions that they called.")
    browser.run(by, "time")
    same("made up: folded stacks by time", browser.run(folded), page_made_up.FOLDED["time"])
    same("made up: a frame is as wide as its time", [t for _, t in browser.run(wide, "pipe_read")],
         ["pipe_read, kernel: 5 s, 71.4 %"])
    browser.run(by, "samples")
    # One frame has a place in the order of Tab; arrows lead to the others.
    browser.run("document.querySelector('.frame[tabindex=\"0\"]').focus()")
    for key in ("ArrowDown", "ArrowRight", "ArrowDown"):
        browser.run("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))", key)
    focused = [(f["name"], f["tab"]) for f in browser.run(FLAMES) if f["focused"]]
    same("made up: arrows lead to callees and siblings", focused, [("read [libc.so.6]", 0)])
    same("made up: the focused frame is told", browser.run(legend), "read [libc.so.6], user: 2 samples, 50 %")
    same("made up: one frame has a place in the order of Tab", [f["tab"] for f in browser.run(FLAMES)].count(0), 1)
    browser.run("document.activeElement.click()")
    opened = browser.run(FLAMES)
    same("made up: an opened frame has the whole width", [(f["name"], f["width"]) for f in opened][:4],
         [("all", 100), ("main [cat]", 100), ("read [libc.so.6]", 100), ("do_syscall_64", 100)])
    check("made up: others are not drawn", not any("dog" in f["name"] or f["name"] == "?" for f in opened), opened)
    browser.next_poll()
    same("made up: a reading leaves it open, with the focus", browser.run(FLAMES), opened)
    browser.run("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))")
    same("made up: Escape shows all", [(f["name"], f["focused"]) for f in browser.run(FLAMES) if f["level"] < 3],
         [("all", True), ("?", False), ("main [cat]", False), ("operator+(a; b) [dog]", False)])
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        worst = browser.run(CONTRAST + """return Math.min(...[...document.querySelectorAll('.frame')]
            .map((e) => contrast(getComputedStyle(e).color, background(e))))""")
        check(f"{scheme}: frames can be read", worst >= 4.5, worst)
    browser.scheme("light")
    browser.run("document.activeElement.blur()")


def made_up_checks(browser):
    server, url = page_made_up.serve()
    browser.size(1280, 900)
    check("made up: opens", browser.open(f"{url}/counted/"))
    browser.choose("window", str(page_made_up.EVERY))
    browser.next_poll()
    row = next(r for r in browser.run(ROWS) if r["function"] == "vfs_read")
    same("made up: calls, calls/s and missed calls of the window", [row["values"][c] for c in (CALLS, RATE, MISSED)],
         [page_made_up.CALLS, page_made_up.CALLS / page_made_up.EVERY, page_made_up.MISSED])
    same("made up: calls in flight, and for how long", row["shown"][IN_FLIGHT].split("\n"), ["3", "since 12.3 s"])
    shown = browser.run(TILES)
    same("made up: the tiles", shown["tiles"], {
        "Attached": ["8 of 14", "kretprobe, tracepoint"],
        "Calls per second": ["10", "100 calls"],
        "Errors": ["0 %", "0 calls"],
        # Three of functions do not change, twelve are of shared programs.
        "Missed since attached": [str(page_made_up.MISSED * shown["polls"] + 3 + 12), "12 in programs shared by functions"],
        # 1.25 seconds in ten.
        "Programs' run time": ["12.5 % of a CPU", "kretprobe 23 µs a run, tracepoint 500 ns a run"],
        "Label sets": ["500", "of 500 allowed"],
        "Counter memory": ["128 KiB", "in the kernel, all CPUs"],
    })
    problems = browser.run("return [...document.querySelectorAll('#problems h2, #problems li')].map((e) => e.textContent)")
    same("made up: problems", problems[:2], ["3 problems",
         "6 probes not attached: 1 not found, 1 with an ambiguous name, 1 that must not be probed, 1 refused, "
         "1 waiting for a module or a program, 1 paused because of overload"])
    check("made up: what missed calls", problems[2].startswith("2 functions missed ") and "vfs_read" in problems[2], problems)
    same("made up: full label sets, and how many would be needed", problems[3:],
         ["1 probe with all label sets in use: other values are counted as _other: openat (500 of about 12,000)"])
    browser.run("[...document.querySelectorAll('#problems li button')].find((b) => b.textContent === 'vfs_read').click()")
    same("made up: a problem opens its function", browser.run(
        "return document.querySelector('[aria-expanded=true]').textContent"), "vfs_read")
    check_made_up_flames(browser)
    browser.choose("window", "900")
    calls, polls = browser.run("return [Number(document.querySelector('.heat').dataset.calls), Number(document.body.dataset.polls)]")
    same("made up: the heatmap begins before the page was opened", calls, page_made_up.CALLS * polls - 10)
    browser.open(f"{url}/uncounted/")
    same("made up: where runs are not counted, how they would be", browser.run(TILES)["tiles"]["Programs' run time"],
         ["–", "sysctl kernel.bpf_stats_enabled=1 counts it"])
    server.shutdown()


def shots(browser, url, directory):
    """Screenshots for people, taken after SECONDS_OPEN seconds."""
    browser.size(1280, 1000)
    browser.open(url + "/")
    time.sleep(float(os.environ.get("SECONDS_OPEN", "20")))
    browser.run("document.querySelector(arguments[0] || '#probes tbody button').click()", os.environ.get("OPEN", ""))
    if os.environ.get("SCROLL"):
        browser.wait("return document.querySelector(arguments[0])", os.environ["SCROLL"])
        browser.run("document.querySelector(arguments[0]).scrollIntoView()", os.environ["SCROLL"])
    for name, width, height, scheme in (("light", 1280, 1000, "light"), ("dark", 1280, 1000, "dark"),
                                        ("phone", 375, 1600, "light"), ("phone-dark", 375, 1600, "dark")):
        browser.size(width, height, width < 500)
        browser.scheme(scheme)
        browser.next_poll()
        browser.screenshot(f"{directory}/{name}.png")


def main():
    modes = {"--many": lambda b, url, count: many_checks(b, url, int(count)), "--made-up": made_up_checks,
             "--shots": shots}
    asked = [list(group) for comma, group in itertools.groupby(sys.argv[1:], ",".__eq__) if not comma]
    plans = {"--many": 5, "--made-up": 24, "--shots": 0}
    if plan := sum(plans.get(arguments[0], 57) for arguments in asked):
        print(f"1..{plan}", flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Browser(directory)
        try:
            for arguments in asked:
                mode = modes.get(arguments[0])
                browser.forget()
                (mode or main_checks)(browser, *arguments[1 if mode else 0:])
        except Exception as error:
            check("all checks are made", False, repr(error))
            raise
        finally:
            browser.close()
    return failed


if __name__ == "__main__":
    sys.exit(main())
