"""Runs the program on bad networks, kills and stops it at random moments, fills its disk, and says what came of it.

    uv run python -m tests.soak [faults | kills] [SEED]

Each of the two parts ends by itself within 10 minutes; without a name, one runs after the other. A part prints one line
of figures at the end, and the exit status is 1 when anything failed or was not reached. The moments and the faults
follow from the seed, as far as a machine that does other things allows.
"""

import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from tests.support import emulator, proxy
from tests.support.emulator import ROOT, TABLES
from tests.support.proxy import Proxy

FAULT_RUNS, KILLS, STOPS = 50, 40, 10
PARTS = ("faults", "kills")
AT_ONCE = 3
# Seconds: nothing begins after the first, and nothing goes on after the second.
LAST_BEGIN, LAST_END = 555, 590
CHECKS = len(list((ROOT / "dcr_data_generator/sql/checks").glob("*.sql")))
FLAGS = ("--write-project-id", "soak-tests")
# The checks only read: a run without them is killed while it writes, and not while it looks at what it wrote.
UNCHECKED = ("--skip-checks",)
START = time.monotonic()


class Slot(NamedTuple):
    """What one of the runs that go on at once has for itself: a folder and an emulator."""

    folder: Path
    url: str

    def contents(self) -> dict[str, tuple[int, str]]:
        """What the five tables of its emulator hold."""
        return emulator.contents(emulator.connect(self.url, FLAGS[1]))


