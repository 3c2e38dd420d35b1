"""What kill-test and chaos share: a cluster of two, the runs of stackmake on it, and what must hold after each."""
import os
import subprocess
import tempfile

SERVERS = ["a", "b"]
STACKFILE = """\
secret PASSWORD

layout:
    a
    b

server/%:
    echo ready > ready

stacked/%:
    render payload.txt payload.txt
    once
        echo x >> count
        for i in 1 2 3 4 5 6; do echo line $i; sleep 0.25; done
    echo after >> after

joined: stacked/*
    on a
    test -s after
"""


class Trial:
    """One directory with a Stackfile. A subclass says which cloud it is, and looks there with its own eyes."""

    # How far a kill may come in each phase: in writes of the record, in seconds.
    POINTS = {"build": 40, "rebuild": 5, "clean": 8}
    SECONDS = {"build": 9.0, "rebuild": 0.6, "clean": 1.5}
    # How many runs may be needed to make it good.
    RUNS = 1
    # No run takes longer, in seconds.
    LIMIT = 240

    def __init__(self, binary, name, settings, environment):
        self.binary = os.path.abspath(binary)
        self.environment = dict(environment)
        self.directory = tempfile.mkdtemp(prefix=f"stackmake-{name}-", dir="/var/tmp")
        self.work = os.path.join(self.directory, "killed")
        # What every run said.
        self.outputs = os.path.join(self.directory, "runs.log")
        self.attached = self.killed = 0
        self.needed = []
        os.mkdir(self.work)
        with open(os.path.join(self.work, "Stackfile"), "w") as file:
            file.write("".join(f"{name} = {value}\n" for name, value in settings.items()) + STACKFILE)
        with open(os.path.join(self.work, "payload.txt"), "w") as file:
            file.write("for {{ server }}: {{ PASSWORD }}\n")

    def check(self, servers):
        """Fails unless the cloud holds exactly these servers of the cluster."""
        raise NotImplementedError

    def quiet(self):
        """No more faults: what follows is a check."""

    def run(self, *words, kill_point=None, kill_after=None, pidfile=None):
        """Status and output. `pidfile` is there while it runs."""
        environment = dict(self.environment)
        if kill_point is not None:
            environment["STACKMAKE_TEST_KILL_AT"] = str(kill_point)
        process = subprocess.Popen(
            [self.binary, *words], cwd=self.work, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            if pidfile is not None:
                with open(pidfile, "w") as file:
                    file.write(f"{process.pid}\n")
            output, _ = process.communicate(timeout=self.LIMIT if kill_after is None else kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            if kill_after is None:
                raise AssertionError(f"{words} hangs:\n{output}")
        finally:
            if pidfile is not None:
                os.remove(pidfile)
        with open(self.outputs, "a") as file:
            file.write(f"=== {' '.join(['stackmake', *words])}: {process.returncode}\n{output}")
        return process.returncode, output

    def settle(self, *words):
        """Runs until it ends well, as often as may be needed."""
        for number in range(1, self.RUNS + 1):
            status, output = self.run(*words)
            self.attached += output.count("attaching to it")
            if status == 0:
                self.needed.append(number)
                return
        raise AssertionError(f"{' '.join(['stackmake', *words])} still ended with {status} in run {number}:\n{output}")

    def build(self):
        self.settle()
        self.quiet()
        status, output = self.run()
        assert status == 0 and "up to date" in output, f"not up to date after the build:\n{output}"
        self.check(SERVERS)
        status, output = self.run("run", "*", "--", "wc -l < count; cat ready")
        assert status == 0, output
        expected = [f"{name} | {line}" for name in SERVERS for line in ("1", "ready")]
        assert sorted(output.splitlines()) == sorted(expected), f"a once step did not run just once:\n{output}"

    def clean(self):
        self.settle("clean", "--yes")
        self.quiet()
        self.check([])

    @staticmethod
    def words(phase, dice):
        return {"build": [], "rebuild": ["clean", f"stacked/{dice.choice('ab')}"], "clean": ["clean", "--yes"]}[phase]

    @classmethod
    def kill_somewhere(cls, phase, dice):
        """By a write of the record, or by time."""
        if dice.random() < 0.5:
            return {"kill_point": dice.randint(1, cls.POINTS[phase])}
        return {"kill_after": round(dice.uniform(0.02, cls.SECONDS[phase]), 2)}
