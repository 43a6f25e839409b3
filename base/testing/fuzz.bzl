"""Fuzz targets: one for each parser, beside it, with its corpus in the tree."""

def fuzz_target(name, srcs, deps):
    """A libFuzzer program, and a test that needs no fuzzer.

    The corpus is testdata/<name>/. `name`_corpus_test runs all of it, and what
    lies near it, in every build; `tools/fuzz` runs the program.
    """
    native.cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        copts = ["-fsanitize=fuzzer,address"],
        linkopts = ["-fsanitize=fuzzer,address"],
        tags = [
            "fuzz",
            "manual",
        ],
        deps = deps,
    )
    corpus = native.glob(["testdata/%s/*" % name])
    native.cc_test(
        name = name + "_corpus_test",
        size = "small",
        srcs = srcs,
        args = ["$(location %s)" % file for file in corpus],
        data = corpus,
        deps = deps + ["//base/testing:replay_corpus"],
    )
