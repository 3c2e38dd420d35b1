"""Daemons that are known by pid, start time and boot: never mistaken for a later process of the same number."""
import os
import signal
import time

from control.place import Failure


def boot_id():
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def process(pid):
    """(state, session, start time) of a process, or None."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[3]), int(fields[19])


class Daemon:
    """A program in a session of its own. `ready` says whether it answers."""

    def __init__(self, place, name, command, environment, ready, limit=120):
        self.place, self.name, self.command, self.environment = place, name, command, environment
        self.ready, self.limit = ready, limit
        self.file = place.path("run", f"{name}.pid")
        self.log = place.path("logs", f"{name}.log")

    def known(self):
        """(pid, start time) as written at its start; None where it belongs to an earlier boot."""
        try:
            with open(self.file) as file:
                pid, start, boot = file.read().split()
        except (OSError, ValueError):
            return None
        return (int(pid), int(start)) if boot == boot_id() else None

    def pid(self):
        known = self.known()
        if known is None:
            return None
        found = process(known[0])
        return known[0] if found and found[0] not in "ZX" and found[2] == known[1] else None

    def processes(self):
        """All of its session, which may outlast the first process."""
        known = self.known()
        if known is None:
            return []
        leader = process(known[0])
        if leader and leader[2] != known[1]:
            return []
        members = []
        for name in os.listdir("/proc"):
            found = process(name) if name.isdigit() else None
            if found and found[1] == known[0] and found[0] not in "ZX":
                members.append(int(name))
        return members

    def start(self):
        if self.pid():
            return False
        self.end()
        # The child writes down who it is before it becomes the daemon: there is no instant at which it is unknown.
        script = (
            's=$(</proc/$$/stat); read -r -a f <<<"${s##*) }"; '
            'printf "%s %s %s\\n" $$ "${f[19]}" "$(</proc/sys/kernel/random/boot_id)" >"$0.new" && mv "$0.new" "$0" '
            '&& exec "$@"')
        if os.path.exists(self.log) and os.path.getsize(self.log) > 1 << 26:
            os.rename(self.log, self.log + ".old")
        child = os.fork()
        if child == 0:
            try:
                os.setsid()
                os.chdir(self.place.directory)
                log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
                os.dup2(log, 1)
                os.dup2(log, 2)
                os.closerange(3, 1024)
                os.execve("/bin/bash", ["bash", "-c", script, self.file] + self.command, self.environment)
            finally:
                os._exit(127)
        self.started = time.time()
        self.child = child
        return True

    def wait(self):
        """Until it answers; its log's end is in the error where it doesn't."""
        end = time.monotonic() + self.limit
        while time.monotonic() < end:
            child = getattr(self, "child", None)
            if child and os.waitpid(child, os.WNOHANG)[0]:
                del self.child
                raise Failure(f"`{self.name}` ended while it started\n{self.log_end()}")
            if child is None and self.pid() is None:
                raise Failure(f"`{self.name}` doesn't run\n{self.log_end()}")
            if self.ready():
                return
            time.sleep(0.1)
        raise Failure(f"`{self.name}` doesn't answer within {self.limit} s\n{self.log_end()}")

    def result(self, limit):
        """The exit status of one that ends by itself; None where it had to be killed."""
        status = None
        for _ in range(limit * 20):
            done, code = os.waitpid(self.child, os.WNOHANG)
            if done:
                del self.child
                status = os.waitstatus_to_exitcode(code)
                break
            time.sleep(0.05)
        self.end(grace=0)
        return status

    def log_end(self):
        try:
            with open(self.log, errors="replace") as file:
                lines = file.read()[-20000:].splitlines()
        except OSError:
            return "    it has no log"
        return "\n".join([f"    {self.log}:"] + ["    " + line for line in lines[-25:]])

    def end(self, grace=5):
        """Ends it and all of its session: asked first, killed after `grace` seconds."""
        first = self.pid()
        if first and grace:
            os.kill(first, signal.SIGTERM)
        for attempt in range(int(grace * 20) + 400):
            left = self.processes()
            if attempt >= grace * 20 or first is None:
                for pid in left:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            child = getattr(self, "child", None)
            if child and os.waitpid(child, os.WNOHANG)[0]:
                del self.child
            if not left:
                break
            if first is not None and self.pid() is None and attempt < grace * 20:
                # The first one has gone in order: what it left behind has no reason to stay.
                first = None
            time.sleep(0.05)
        else:
            raise Failure(f"`{self.name}` doesn't end: {self.processes()}")
        if os.path.exists(self.file):
            os.unlink(self.file)

    def memory(self):
        """MiB that its processes have for themselves."""
        total = 0
        for pid in self.processes():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as file:
                    total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except OSError:
                pass
        return total // 1024
