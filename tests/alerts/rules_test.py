"""The alert rules: Prometheus' own tool takes them, each says what to do, and
docs/operations.md has the place that it points to."""

import pathlib
import re
import subprocess
import unittest

import junit

FOLDER = pathlib.Path("deploy/prometheus")
RULES = FOLDER / "chancery.rules.yml"
TESTS = sorted(FOLDER.glob("*.test.yml"))


class RulesTest(unittest.TestCase):
    def promtool(self, *arguments):
        done = subprocess.run(["promtool", *arguments], cwd=FOLDER, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def test_prometheus_takes_them(self):
        self.promtool("check", "rules", RULES.name)

    def test_they_fire_when_they_should_and_not_otherwise(self):
        self.promtool("test", "rules", *(t.name for t in TESTS))

    def test_each_says_what_to_do_and_where_to_read_on(self):
        text = RULES.read_text()
        headings = re.findall(r"(?m)^#+ (.+)$", pathlib.Path(
            "docs/operations.md").read_text())
        anchors = [re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-")
                   for h in headings]
        rules = text.split("- alert: ")[1:]
        self.assertGreater(len(rules), 8)
        for rule in rules:
            name = rule.split()[0]
            self.assertRegex(rule, r"(?m)^ +action: \S.*\.$", name)
            place = re.search(r"(?m)^ +runbook: docs/operations.md#(\S+)$", rule)
            self.assertIsNotNone(place, name)
            self.assertIn(place.group(1), anchors, name)

    def test_each_has_a_test(self):
        tried = "".join(t.read_text() for t in TESTS)
        for name in re.findall(r"- alert: (\S+)", RULES.read_text()):
            self.assertIn(name, tried)


if __name__ == "__main__":
    junit.main()
