# SPDX-License-Identifier: GPL-2.0-only
"""A page of metrics, and how checks compare what it has."""
from conformance_check import parse


class Scrape:
    def __init__(self, path):
        self.series = {(name, frozenset(labels)): v for (name, labels), v in parse(path).items()}

    def sum(self, metric, /, **wanted):
        """The sum of a metric over all series with these labels."""
        return sum(v for (name, labels), v in self.series.items()
                   if name == metric and set(wanted.items()) <= labels)

    def values(self, metric, label, /, **wanted):
        """{value of the label: sum}, without zeros."""
        found = {}
        for (name, labels), v in self.series.items():
            if name == metric and v and set(wanted.items()) <= labels:
                key = dict(labels).get(label)
                found[key] = found.get(key, 0) + v
        return found


def equal(what, found, expected):
    """A failure if they differ, for `yield from`."""
    if found != expected:
        yield f"{what}: {found}, not {expected}"
