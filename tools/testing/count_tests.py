"""Counts test cases of a bazel run and prints `N passed, N failed` last.

usage: count_tests.py EVENTS STATUS

EVENTS is bazel's build event file; each test target's XML names its cases. A
target that failed without a failed case (a crash, a time-out, a build error)
counts as one failure. Exits 0 only if the run passed and some test ran.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree


def cases_of(path):
    """(passed, failed) of one JUnit file."""
    root = ElementTree.parse(path).getroot()
    passed = failed = 0
    for case in root.iter("testcase"):
        if case.get("status") == "notrun" or case.find("skipped") is not None:
            continue
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        else:
            passed += 1
    return passed, failed


def main(events_path, status):
    passed = failed = 0
    with open(events_path, encoding="utf-8") as events:
        for line in events:
            event = json.loads(line)
            result = event.get("testResult")
            if result is None:
                continue
            target_ok = result.get("status") in ("PASSED", "FLAKY")
            target_passed = target_failed = 0
            for output in result.get("testActionOutput", []):
                if output.get("name") != "test.xml":
                    continue
                uri = urllib.parse.urlparse(output["uri"])
                try:
                    target_passed, target_failed = cases_of(
                        urllib.parse.unquote(uri.path))
                except (OSError, ElementTree.ParseError):
                    pass
            if not target_ok and target_failed == 0:
                target_failed = 1
            if target_ok and target_passed == 0:
                target_passed = 1
            passed += target_passed
            failed += target_failed
    if status != 0 and failed == 0:
        failed = 1  # It did not build.
    print(f"{passed} passed, {failed} failed")
    return 0 if status == 0 and failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
