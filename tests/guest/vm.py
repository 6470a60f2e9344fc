# SPDX-License-Identifier: MIT
"""One virtual machine of a guest test: boot, ports, QMP, verdict of a case."""

import base64
import io
import json
import os
import re
import select
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
# Public models and their outputs, where there are any.
DATA = os.environ.get("OCTET_DATA") or os.path.join(os.path.dirname(TOP), "shared", "data")
BOOT_TIMEOUT = 300
# The debug kernel of TCG takes this many times as long.
SLOW = {"debug": 5}
SPLAT = re.compile(
    r"\bBUG: |\bBUG \S+ \(|\bWARNING: |\bOops\b|KASAN: |KFENCE: |INFO: task .* blocked"
    r"|ODEBUG: |DMA-API: .*device driver|list_(add|del) corruption"
    r"|INFO: trying to register non-static key|nobody cared|hung task|kmemleak: .* new suspected"
    r"|sysfs: cannot create duplicate|kobject: .* tried to"
    r"|possible circular locking|possible recursive locking|possible deadlock"
    r"|suspicious RCU usage|general protection fault|Kernel panic"
    r"|inconsistent lock state|UBSAN: |refcount_t: |rcu: INFO: .* detected stall"
    r"|soft lockup|scheduling while atomic|init: insmod .* failed")


class Lost(Exception):
    """The guest went away, or never came."""


class Timeout(Exception):
    """The guest did not finish in its time."""


def has_kvm():
    """KVM works only where the processor itself has vmx or svm."""
    try:
        with open("/proc/cpuinfo") as f:
            if not re.search(r"^flags\s*:.*\b(vmx|svm)\b", f.read(), re.M):
                return False
        os.close(os.open("/dev/kvm", os.O_RDWR))
        return True
    except OSError:
        return False


def qemu_args(need, qemu, kernel, initrd, extra):
    """The command line, without the ports."""
    kvm = has_kvm() and not need["icount"]
    args = [qemu, "-M", "q35,i8042=off", "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot"]
    if kvm:
        args += ["-accel", "kvm", "-cpu", "host"]
    elif need["icount"]:
        args += ["-accel", "tcg,thread=single", "-cpu", "max",
                 "-icount", "shift=1,sleep=off"]
    else:
        args += ["-accel", "tcg,thread=multi", "-cpu", "max"]
    for firmware in ("/usr/share/seabios", "/usr/share/qemu"):
        args += ["-L", firmware]
    args += ["-smp", str(need["smp"]), "-m", need["mem"],
             "-kernel", os.path.join(kernel, "vmlinuz"), "-initrd", initrd]
    # On a busy host the kernel may find that its timer does not tick.
    line = ("console=ttyS0 loglevel=7 panic=-1 oops=panic sysrq_always_enabled"
            " no_timer_check")
    if not need["load"]:
        line += " octet.load=no"
    if need["append"]:
        line += " " + need["append"]
    if need["kernel"] == "debug":
        line += " kunit.enable=1 kunit.autorun=1 kunit.filter_glob=none"
    factor = float(os.environ.get("OCTET_TIMEOUT_FACTOR", "1"))
    line += " octet.slow=%d" % (SLOW.get(need["kernel"], 1) * max(factor, 1))
    args += ["-append", line + extra] + list(need["qemu"])
    if need["octet"]:
        for i, device in enumerate(need["devices"]):
            args += ["-device", "pcie-root-port,id=rp%d,chassis=%d" % (i, i + 1),
                     "-device", "octet,bus=rp%d,id=octet%d%s"
                     % (i, i, "," + device if device else "")]
    else:
        args += ["-device", "edu,id=octet0"]
    shares = {"host": TOP + ",readonly=on"}
    if os.path.isdir(DATA):
        shares["data"] = os.path.realpath(DATA) + ",readonly=on"
    for tag, path in shares.items():
        args += ["-fsdev", "local,id=%s,security_model=none,path=%s" % (tag, path),
                 "-device", "virtio-9p-pci,fsdev=%s,mount_tag=%s" % (tag, tag)]
    return args


