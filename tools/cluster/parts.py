"""What a cluster may stand on: a SoftHSM token, a private PostgreSQL."""

import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile

from cluster import Failed, wait_until

SOFTHSM_MODULES = ("/usr/lib/softhsm/libsofthsm2.so",
                   "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def private_file(path, text):
    """Writes a file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)


class SoftHsm:
    """A SoftHSM2 token below `folder`, made at first use."""

    label = "chancery"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).absolute()
        self.module = next((m for m in SOFTHSM_MODULES if os.path.exists(m)), None)
        if self.module is None:
            raise Failed("SoftHSM2 is not installed: run tools/setup")
        self.pin_file = self.folder / "pin"
        self.configuration = self.folder / "softhsm2.conf"

    def environment(self):
        return {"SOFTHSM2_CONF": str(self.configuration)}

    def init_command(self):
        return ["softhsm2-util", "--init-token", "--free", "--label", self.label]

    def make(self):
        if self.pin_file.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        os.chmod(self.folder, 0o700)
        (self.folder / "tokens").mkdir(exist_ok=True)
        self.configuration.write_text(
            f"directories.tokendir = {self.folder}/tokens\n"
            "objectstore.backend = file\nlog.level = ERROR\n")
        pin = secrets.token_hex(8)
        # softhsm2-util takes its PINs from a terminal or from argv; this token
        # is made for the quickstart and tests, on one's own machine.
        done = subprocess.run(
            self.init_command() + ["--pin", pin, "--so-pin", secrets.token_hex(8)],
            env={**os.environ, **self.environment()}, capture_output=True,
            text=True, check=False)
        if done.returncode != 0:
            raise Failed("softhsm2-util: " + done.stderr + done.stdout)
        private_file(self.pin_file, pin + "\n")

    def init_arguments(self):
        return ["--pkcs11-module", self.module, "--token", self.label,
                "--pin-file", str(self.pin_file)]


class Postgres:
    """A PostgreSQL of one's own on a Unix socket, run by an unprivileged user."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).absolute()
        self.data = self.folder / "data"
        # A socket's path has at most 107 bytes.
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="chancery-pg-", dir="/tmp"))
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        if not versions:
            raise Failed("PostgreSQL is not installed: run tools/setup")
        self.bin = versions[-1]
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def _as_user(self):
        """How to run a program as a user that PostgreSQL accepts."""
        if os.getuid() != 0:
            return {}
        user = pwd.getpwnam("postgres")
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _make(self, environment, user):
        """Makes the server's folder, `data`."""
        done = subprocess.run(
            [str(self.bin / "initdb"), "-D", str(self.data), "-U", "chancery",
             "--auth=trust", "--encoding=UTF8", "--no-instructions"],
            cwd="/", env=environment, capture_output=True, text=True,
            check=False, **user)
        if done.returncode != 0:
            raise Failed("initdb: " + done.stderr)

    def start(self):
        user = self._as_user()
        if user:
            self.folder.mkdir(parents=True, exist_ok=True)
            for path in (self.folder, self.sockets):
                shutil.chown(path, user["user"], user["group"])
            # The server's user must reach its folder.
            for parent in self.folder.parents:
                if not os.stat(parent).st_mode & 0o001:
                    os.chmod(parent, os.stat(parent).st_mode | 0o011)
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        if not self.data.exists():
            self._make(environment, user)
        log = open(self.folder / "postgres.log", "ab")
        with log:
            self.process = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.data),
                 "-k", str(self.sockets), "-c", "listen_addresses=",
                 "-c", "unix_socket_permissions=0777"],
                cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, **user)
        wait_until("PostgreSQL", self._answers, 60)

    def _answers(self):
        if self.process.poll() is not None:
            raise Failed("PostgreSQL ended: see " + str(self.folder / "postgres.log"))
        return self._psql("select 1").returncode == 0

    def _psql(self, statement):
        return subprocess.run(
            ["psql", "-h", str(self.sockets), "-U", "chancery", "-d", "postgres",
             "-tAXq", "-v", "ON_ERROR_STOP=1", "-c", statement],
            capture_output=True, text=True, check=False)

    def sql(self, statement):
        """Runs a statement; returns its rows, each a list of texts."""
        done = self._psql(statement)
        if done.returncode != 0:
            raise Failed(f"psql: {statement}: {done.stderr}")
        return [line.split("|") for line in done.stdout.splitlines()]

    def kill_machine(self):
        """Ends all of the server's processes at once, as a power cut would."""
        pids = [self.process.pid]
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:  # It has just ended.
                continue
            if f"\nPPid:\t{self.process.pid}\n" in text:
                pids.append(int(status.parent.name))
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def connection_file(self, path):
        private_file(path, f"host={self.sockets} user=chancery dbname=postgres\n")
        return path

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.sockets, ignore_errors=True)


class Standby(Postgres):
    """Follows another server by streaming replication, until it is promoted."""

    def __init__(self, folder, primary):
        super().__init__(folder)
        self.primary = primary

    def _make(self, environment, user):
        done = subprocess.run(
            [str(self.bin / "pg_basebackup"), "-D", str(self.data), "-h",
             str(self.primary.sockets), "-U", "chancery", "-X", "stream",
             "--checkpoint=fast", "--write-recovery-conf"],
            cwd="/", env=environment, capture_output=True, text=True,
            check=False, **user)
        if done.returncode != 0:
            raise Failed("pg_basebackup: " + done.stderr)

    def streams(self):
        return self.sql("select count(*) from pg_stat_wal_receiver "
                        "where status = 'streaming'") == [["1"]]

    def stop_following(self):
        """From here on, what the primary acknowledges does not reach this one."""
        self.sql("alter system set primary_conninfo = ''")
        self.sql("select pg_reload_conf()")
        wait_until("the standby stops following", lambda: self.sql(
            "select count(*) from pg_stat_wal_receiver") == [["0"]], 60)

    def promote(self):
        self.sql("select pg_promote(true, 60)")
        wait_until("the standby is a primary", lambda: self.sql(
            "select pg_is_in_recovery()") == [["f"]], 60)

    def connection_file(self, path):
        """Of both: whichever takes writes."""
        private_file(path, f"host={self.primary.sockets},{self.sockets} "
                           "user=chancery dbname=postgres "
                           "target_session_attrs=read-write\n")
        return path