class Soak:
    """What a run without faults comes to, the slots in which the others are compared with it, and what came of them."""

    def __init__(self, folder: Path, part: str, seed: int) -> None:
        """Take the runs of a part."""
        parts: dict[str, list[tuple[str, Callable[[int], None], int]]] = {
            "faults": [("fault runs", self.fault_run, FAULT_RUNS)],
            "kills": [
                ("full disks", self.full_disk, 1),
                ("kills", self.kill, KILLS),
                ("stops", self.stop, STOPS),
            ],
        }
        self.folder, self.part, self.seed, self.kinds = folder, part, seed, parts[part]
        self.good: dict[str, list[bool]] = {name: [] for name, _, _ in self.kinds}  # of each run that has ended
        self.filled, self.emulated = folder / "filled", folder / "emulated"
        self.slots: Queue[Slot] = Queue()

    def run_undisturbed(self) -> None:
        """Run undisturbed on an emulator; and for the kills, on a data directory, where a run is measured, too."""
        with emulator.running(self.emulated) as url:
            slot = Slot(self.folder, url)
            self.must_be_good(emulator.run_program(*FLAGS, BIGQUERY_EMULATOR_HOST=url))
            self.clean = slot.contents()
            if self.part == "kills":
                with Proxy(url) as between:
                    emulator.run_program(*FLAGS, *UNCHECKED, BIGQUERY_EMULATOR_HOST=between.url)
                    self.requests = len(between.requests)
                self.answers = self.must_be_good(emulator.run_program("--embedded-dir", str(self.filled)))
                begin = time.monotonic()
                emulator.run_program("--embedded-dir", str(self.filled), *UNCHECKED)
                self.duration = time.monotonic() - begin

    def figures(self) -> str:
        """Count the runs of each kind that were good, and say how many were not reached."""
        counts = [f"{sum(self.good[name])} of {count} {name}" for name, _, count in self.kinds]
        missing = [
            f"{count - len(self.good[name])} {name}" for name, _, count in self.kinds if len(self.good[name]) < count
        ]
        return f"{', '.join(counts)} good" + (f", not reached: {', '.join(missing)}" if missing else "")

    def dice(self, kind: str, number: int) -> random.Random:
        """The dice of one run."""
        return random.Random(f"{self.seed} {kind} {number}")

    def must_be_good(self, ended: tuple[int, str, str], checks: int = CHECKS) -> str:
        """See that a run ended with exit status 0 and all checks green; returns its results, which all runs share."""
        status, out, err = ended
        assert (status, err) == (0, ""), f"exit status {status}: {err or out[-500:]}"
        assert not checks or f": {checks} checks passed" in out, "not all checks are green"
        next_commands = ("Query the tables", "Rehearse the clean room")  # they name the data directory
        results = [line for line in out[out.index("\n1. ") :].splitlines() if not line.startswith(next_commands)]
        # What differs between two runs is how long a step took, and where its report is.
        return "\n".join(line for line in results if not re.search(r"\d\.\d s|report|Parquet", line))

    def fault_run(self, number: int) -> None:
        """A run on a bad network; some export, too, and before some the source is taken away, so that they fill it."""
        slot = self.slots.get()
        exported = slot.folder / f"exported-{number}"
        flags = ("--export", str(exported)) if number % 5 == 0 else ()
        report = {"DCR_NO_REPORT": "", "DCR_REPORT": str(exported / "report.html")} if flags else {}
        try:
            if number % 10 == 3:
                source = "bigquery-public-data.thelook_ecommerce"
                emulator.connect(slot.url, FLAGS[1]).delete_dataset(source, delete_contents=True)
            with Proxy(slot.url, fault=proxy.at_random(self.seed * 1000 + number)) as between:
                self.must_be_good(emulator.run_program(*FLAGS, *flags, BIGQUERY_EMULATOR_HOST=between.url, **report))
                assert any(request.fault for request in between.requests)
            assert slot.contents() == self.clean, "the tables are not those of a run without faults"
            assert len([*exported.rglob("*.parquet")]) == (len(TABLES) if flags else 0)
        finally:
            self.slots.put(slot)

    def kill(self, number: int) -> None:
        """Kill every other run on the emulator, the others on a data directory."""
        (self.kill_on_a_data_directory if number % 2 else self.kill_on_the_emulator)(number // 2)

    def kill_on_the_emulator(self, number: int) -> None:
        """Kill a run when it has sent some number of requests, and run again; its tables say more than its checks."""
        slot = self.slots.get()
        try:
            moment = self.dice("kill", number).randint(1, self.requests)
            with Proxy(slot.url) as between:
                killed = emulator.start_program(*FLAGS, *UNCHECKED, "--seed", "7", BIGQUERY_EMULATOR_HOST=between.url)
                between.wait_for(lambda requests: len(requests) >= moment or killed.poll() is not None)
                kill(killed)
            self.must_be_good(emulator.run_program(*FLAGS, *UNCHECKED, BIGQUERY_EMULATOR_HOST=slot.url), checks=0)
            assert slot.contents() == self.clean, "the tables are not those of a run without kills"
        finally:
            self.slots.put(slot)

    def kill_on_a_data_directory(self, number: int) -> None:
        """Kill a run on a data directory that was empty, or filled, after some time, and run again."""
        directory = self.folder / f"killed-{number}"
        if number % 2:
            shutil.copytree(self.filled, directory)
        flags = ("--embedded-dir", str(directory))
        killed = emulator.start_program(*flags, *UNCHECKED, "--seed", "7")
        self.let_go_on(killed, self.dice("directory", number))
        kill(killed)
        answers = self.must_be_good(emulator.run_program(*flags))
        assert answers == self.answers, difference(self.answers, answers)
        assert not [*directory.glob("uploads/*")], "an upload was left behind"
        shutil.rmtree(directory)

    def stop(self, number: int) -> None:
        """Stop a run with SIGINT or SIGTERM after some time, and see that it ends as it should."""
        directory = self.folder / f"stopped-{number}"
        temporary, written = self.folder / f"temporary-{number}", self.folder / f"written-{number}"
        temporary.mkdir()
        written.mkdir()
        if number % 4 > 1:
            shutil.copytree(self.filled, directory)
        wanted = (signal.SIGINT, signal.SIGTERM)[number % 2]
        flags = ("--embedded-dir", str(directory), "--export", str(written / "exported"))
        report = str(written / "report.html")
        stopped = emulator.start_program(*flags, TMPDIR=str(temporary), DCR_NO_REPORT="", DCR_REPORT=report)
        self.let_go_on(stopped, self.dice("stop", number), 2)  # to the end of the checks, the export and the report
        stopped.send_signal(wanted)
        status, out, err = emulator.end_of(stopped, timeout=5)
        if status != 0:  # it had not ended before
            assert status == 128 + wanted, f"exit status {status} after {out[-200:]!r}: {err}"
            assert len(err.splitlines()) == 1, f"more than a line: {err}"
            assert "replaced" in err, err
        assert not emulator.processes_of_group(stopped.pid), "a process was left behind"
        left = [*temporary.rglob("*"), *directory.glob("uploads/*"), *written.rglob("*.unfinished")]
        left += [path for path in written.glob("*report*") if path.name != "report.html"]
        assert not left, f"files were left behind: {left}"
        shutil.rmtree(directory, ignore_errors=True)

    def let_go_on(self, process: subprocess.Popen, dice: random.Random, times: float = 1) -> None:
        """Wait until some moment of a run: half a second after its start, when it listens, to its end, or later."""
        try:
            process.wait(dice.uniform(0.5, self.duration * times))
        except subprocess.TimeoutExpired:
            return

    def full_disk(self, number: int) -> None:
        """Fill the disk of a data directory in the midst of a run: what was there before is whole."""
        disk = self.folder / f"disk-{number}"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(disk)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            print("nobody may mount a small disk here: no disk was filled", flush=True)
            return
        try:
            shutil.copytree(self.filled, disk / "data")
            flags = ("--embedded-dir", str(disk / "data"))
            process = emulator.start_program(*flags, "--seed", "7", "--days", "3")
            line = process.stdout.readline()
            while line and "Look at the source" not in line:
                line = process.stdout.readline()
            process.send_signal(signal.SIGSTOP)
            subprocess.run(["dd", "if=/dev/zero", f"of={disk}/filler", "bs=64k"], capture_output=True, check=False)
            process.send_signal(signal.SIGCONT)
            status, _, err = emulator.end_of(process)
            assert status in (0, 2), f"exit status {status}: {err}"
            assert len(err.splitlines()) == (1 if status else 0), err
            assert not status or "disk" in err, err
            (disk / "filler").unlink()
            # Every table is whole: the earlier run's, or this one's.
            earlier, held = (self.rows_in(directory) for directory in (self.filled, disk / "data"))
            emulator.run_program(*flags, "--seed", "7", "--days", "3", "--skip-checks")
            now = self.rows_in(disk / "data")
            assert all(held[table] in (earlier[table], now[table]) for table in TABLES), "a table is not whole"
            self.must_be_good(emulator.run_program(*flags))
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)

    def rows_in(self, directory: Path) -> dict[str, tuple[int, str]]:
        """What the five tables in a data directory hold, looked at in a copy."""
        copy = Path(tempfile.mkdtemp(dir=self.folder)) / "data"
        with emulator.running(copy, directory) as url:
            return emulator.contents(emulator.connect(url, "dcr-demo"))


