#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fails the first of the three times that a runner asks."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ASKED = os.path.join(HERE, "../../../build/log/again-%d" % os.getppid())

os.makedirs(os.path.dirname(ASKED), exist_ok=True)
with open(ASKED, "a") as f:
    f.write("x")
    times = f.tell()
if times == 3:
    os.remove(ASKED)
if times == 1:
    sys.exit("the first time")
