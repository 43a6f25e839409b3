"""Proves that inventory, ledger, responders and CRL say the same."""

import json

from cluster import wait_until


def prove(case, issued, revoked):
    """Everything acknowledged is there, in each of them, as it was acknowledged;
    of whatever else there is they say the same."""
    cluster = case.cluster

    def fresh():
        return cluster.run("cluster", "--json", check=False).returncode == 0
    wait_until("every responder is reachable and nothing is behind", fresh, 120)

    def inventory():
        rows = json.loads(cluster.run("list", "--json", "--limit", "100000").stdout)
        return {row["serial"]: row["status"] for row in rows["certificates"]}
    wait_until("the inventory has every acknowledged certificate",
               lambda: set(issued) <= set(inventory()), 60)
    wait_until("the inventory has every acknowledged revocation",
               lambda: all(inventory()[serial] == "revoked" for serial in revoked), 60)
    statuses = inventory()
    for serial, expected in statuses.items():
        if serial in issued:
            case.assertEqual(expected, "revoked" if serial in revoked else "good", serial)
        seen = json.loads(cluster.run("status", serial, "--json").stdout)
        case.assertEqual(seen["ledger"]["status"], expected, serial)
        case.assertTrue(seen["responders"])
        for responder in seen["responders"]:
            case.assertEqual(responder["status"], expected, (serial, responder))
    listed = {serial for serial, status in statuses.items() if status == "revoked"}
    wait_until("the CRL lists just the revoked", lambda: crl(case) == listed, 90)


def crl(case):
    text = case.shell("openssl", "crl", "-inform", "DER", "-in", case.crl(), "-noout",
                      "-text")
    return {line.split(":")[1].strip().lower() for line in text.splitlines()
            if "Serial Number:" in line}
