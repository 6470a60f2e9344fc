# SPDX-License-Identifier: MIT
"""Takes a snapshot of the running guest, lets it go on, takes it back; N times.

What the guest did in between never happened. Prints one line for the case.
"""

import json
import os
import random
import socket
import sys
import tempfile
import time


class Monitor:
    """QMP, without a look at events."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.file = self.sock.makefile("rw")
        self.file.readline()
        self("qmp_capabilities")

    def __call__(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                sys.exit("%s: %s" % (command, answer["error"]["desc"]))
            if "return" in answer:
                return answer["return"]

    def job(self, command, **arguments):
        """One that goes on in the background: until its end."""
        self(command, **{"job-id": "octet"}, **arguments)
        while True:
            job = [j for j in self("query-jobs") if j["id"] == "octet"][0]
            if job["status"] == "concluded":
                break
            time.sleep(0.02)
        self("job-dismiss", id="octet")
        if job.get("error"):
            sys.exit("%s: %s" % (command, job["error"]))


def main():
    qmp, cuts = Monitor(os.environ["OCTET_QMP"]), int(sys.argv[1])
    luck = random.Random(cuts)
    with tempfile.TemporaryDirectory(prefix="octet-snapshot-") as folder:
        path = os.path.join(folder, "disk")
        qmp.job("blockdev-create", options={"driver": "file", "filename": path, "size": 0})
        qmp("blockdev-add", **{"driver": "file", "node-name": "file", "filename": path})
        qmp.job("blockdev-create", options={"driver": "qcow2", "file": "file",
                                            "size": 1 << 20})
        qmp("blockdev-add", **{"driver": "qcow2", "node-name": "disk", "file": "file"})
        took = 0
        for i in range(cuts):
            time.sleep(luck.uniform(0.05, 0.5))
            begin = time.monotonic()
            qmp.job("snapshot-save", tag="cut", vmstate="disk", devices=["disk"])
            took += time.monotonic() - begin
            time.sleep(luck.uniform(0.05, 0.5))
            if i % 3 == 2:
                qmp("stop")
                time.sleep(luck.uniform(0, 0.2))
                qmp("cont")
            qmp.job("snapshot-load", tag="cut", vmstate="disk", devices=["disk"])
            qmp.job("snapshot-delete", tag="cut", devices=["disk"])
        print("%d cuts, %.1f s a snapshot" % (cuts, took / cuts))
        qmp("blockdev-del", **{"node-name": "disk"})
        qmp("blockdev-del", **{"node-name": "file"})


main()
