# SPDX-License-Identifier: MIT
"""Prints how many lines of QEMU's log match the expression given."""

import os
import re
import sys

path = os.path.join(os.path.dirname(os.environ["OCTET_QMP"]), "stderr")
with open(path, errors="replace") as f:
    print(sum(bool(re.search(" ".join(sys.argv[1:]), line)) for line in f))
