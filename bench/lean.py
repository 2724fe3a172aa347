"""Runs a command and writes its wall seconds, exit code and largest resident set: lean.py FIGURES COMMAND...

A process of its own with few modules: Linux counts the memory of the process that starts another into the other's peak, so a
driver with pandas loaded would measure itself.
"""

import os
import sys
import time

figures, *command = sys.argv[1:]
begun = time.perf_counter()
child = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - begun
with open(figures, "w", encoding="ascii") as file:
    file.write(f"{wall!r} {os.waitstatus_to_exitcode(status)} {usage.ru_maxrss / 1024!r}")
