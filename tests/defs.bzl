"""Tests that drive the real programs."""

PROGRAMS = [
    "//authority:chancery-authority",
    "//refresher:chancery-refresher",
    "//responder:chancery-responder",
    "//signer:chancery-signer",
    "//tools/chancery",
]

def cluster_test(name, src, size = "large", **kwargs):
    """A Python test of whole clusters; it runs the programs on loopback."""
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests:run_python"],
        args = ["$(location %s)" % src] + ["$(location %s)" % p for p in PROGRAMS],
        data = [src, "//tests:python", "//tools/cluster:python"] + PROGRAMS,
        **kwargs
    )
