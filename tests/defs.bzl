"""Tests that drive the real programs."""

PROGRAMS = [
    "//authority:chancery-authority",
    "//refresher:chancery-refresher",
    "//responder:chancery-responder",
    "//signer:chancery-signer",
    "//tools/chancery",
]

def cluster_test(name, src, size = "large", programs = [], data = [], **kwargs):
    """A Python test of whole clusters; it runs the programs on loopback.

    `programs` are more binaries that it finds beside Chancery's own, `data`
    more files.
    """
    all_programs = PROGRAMS + programs
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests:run_python"],
        args = ["$(location %s)" % src] + ["$(location %s)" % p for p in all_programs],
        data = [src, "//tests:python", "//tools/cluster:python"] + data + all_programs,
        **kwargs
    )

def python_test(name, src, programs, data = [], **kwargs):
    """A Python test of `programs`, which it finds in CHANCERY_BINARIES."""
    native.sh_test(
        name = name,
        srcs = ["//tests:run_python"],
        args = ["$(location %s)" % src] + ["$(locations %s)" % p for p in programs],
        data = [src, "//tests:python"] + data + programs,
        **kwargs
    )