class VM:
    """A running QEMU: console, output port, control port and QMP."""

    def __init__(self, need, qemu, kernel, initrd, qmp_path=None, live=None, out=None):
        self.buffers = {"con": "", "out": "", "ctl": "", "qmp": ""}
        self.live = live
        self.events = []
        self.tmp = tempfile.mkdtemp(prefix="octet-vm-")
        self.qmp_path = qmp_path or os.path.join(self.tmp, "qmp")
        self.out = out
        self.slow = SLOW.get(need["kernel"], 1)
        self.args = qemu_args(need, qemu, kernel, initrd, " octet.gcov" if out else "") + [
            "-qmp", "unix:%s,server=on,wait=off" % self.qmp_path]
        self.socks = {}
        self.stderr = open(os.path.join(self.tmp, "stderr"), "w+")
        self._start()

    def _start(self):
        args, theirs = list(self.args), []
        for name in self.buffers:
            ours, other = socket.socketpair()
            self.socks[name] = ours
            theirs.append(other)
            args += ["-chardev", "socket,id=%s,fd=%d" % (name, other.fileno())]
        args += ["-serial", "chardev:con", "-device", "virtio-serial-pci",
                 "-device", "virtserialport,chardev=out,name=octet.out",
                 "-device", "virtserialport,chardev=ctl,name=octet.ctl",
                 "-mon", "chardev=qmp,mode=control"]
        self.proc = subprocess.Popen(
            args, pass_fds=[s.fileno() for s in theirs],
            stdin=subprocess.DEVNULL, stdout=self.stderr, stderr=self.stderr)
        for sock in theirs:
            sock.close()
        self.line("qmp", BOOT_TIMEOUT * self.slow)
        self.qmp({"execute": "qmp_capabilities"})

    def pump(self, seconds):
        """Takes in what the ports have; False when QEMU has gone."""
        ready = select.select(list(self.socks.values()), [], [], seconds)[0]
        for name, sock in list(self.socks.items()):
            if sock not in ready:
                continue
            try:
                data = sock.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                del self.socks[name]
                continue
            text = data.decode("utf-8", "replace").replace("\r", "")
            self.buffers[name] += text
            if name == "out" and self.live:
                self.live(text)
        return bool(self.socks)

    def line(self, port, seconds):
        """The next whole line of a port."""
        end = time.monotonic() + seconds
        while "\n" not in self.buffers[port]:
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout("no answer on port %s in %d s" % (port, seconds))
            if not self.pump(min(left, 1)) or port not in self.socks:
                if "\n" in self.buffers[port]:
                    break
                raise Lost(self._obituary())
        text, self.buffers[port] = self.buffers[port].split("\n", 1)
        return text

    def _obituary(self):
        try:
            code = self.proc.wait(5)
        except subprocess.TimeoutExpired:
            return "QEMU closed its ports"
        said = self.said().splitlines()
        return "QEMU ended, exit %d%s" % (code, ": " + said[-1] if said else "")

    def said(self):
        """What QEMU itself wrote."""
        self.stderr.seek(0)
        return self.stderr.read().strip()

    def send(self, port, text):
        try:
            self.socks[port].sendall((text + "\n").encode())
        except (KeyError, OSError):
            raise Lost(self._obituary())

    def qmp(self, command, seconds=30):
        """One QMP command; its answer, whatever events come between."""
        self.send("qmp", json.dumps(command))
        while True:
            answer = json.loads(self.line("qmp", seconds))
            if "return" in answer or "error" in answer:
                return answer
            self.events.append(answer)

    def answer(self, request, script):
        """Serves one line that the guest wrote to the control port."""
        verb, _, rest = request.partition(" ")
        if verb == "qmp":
            try:
                got = self.qmp(json.loads(rest))
            except json.JSONDecodeError as e:
                return "error no JSON: %s" % e
            if "error" in got:
                return "error " + got["error"]["desc"].replace("\n", " ")
            return "ok " + json.dumps(got["return"])
        if verb == "host" and script:
            done = subprocess.run(
                ["python3", script] + rest.split(), timeout=300, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=dict(os.environ, OCTET_QMP=self.qmp_path))
            last = (done.stdout.strip().splitlines() or [""])[-1]
            return ("error exit %d: " % done.returncode if done.returncode
                    else "ok ") + last
        return "error the host knows no '%s'%s" % (
            verb, "" if script else " (the case has no '# host:' line)")

    def boot(self):
        while self.line("ctl", BOOT_TIMEOUT * self.slow) != "ready":
            pass
        self.pump(0.1)
        self.boot_log = self.buffers["con"]

    def spoiled(self):
        """What is wrong before anything of ours was there, on a busy host, or None: its
        early code finds an interrupt that it did not expect, or its clock, which it
        calibrates by the host's, goes several times too fast: any limit comes too soon."""
        early = self.boot_log.partition("] octet: ")[0]
        if SPLAT.search(early):
            return "the kernel complained while it booted"
        if "calibration deviates from PMTIMER" in early:
            return "the guest's clock is wrong"
        return None

    def run_case(self, name, guest_path, seconds, script=None):
        """Runs one case; returns its exit status."""
        return self._ask("run %s %s" % (name, guest_path), name, seconds, script)

    def finish(self, seconds):
        """What /etc/finish.sh has to say, and the log of it."""
        self.buffers["out"], log_from = "", len(self.buffers["con"])
        self._ask("finish", "finish", seconds)
        output = []
        for text in self.buffers["out"].splitlines():
            word, _, rest = text.partition(" ")
            if word == "gcov" and self.out:
                with tarfile.open(fileobj=io.BytesIO(base64.b64decode(rest))) as tar:
                    tar.extractall(self.out)
            else:
                output.append(text)
        return "\n".join(output) + "\n", self.buffers["con"][log_from:]

    def _ask(self, verb, name, seconds, script=None):
        end = time.monotonic() + seconds
        self.send("ctl", verb)
        while True:
            request = self.line("ctl", max(end - time.monotonic(), 0))
            if request.startswith("end "):
                break
            if request:
                self.send("ctl", self.answer(request, script))
        mark = "octet-case %s end" % name
        stop = time.monotonic() + 5 * self.slow
        while mark not in self.buffers["con"] and time.monotonic() < stop:
            self.pump(0.1)
        self.pump(0)
        return int(request.split()[1])

    def blocked_tasks(self):
        """SysRq-w, -l and -q on the console, for the log of a guest that hangs."""
        try:
            for key in "wlq":
                self.qmp({"execute": "chardev-send-break",
                          "arguments": {"id": "con"}}, 5)
                self.socks["con"].sendall(key.encode())
                stop = time.monotonic() + 2
                while time.monotonic() < stop and self.pump(0.2):
                    pass
        except (Lost, Timeout, KeyError, OSError):
            pass

    def close(self, gentle=True):
        """Ends QEMU: the guest's power-off, then TERM, then KILL."""
        try:
            if gentle and self.proc.poll() is None:
                self.send("ctl", "off")
                stop = time.monotonic() + 15 * self.slow
                while self.proc.poll() is None and time.monotonic() < stop:
                    self.pump(0.1)
        except Lost:
            pass
        for step in (self.proc.terminate, self.proc.kill):
            if self.proc.poll() is None:
                step()
                try:
                    self.proc.wait(5)
                except subprocess.TimeoutExpired:
                    pass
        for _ in range(100):
            if not self.socks or not self.pump(0):
                break
        for sock in self.socks.values():
            sock.close()
        self.stderr.close()
        shutil.rmtree(self.tmp, ignore_errors=True)


def judge(output, log, status, allowed):
    """The TAP lines and the reasons to fail of a case that came to its end."""
    lines = [m for m in re.findall(r"^((?:not )?ok\b.*)$", output, re.M)]
    reasons = []
    if status:
        reasons.append("the case ended with exit status %d" % status)
    if not lines:
        reasons.append("the case printed no test line")
    plan = re.search(r"^1\.\.(\d+)$", output, re.M)
    if plan and int(plan.group(1)) != len(lines):
        reasons.append("planned %s tests, saw %d" % (plan.group(1), len(lines)))
    for text in log.splitlines():
        if SPLAT.search(text) and not (allowed and re.search(allowed, text)):
            reasons.append("kernel log: " + text.strip())
            break
    return lines, reasons
