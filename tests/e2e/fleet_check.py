# SPDX-License-Identifier: GPL-2.0-only
"""Checks of fleet.sh against its Prometheus.

    fleet_check.py PROMETHEUS FLEET classic|native NODES SCRAPES INTERVAL SERIES

SERIES is the number per node. Prints a line per test.
"""
import json
import math
import pathlib
import sys
import time
import urllib.request

for beside in ("dashboards", "docs"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / beside))
import documents  # pylint: disable=wrong-import-position
import queries  # pylint: disable=wrong-import-position

DASHBOARD = pathlib.Path("dashboards/retprobe-fleet.json")
README = documents.ROOT / "dashboards/README.md"
PATIENCE = 200  # seconds for everything
UP = 'up{job="retprobe"}'
# Metrics of nodes. `up` and the like are Prometheus's own, and recorded names have colons.
EXPORTED = '{job="retprobe",__name__=~"(retprobe|process)_[a-z_]+"}'
# The panel that finds each node that differs.
FINDS = {"Duration against the median": "slow", "Duration": "slow", "Failure ratio": "failing",
         "Calls against the median": "busy"}
# And the examples in the README that do, in their order.
EXAMPLES = ("slow", "busy", "failing")

failed = False


def report(name, wrong):
    global failed
    failed = failed or bool(wrong)
    print(f"not ok fleet {name}: {wrong}" if wrong else f"ok fleet {name}", flush=True)


class Fleet:
    def __init__(self, url, form, nodes, end):
        self.prometheus = queries.Prometheus(url)
        self.form = form
        self.nodes = nodes
        self.end = end

    def vector(self, expr):
        return self.prometheus.get("query", query=expr)["result"]

    def number(self, expr):
        found = self.vector(expr)
        return float(found[0]["value"][1]) if found else math.nan

    def wait(self, condition, *arguments):
        """Waits until it holds, or the time is up. Returns whether it holds."""
        while not condition(*arguments):
            if time.monotonic() > self.end:
                return False
            time.sleep(0.5)
        return True

    def panels(self):
        """Panels, and their expressions with variables filled in."""
        for panel in json.loads(DASHBOARD.read_text())["panels"]:
            for target in panel.get("targets", []):
                if queries.wanted(target["expr"], self.form):
                    yield panel, queries.filled_in(target["expr"], self.form)

    # ---- scrapes and series ----

    def scraped(self, times):
        return self.number(f"count(count_over_time({UP}[1h]) >= {times})") == self.nodes

    def check_scrapes(self, times):
        done = self.wait(self.scraped, times)
        targets = self.prometheus.get("targets")["activeTargets"]
        errors = sorted({t["lastError"] or t["health"] for t in targets if t["health"] != "up"})
        report("all nodes are up", "; ".join(errors) if len(targets) == self.nodes
               else f"{len(targets)} of {self.nodes}")
        report(f"each was scraped {times} times", not done and "some were not")
        lost = self.number(f"sum(count_over_time({UP}[1h]) - sum_over_time({UP}[1h]))")
        report("no scrape failed", lost != 0 and f"{lost:.0f} did")

    def check_series(self, each):
        have = self.number(f"count({EXPORTED})")
        report("series", have != self.nodes * each and f"{have:.0f} rather than {self.nodes} x {each}")
        same = self.number(f"count(count by (instance) ({EXPORTED}) == {each})")
        report("as many of each node", same != self.nodes and f"of {same:.0f} nodes")
        grow = self.number("count(sum by (instance) (rate(retprobe_returns_total[1h])) > 0)")
        report("counters grow", grow != self.nodes and f"on {grow:.0f} nodes")

    # ---- the fleet's dashboard ----

    def has_each_node(self, expr):
        found = self.vector(expr)
        return (len({r["metric"]["instance"] for r in found}) == self.nodes == len(found) and
                not any(math.isnan(float(r["value"][1])) for r in found))

    def check_table(self):
        columns = [expr for panel, expr in self.panels() if panel["type"] == "table"]
        short = [expr for expr in columns if not self.wait(self.has_each_node, expr)]
        report("the table has every node", "; ".join(short) if columns else "it has no columns")

    def check_first(self, name, expr, fault, node):
        """The node at the top is the right one, and far from the next."""
        if not self.wait(lambda: len(self.vector(expr)) > 1):
            report(f"{name}: the {fault} node is first", "there are not two to compare")
            return
        first, second = sorted(((float(r["value"][1]), r["metric"]["instance"])
                                for r in self.vector(expr)), reverse=True)[:2]
        report(f"{name}: the {fault} node is first", (first[1] != node or first[0] < 2 * second[0]) and
               f"{node} was to be, and {first} is, before {second}")

    def finders(self):
        """Panels that find a node that differs: title and expression."""
        return [(panel["title"], expr) for panel, expr in self.panels()
                if panel["title"] in FINDS and panel["type"] != "stat"]

    def check_outliers(self, faults):
        left = set(FINDS)
        for title, expr in self.finders():
            left.discard(title)
            self.check_first(title, expr, FINDS[title], faults[FINDS[title]])
        report("outliers", left and f"no panels {left}")

    def examples(self):
        *_, (_, text) = documents.blocks(README, "promql")
        return documents.expressions(text)

    def asked_examples(self):
        """Examples with data here: number, expression, fault."""
        return [(number, expr, fault) for number, (expr, fault) in enumerate(zip(self.examples(), EXAMPLES), 1)
                if self.form == "classic" or "_bucket" not in expr]

    def check_examples(self, faults):
        found = len(self.examples())
        report("examples", found != len(EXAMPLES) and f"there are {found}")
        for number, expr, fault in self.asked_examples():
            self.check_first(f"example {number}", expr, fault, faults[fault])

    # ---- rules ----

    def by_node(self):
        return self.number("count(count by (instance) (instance_function:retprobe_returns:rate5m))"
                           ) == self.nodes

    def sums_agree(self):
        """At any moment, the recorded fleet is the sum of its nodes."""
        parts, whole = (self.number(f"sum({level}_function:retprobe_returns:rate5m)")
                        for level in ("instance", "job"))
        return math.isclose(parts, whole, rel_tol=1e-9)

    def check_records(self):
        report("recorded by node", not self.wait(self.by_node) and "some are missing")
        report("recorded of the fleet", not self.wait(self.sums_agree) and "not the sum of its nodes")
        functions = self.number("count(count by (object, function) (retprobe_returns_total))")
        recorded = self.number("count(job_function:retprobe_returns:rate5m)")
        report("the fleet has one series for each function",
               functions != recorded and f"{recorded:.0f} for {functions:.0f}")


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def main(url, fleet_url, form, nodes, scrapes, interval, series):
    end = time.monotonic() + PATIENCE + int(scrapes) * int(interval)
    fleet = Fleet(url, form, int(nodes), end)
    print(f"1..{16 + len(fleet.finders()) + len(fleet.asked_examples())}", flush=True)
    fleet.check_scrapes(int(scrapes))
    fleet.check_series(int(series))
    fleet.check_table()
    faults = fetch(f"{fleet_url}/faults")
    fleet.check_outliers(faults)
    fleet.check_records()
    fleet.check_examples(faults)
    queries.ask(f"fleet {form}: panels", fleet.prometheus.has_data,
                [(expr, panel["title"]) for panel, expr in fleet.panels()], end)
    queries.rules(f"fleet {form}", fleet.prometheus, end)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
