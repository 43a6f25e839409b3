"""Proof that the model finds bugs: real sources with one put in."""

def mutant(name, source, changes):
    """A test that passes when the model finds what was broken.

    Args:
      name: says what was broken.
      source: the file that gets the bug. It is compiled into the test, so that
        the linker passes over the library's own.
      changes: pieces of the source and what stands there instead.
    """
    pairs = []
    for old in changes:
        pairs += [old, changes[old]]
    native.genrule(
        name = name + "_source",
        testonly = True,
        srcs = [source],
        outs = [name + ".cc"],
        cmd = "python3 $(location mutate.py) $(location %s) $@ %s" % (
            source,
            " ".join(["'%s'" % part.replace("$", "$$") for part in pairs]),
        ),
        tools = ["mutate.py"],
    )
    native.cc_test(
        name = name + "_test",
        size = "large",
        srcs = [
            "mutant_test.cc",
            name + ".cc",
        ],
        # What the source includes is behind :world.
        features = ["-layering_check"],
        linkstatic = True,
        deps = [
            ":world",
            "//third_party/system:gtest",
        ],
    )
