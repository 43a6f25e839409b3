"""Runs unittest cases and writes the JUnit file that `bazel test` counts."""

import os
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree


class _Result(unittest.TextTestResult):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.rows = []

    def startTest(self, test):
        self._started = time.monotonic()
        super().startTest(test)

    def _row(self, test, problem=None):
        self.rows.append((test.id(), time.monotonic() - getattr(self, "_started", 0), problem))

    def addSuccess(self, test):
        super().addSuccess(test)
        self._row(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._row(test, self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self._row(test, self._exc_info_to_string(err, test))


def main():
    """Like unittest.main(), for the module that is running."""
    program = unittest.main(
        argv=[sys.argv[0], "-v", *sys.argv[1:]], exit=False,
        testRunner=unittest.TextTestRunner(verbosity=2, resultclass=_Result))
    path = os.environ.get("XML_OUTPUT_FILE")
    if path:
        suite = ElementTree.Element("testsuite", name=sys.argv[0])
        for name, seconds, problem in program.result.rows:
            case = ElementTree.SubElement(suite, "testcase", name=name,
                                          time=f"{seconds:.3f}")
            if problem is not None:
                ElementTree.SubElement(case, "failure", message="failed").text = problem
        ElementTree.ElementTree(suite).write(path)
    ran = program.result.testsRun > 0
    sys.exit(0 if program.result.wasSuccessful() and ran else 1)
