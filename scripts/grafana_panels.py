"""Panels of Grafana's dashboards, as scripts/dashboards.py puts them together."""

SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH = 24
# Series of what goes well, of what is only different, and of what does not.
GREEN, YELLOW, RED = "green", "yellow", "red"
THIS = 'pipeline="$pipeline"'


def by_hand(steps):
    """Thresholds: the first colour from the beginning, each other from its value on."""
    first, *others = steps
    return {
        "mode": "absolute",
        "steps": [{"color": first, "value": None}, *({"color": c, "value": v} for v, c in others)],
    }


def panel(
    kind,
    title,
    description,
    unit,
    queries,
    *,
    width=8,
    height=7,
    steps=(GREEN,),
    options=None,
    custom=None,
    bounds=None,
):
    """A panel without its place. Queries are pairs of a legend and an expression."""
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": SOURCE,
            "expr": expression,
            "legendFormat": legend,
            "instant": kind != "timeseries",
            "range": kind == "timeseries",
            "format": "table" if kind == "table" else "time_series",
        }
        for index, (legend, expression) in enumerate(queries)
    ]
    defaults = {"unit": unit, "thresholds": by_hand(steps), "custom": custom or {}}
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": defaults | (bounds or {}), "overrides": []},
        "options": options or {},
        "gridPos": {"w": width, "h": height},
    }


def figure(title, description, unit, expression, *, steps=(GREEN,), width=4):
    """One number, as it is now."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "values": False, "fields": ""},
        "colorMode": "value",
        "graphMode": "none",
        "textMode": "auto",
    }
    return panel(
        "stat",
        title,
        description,
        unit,
        [("", expression)],
        width=width,
        height=4,
        steps=steps,
        options=options,
    )


def lines(title, description, unit, *queries, stacked=False, steps=(GREEN,), width=8, limit=False, bounds=None):
    """Series over time; with a limit, a line where the last threshold is."""
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 25 if stacked else 5,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if limit else "off"},
    }
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel(
        "timeseries",
        title,
        description,
        unit,
        queries,
        steps=steps,
        options=options,
        custom=custom,
        width=width,
        bounds={"min": 0} | (bounds or {}),
    )


def table(title, description, expression, columns):
    """What there is now, a row a series, with these labels."""
    made = panel(
        "table", title, description, "none", [("", expression)], options={"cellHeight": "sm", "showHeader": True}
    )
    order = {name: place for place, name in enumerate(columns)}
    hidden = {name: True for name in ("Time", "Value", "__name__", "instance", "job", "pipeline")}
    made["transformations"] = [
        {"id": "organize", "options": {"indexByName": order, "excludeByName": hidden, "renameByName": {}}}
    ]
    return made


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": WIDTH, "h": 1}}


def placed(panels):
    """Panels from left to right, in rows as high as their highest."""
    x = y = high = 0
    for number, one in enumerate(panels, 1):
        place = one["gridPos"]
        if x + place["w"] > WIDTH:
            x, y, high = 0, y + high, 0
        one["id"] = number
        one["gridPos"] = place | {"x": x, "y": y}
        x, high = x + place["w"], max(high, place["h"])
    return panels


def variable(name, label, query, *, several):
    every = {"multi": True, "includeAll": True, "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": SOURCE,
        "refresh": 2,
        "sort": 1,
        "query": {"qryType": 1, "query": query, "refId": name},
    } | (every if several else {"multi": False, "includeAll": False})


def dashboard(uid, title, description, variables, panels):
    links = [
        {
            "type": "dashboards",
            "title": "Riffle",
            "tags": ["riffle"],
            "asDropdown": False,
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
            "icon": "dashboard",
            "url": "",
            "tooltip": "",
        }
    ]
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["riffle"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "",
        "links": links,
        "annotations": {"list": []},
        "templating": {"list": variables},
        "panels": placed(panels),
    }


def total(metric, by="", more=""):
    """The rate of a counter, all instances together."""
    labels = ", ".join(part for part in (THIS, more) if part)
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{labels}}}[$__rate_interval]))"


def quantile(share, metric):
    return f"histogram_quantile({share}, {total(f'{metric}_bucket', 'le')})"
