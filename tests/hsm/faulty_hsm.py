"""A SoftHSM token behind crypto/testing/faulty_pkcs11, which fails on command."""

import os
import pathlib

from parts import SoftHsm


class FaultyHsm(SoftHsm):
    """`commands` are those of crypto/testing/faulty_pkcs11/faults.h."""

    def __init__(self, folder, module):
        super().__init__(folder)
        self.real_module = self.module
        self.module = str(module)
        self.commands = self.folder / "faults"

    def environment(self):
        return {**super().environment(), "FAULTY_PKCS11_MODULE": self.real_module,
                "FAULTY_PKCS11_COMMANDS": str(self.commands)}

    def command(self, *lines):
        """What is to go wrong from now on, and nothing else."""
        log = pathlib.Path(str(self.commands) + ".log")
        log.unlink(missing_ok=True)
        fresh = self.folder / "faults.new"
        fresh.write_text("\n".join(lines) + "\n")
        os.replace(fresh, self.commands)

    def calls(self, function):
        """Calls since the last command, if that had `log FUNCTION` in it."""
        log = pathlib.Path(str(self.commands) + ".log")
        if not log.exists():
            return 0
        return sum(line.startswith(function + " ") for line in log.read_text().splitlines())
