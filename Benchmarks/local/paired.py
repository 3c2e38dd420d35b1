"""Paired runs of commands, and what they say of one another."""

import os
import statistics
import subprocess
import time


class Command:
    def __init__(self, name, words, directory=".", environment=None):
        self.name = name
        self.words = words
        self.directory = directory
        self.environment = dict(os.environ if environment is None else environment)
        self.seconds = []
        self.memory = []

    def run(self):
        """One run: its seconds."""
        null = os.open("/dev/null", os.O_RDWR)
        here = os.getcwd()
        os.chdir(self.directory)
        try:
            begin = time.perf_counter()
            pid = os.posix_spawnp(
                self.words[0], self.words, self.environment,
                file_actions=[(os.POSIX_SPAWN_DUP2, null, number) for number in range(3)])
            _, status = os.waitpid(pid, 0)
            seconds = time.perf_counter() - begin
        finally:
            os.chdir(here)
            os.close(null)
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"{' '.join(self.words)}: status {os.waitstatus_to_exitcode(status)}")
        return seconds

    def most_memory(self):
        """The most memory that a run holds, in KiB, as a small program that starts it is told: what Python starts has
        held as much as Python already."""
        told = subprocess.run(
            ["time", "-f", "%M", *self.words], cwd=self.directory, env=self.environment, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return int(told.stderr.splitlines()[-1])


def measure(commands, rounds, memory=False):
    """A B C, A B C, …: whatever else the machine does meets all of them. The first round isn't counted."""
    for number in range(rounds + 1):
        for command in commands:
            seconds = command.run()
            if number:
                command.seconds.append(seconds)
                if memory:
                    command.memory.append(command.most_memory())


def ratios(ours, theirs, what="seconds"):
    """Minimum, median and maximum over the rounds of what ours takes as a share of theirs."""
    shares = [a / b for a, b in zip(getattr(ours, what), getattr(theirs, what))]
    return min(shares), statistics.median(shares), max(shares)


def told(three, digits=2):
    return " / ".join(f"{value:.{digits}f}" for value in three)


def foot(versions):
    """What a section ends with: versions, date and how busy the machine was."""
    return (
        f"Versions: {', '.join(versions)}.\n"
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, load at the end {os.getloadavg()[0]:.1f}.")
