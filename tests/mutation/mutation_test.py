"""Mutated requests over the wire get no wrong status and break nothing."""

import os
import re
import signal
import subprocess

import junit
from harness import ClusterCase

# Some seconds. By hand, for half an hour:
#   bazel test --config=asan --test_env=CHANCERY_MUTATIONS=10000000
#     --test_timeout=7200 --test_output=all //tests/mutation:mutation_test
MUTATIONS = int(os.environ.get("CHANCERY_MUTATIONS", "50000"))


class MutationTest(ClusterCase):

    def test_a_mutated_request_gets_no_wrong_answer(self):
        good = [self.issue(f"good{i}.example.com")[0] for i in range(3)]
        revoked = [self.issue(f"revoked{i}.example.com")[0] for i in range(2)]
        for certificate in revoked:
            self.cluster.run("revoke", "--cert", certificate)
        for certificate in good:
            self.wait_status(certificate, "good")
        for certificate in revoked:
            self.wait_status(certificate, "revoked")
        responder = next(p for p in self.cluster.processes()
                         if p["binary"] == "chancery-responder")
        port = re.search(r":(\d+)", self.cluster.responders()[0]["url"].split("//")[1])
        arguments = [
            f"--port={port[1]}", f"--issuer={self.ca / 'issuing.pem'}",
            f"--sibling={self.ca / 'root.pem'}",
            "--good=" + ",".join(map(str, good)),
            "--revoked=" + ",".join(map(str, revoked)),
            f"--mutations={MUTATIONS}", *os.environ.get("CHANCERY_MUTATE", "").split()]
        before = self.cluster.running[responder["name"]].pid
        done = subprocess.run([str(self.bin / "mutate_requests"), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(self.cluster.alive(responder["name"]),
                        self.cluster.log_tail(responder["name"], 60))
        self.assertEqual(self.cluster.running[responder["name"]].pid, before)
        # A leak that a sanitizer finds is told at the end.
        code = self.cluster.kill(responder["name"], signal.SIGTERM)
        self.assertEqual(code, 0, self.cluster.log_tail(responder["name"], 60))
        self.cluster.start(responder["name"])


if __name__ == "__main__":
    junit.main()
