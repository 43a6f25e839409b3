"""Changes to the configurations that `chancery init` wrote."""

import json
import re
import socket
import urllib.request


def free_address():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % taken.getsockname()[1]


def edit(cluster, name, change):
    """Replaces a process' configuration by what `change` makes of it."""
    path = cluster.folder / "config" / f"{name}.textproto"
    path.write_text(change(path.read_text()))


def describe(cluster, change):
    """Replaces cluster.json by what `change` does to it."""
    description = cluster.load()
    change(description)
    (cluster.folder / "cluster.json").write_text(json.dumps(description))


def add_refresher(cluster, name):
    """One more refresher like the first: the same identity, a name of its own."""
    listen, admin = free_address(), free_address()
    text = (cluster.folder / "config" / "refresher.textproto").read_text()
    for block, address in (("listen", listen), ("admin", admin)):
        text, count = re.subn(rf'(?m)^({block} {{\n  address: ).*$',
                              rf'\g<1>"{address}"', text)
        assert count == 1, text
    for pattern, value in ((r'(?m)^name: .*$', f'name: "{name}"'),
                           (r'(?m)^(audit_log {\n  path: ".*/)refresher\.log"$',
                            rf'\g<1>{name}.log"')):
        text, count = re.subn(pattern, value, text)
        assert count == 1, text
    path = cluster.folder / "config" / f"{name}.textproto"
    path.write_text(text)
    path.chmod(0o600)
    describe(cluster, lambda description: description["processes"].append(
        {"name": name, "binary": "chancery-refresher",
         "config": f"config/{name}.textproto",
         "ready_url": f"http://{admin}/readyz"}))


def metrics(cluster, name):
    """What a process shows of itself: {'name{labels}': value}."""
    url = cluster.process(name)["ready_url"].removesuffix("/readyz") + "/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {key: float(value) for key, value in
            (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}