def difference(wanted: str, found: str) -> str:
    """Say where two results differ."""
    lines = difflib.unified_diff(wanted.splitlines(), found.splitlines(), "without kills", "after a kill", n=0)
    return "\n".join(lines)


def kill(process: subprocess.Popen) -> None:
    """Kill a run, wherever it is."""
    process.kill()
    process.communicate()


def run_all(soak: Soak) -> None:
    """Run everything, several at once, and print what is to be said of what fails."""

    def attempt(name: str, run: Callable[[int], None], number: int) -> None:
        if time.monotonic() - START > LAST_BEGIN:
            return
        try:
            run(number)
            soak.good[name].append(True)
        except Exception as error:
            soak.good[name].append(False)
            print(f"{name} {number}: {type(error).__name__}: {error}", flush=True)

    jobs = [(name, run, number) for name, run, count in soak.kinds for number in range(count)]
    random.Random(soak.seed).shuffle(jobs)
    with ThreadPoolExecutor(AT_ONCE + 1) as threads:
        list(threads.map(lambda job: attempt(*job), jobs))


def give_up(soak: Soak, reason: str) -> None:
    """End at once, whatever goes on, and leave nothing behind."""
    print(f"soak: {soak.figures()}, {reason} after {time.monotonic() - START:.0f} s", flush=True)
    emulator.kill_all()
    for disk in soak.folder.glob("disk-*"):
        subprocess.run(["umount", "--lazy", str(disk)], capture_output=True, check=False)
    shutil.rmtree(soak.folder, ignore_errors=True)
    os._exit(1)


def main(part: str, seed: int) -> int:
    """Run a part and print the line of figures; returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name, ThreadPoolExecutor(AT_ONCE + 1) as threads:
        soak = Soak(Path(name), part, seed)
        last_moment = threading.Timer(LAST_END, give_up, [soak, "ended"])
        last_moment.daemon = True
        last_moment.start()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: give_up(soak, f"stopped by {signal.Signals(number).name}"))
        soak.run_undisturbed()
        over = threading.Event()

        def serve(number: int) -> None:
            slot = soak.folder / f"slot-{number}"
            slot.mkdir()
            with emulator.running(slot / "data", soak.emulated) as url:
                soak.slots.put(Slot(slot, url))
                over.wait()

        serving = [threads.submit(serve, number) for number in range(AT_ONCE)]
        try:
            run_all(soak)
        finally:
            over.set()
            for each in serving:
                each.result()
    print(f"soak: {soak.figures()}, in {time.monotonic() - START:.0f} s (seed {seed})")
    return 0 if all(soak.good[name] == [True] * count for name, _, count in soak.kinds) else 1


def main_of_all(arguments: list[str]) -> int:
    """Run the part that the arguments name, or all parts, each in a process of its own."""
    if arguments and arguments[0] in PARTS:
        return main(arguments[0], int(arguments[1]) if arguments[1:] else 1)
    commands = [[sys.executable, "-m", "tests.soak", part, *arguments] for part in PARTS]
    return max([subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands])


if __name__ == "__main__":
    sys.exit(main_of_all(sys.argv[1:]))
