# SPDX-License-Identifier: GPL-2.0-only
"""The part of Grafana's JSON that these dashboards need: variables, panels, and their layout.

Everything that tests/dashboards/lint.py requires (a data source variable, descriptions, units, ...) is a
mandatory argument, or always added.
"""

DATASOURCE = {"type": "prometheus", "uid": "$datasource"}
COLUMNS = 24

# ---- variables -------------------------------------------------------------------------------------


def datasource():
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "current": {},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
    }


def query(name, label, expression, multi=True, everything=True, regex="", all_value=".+"):
    """A variable with values from Prometheus, refreshed when the time range changes."""
    current = {"selected": True, "text": ["All"], "value": ["$__all"]} if everything else {}
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": expression,
        "query": {"query": expression, "refId": "Variable-" + name},
        "regex": regex,
        "refresh": 2,
        "sort": 1,
        "multi": multi,
        "includeAll": everything,
        "allValue": all_value if everything else None,
        "current": current,
        "hide": 0,
        "options": [],
    }


def custom(name, label, choices, chosen):
    """A variable with fixed values: {text: value}."""
    options = [
        {"selected": text == chosen, "text": text, "value": value} for text, value in choices.items()
    ]
    return {
        "name": name,
        "label": label,
        "type": "custom",
        "query": ",".join(f"{text} : {value}" for text, value in choices.items()),
        "current": next(o for o in options if o["selected"]),
        "options": options,
        "hide": 0,
        "includeAll": False,
        "multi": False,
    }


def constant(name, label, value):
    """A hidden variable for expressions."""
    return {"name": name, "label": label, "type": "constant", "query": value, "hide": 2, "skipUrlSync": True}


# ---- panels ----------------------------------------------------------------------------------------


def target(expr, legend="", instant=False, form="time_series", name=None):
    """One query. name is the heading of its column in a table."""
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": " ".join(expr.split()),
        "format": form,
        "instant": instant,
        "range": not instant,
        "legendFormat": legend or "__auto",
        "_name": name,
    }


def panel(kind, title, description, unit, targets, width=8, height=8, **more):
    """Any panel. more: options, defaults (of fieldConfig), overrides, transformations."""
    for i, t in enumerate(targets):
        t["refId"] = chr(ord("A") + i)
    names = {t["refId"]: t.pop("_name") for t in targets}
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "fieldConfig": {
            "defaults": {"unit": unit, **more.get("defaults", {})},
            "overrides": more.get("overrides", []),
        },
        "gridPos": {"h": height, "w": width, "x": 0, "y": 0},
        "options": more.get("options", {}),
        "targets": targets,
        "transformations": more.get("transformations", []),
        "_names": names,
    }


def graph(title, description, unit, targets, width=8, stack=False, **more):
    """Durations have a logarithmic axis, because one of seconds would flatten all others."""
    defaults = {
        "custom": {
            "drawStyle": "line",
            "fillOpacity": 30 if stack else 5,
            "lineWidth": 1,
            "scaleDistribution": {"log": 10, "type": "log"} if unit == "s" else {"type": "linear"},
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if stack else "none"},
        },
        **({} if unit == "s" else {"min": 0}),
        **more.pop("defaults", {}),
    }
    options = {
        "legend": {"calcs": ["mean", "max"], "displayMode": "table", "placement": "bottom",
                   "showLegend": True, "sortBy": "Mean", "sortDesc": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, description, unit, targets, width, 9, defaults=defaults,
                 options=options, **more)


def steps(*limits, base="green"):
    """Thresholds: the base colour, then (colour, from) pairs."""
    found = [{"color": base, "value": None}]
    found += [{"color": color, "value": value} for color, value in limits]
    return {"thresholds": {"mode": "absolute", "steps": found}, "color": {"mode": "thresholds"}}


def stat(title, description, unit, targets, width=4, limits=(), base="green", **more):
    options = {
        "colorMode": "value",
        "graphMode": "area",
        "justifyMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    }
    return panel("stat", title, description, unit, targets, width, 4, options=options,
                 defaults=steps(*limits, base=base), **more)


def heatmap(title, description, unit, targets, width=12):
    options = {
        "calculate": False,
        "cellGap": 0,
        "color": {"mode": "scheme", "scheme": "Spectral", "exponent": 0.5, "fill": "dark-orange",
                  "reverse": False, "scale": "exponential", "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "unit": unit, "reverse": False},
    }
    return panel("heatmap", title, description, unit, targets, width, 10, options=options)


def table(title, description, targets, units, hide=(), sort=None, width=COLUMNS, height=10):
    """Instant queries with the same labels, one row per label set. units: column -> unit."""
    made = panel("table", title, description, "short", targets, width, height)
    names = made["_names"]
    renamed = {f"Value #{ref}": name for ref, name in names.items() if name}
    if len(targets) == 1:
        renamed = {"Value": name for name in names.values() if name}
    hidden = dict.fromkeys(("Time", "__name__", *hide), True)
    made["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": hidden, "renameByName": renamed}},
    ]
    made["fieldConfig"]["defaults"]["custom"] = {"align": "auto", "filterable": True}
    made["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": column},
         "properties": [{"id": "unit", "value": unit}]}
        for column, unit in units.items()
    ]
    made["options"] = {"showHeader": True, "footer": {"show": False}}
    if sort:
        made["options"]["sortBy"] = [{"displayName": sort, "desc": True}]
    return made


# ---- dashboards ------------------------------------------------------------------------------------


def place(rows):
    """Places panels side by side, below the heading of their row."""
    placed, y = [], 0
    for heading, panels in rows:
        placed.append({"type": "row", "title": heading, "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": y}})
        x, y, deepest = 0, y + 1, 0
        for p in panels:
            grid = p["gridPos"]
            if x + grid["w"] > COLUMNS:
                x, y, deepest = 0, y + deepest, 0
            grid["x"], grid["y"] = x, y
            x, deepest = x + grid["w"], max(deepest, grid["h"])
            p.pop("_names")
            placed.append(p)
        y += deepest
    for number, p in enumerate(placed, 1):
        p["id"] = number
    return placed


def dashboard(uid, title, description, variables, rows):
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["retprobe"],
        "editable": False,
        "graphTooltip": 1,
        "links": [{"asDropdown": True, "icon": "external link", "includeVars": True,
                   "keepTime": True, "tags": ["retprobe"], "targetBlank": False,
                   "title": "retprobe", "type": "dashboards", "url": "", "tooltip": ""}],
        "panels": place(rows),
        "refresh": "30s",
        "schemaVersion": 39,
        "templating": {"list": variables},
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "version": 1,
    }
