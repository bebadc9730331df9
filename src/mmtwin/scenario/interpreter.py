"""Runs a scenario on a machine: operations and checkpoints in the form of the golden records.

A command that the model cannot carry out ends the run: what comes after it would be told of
another machine. The record says where and why.
"""

from __future__ import annotations

import contextlib
import errno
from typing import Any

from mmtwin import cgroups
from mmtwin.errors import NotModelledError
from mmtwin.machine import Machine
from mmtwin.scenario import checkpoints, golden
from mmtwin.scenario.file_commands import FILE_COMMANDS
from mmtwin.scenario.kernel_files import view
from mmtwin.scenario.language import TASK_COMMANDS, Command, Scenario, argument, value
from mmtwin.scenario.machine_commands import MachineCommands, kernel_path
from mmtwin.scenario.memory_commands import MEMORY_COMMANDS, Call
from mmtwin.scenario.program import (
    EXACT_MODE,
    Runner,
    come_back,
    recover,
    serve,
    settle,
    settle_private,
    use_stack,
)
from mmtwin.scenario.touch_commands import TOUCH_COMMANDS
from mmtwin.task import Killed, SignalError, Task

ONE_BOOT = "one boot"  # of a record's config: scenarios ran one after the other
SWAP_VERBS = ("mkswap", "swapon", "swapoff")
MKSWAP_BYTES = "4096"  # that it wrote
EEVDF = 606  # a scheduler that runs a new child first, here
SIGNAL_BITS = 0x7F  # of a wait status
HEX_FROM = 0x1000000  # results from here on are printed in hex
CALLS = {**MEMORY_COMMANDS, **TOUCH_COMMANDS, **FILE_COMMANDS}


class NoSuchTask(Exception):
    """A command for a task that is not there."""


def run(scenario: Scenario, machine: Machine, config: str = EXACT_MODE) -> golden.Record:
    """The scenario's record; `not_modelled` in it is where and why it ended early, if it did."""
    return Interpreter(machine, ONE_BOOT in config).run(scenario, config)


class Interpreter:
    """One run of one scenario."""

    def __init__(self, machine: Machine, earlier: bool = False) -> None:
        self.machine = machine
        self.runner = Runner(machine, earlier)
        self.commands = MachineCommands(machine)
        self.tasks: dict[str, Task] = {}
        self.registers: dict[str, int] = {}
        self.last_faults: dict[str, tuple[int, int]] = {}
        self.ops: list[list[Any]] = []
        self.checkpoints = golden.Checkpoints()
        self.missing: dict[str, str] = {}

    def run(self, scenario: Scenario, config: str) -> golden.Record:
        """Carry out every command, up to the first that is not modelled."""
        stopped = None
        for command in scenario.commands:
            try:
                self.step(command)
            except NotModelledError as error:
                reason = f"{error.filename}: {error.strerror}"
                stopped = {"line": command.line, "command": command.text, "reason": reason}
                break
        return {
            "scenario": scenario.name, "ops": self.ops, "ck": self.checkpoints.found,
            "done": stopped is None, "kernel": self.machine.config.kernel_name, "config": config,
            "not_modelled": stopped, "missing": self.missing,
        }  # fmt: skip

    def _shown(self, path: str) -> str:
        """A file's text, or its error as the runner tells it."""
        try:
            return self.machine.read(kernel_path(path))
        except (FileNotFoundError, PermissionError) as error:
            return f"E {error.errno}"

    def step(self, command: Command) -> None:
        """One line."""
        verb = command.verb
        if verb == "ck":
            self.checkpoint(command.words[0], command.words[1:])
        elif verb == "show":
            path = command.words[0]
            self.checkpoints.add("show", "-", path, view(path, self._shown(path)))
        elif verb == "set":
            self.registers[command.words[0]] = value(command.words[1], self.registers)
        elif verb in TASK_COMMANDS:
            self.task_command(command)
        elif hasattr(self, f"do_{verb}"):
            self.about_task(command)
        else:
            self.machine_command(command)

    # Commands of a task

    def task_command(self, command: Command) -> None:
        """A command in a task, with the faults that it took there."""
        task = self.tasks.get(command.task)
        if task is None or not task.alive:
            self.answer(command, command.task, f"E {errno.ESRCH}")
            return
        try:
            serve(task)
            before = task.min_flt, task.maj_flt
            recover(task)
        except Killed:  # its own pages had been reclaimed, and there was no room for them
            self.killed(task, command)
            return
        result = self.result(task, command)
        if not task.alive and command.verb != "exit":
            self.killed(task, command)
            return
        try:
            come_back(task)
        except Killed:
            self.killed(task, command)
            return
        faults = task.min_flt - before[0], task.maj_flt - before[1]
        if command.verb == "fork":
            faults = 0, 0  # what fork costs is what touching both sides' own pages again costs
        elif command.verb == "exit":
            faults = self.last_faults.get(command.task, (0, 0))  # nobody counts any more
        self.last_faults[command.task] = faults
        self.machine.processes.switch_to(self.runner.task.index, 0)
        self.answer(command, command.task, result, *faults)

    def killed(self, task: Task, command: Command) -> None:
        """The command was the task's last one: its runner has waited for it, and reaps it."""
        status = task.reap()
        del self.tasks[command.task]
        self.machine.processes.switch_to(self.runner.task.index, 0)
        self.answer(command, command.task, f"KILLED {status & SIGNAL_BITS}")

    def result(self, task: Task, command: Command) -> str:
        """The answer as it is printed."""
        try:
            if command.verb == "fork":
                return self.fork(task, command.words[0])
            if command.verb == "exit":
                task.exit(value(command.words[0], self.registers))
                return "0"
            return self.call(task, command)
        except NotModelledError:
            raise
        except Killed:
            return ""  # killed() tells
        except SignalError as error:
            return f"SIG {error.signal} code {error.code} after {error.done}"
        except OSError as error:
            self._set_result(command, -int(error.errno or 0))
            return f"E {error.errno}"

    def call(self, task: Task, command: Command) -> str:
        """A command of the tables."""
        verb = command.verb
        if verb not in CALLS:
            raise NotModelledError(verb, f"`{verb}` is not modelled yet")
        kinds = TASK_COMMANDS[verb].replace("?", "")
        given = list(zip(kinds, command.words, strict=False))
        numbers = [argument(kind, word, self.registers) for kind, word in given if kind not in "Rs"]
        names = [word for kind, word in given if kind == "s"]
        answer = CALLS[verb](Call(self.machine, task, numbers, names))
        if isinstance(answer, str):
            return answer
        self._set_result(command, answer)
        return number_text(answer)

    def _set_result(self, command: Command, result: int) -> None:
        if TASK_COMMANDS[command.verb].startswith("R"):
            self.registers[command.words[0]] = result

    def fork(self, task: Task, name: str) -> str:
        """Up to 6.5 the parent goes on until it waits, so that the top of the stack is copied for
        it. The child settles, and after it the parent touches its private pages again."""
        try:
            child = task.fork()
        except OSError:
            recover(task)  # the copying had begun: its private pages are write-protected
            raise
        self.tasks[name] = child
        if self.machine.config.kernel < EEVDF:
            use_stack(task)
        with contextlib.suppress(Killed):  # of the child alone
            settle(child)
        settle_private(task)
        return "0"

    # Commands about tasks, by the runner

    def about_task(self, command: Command) -> None:
        """spawn, reap, kill, clearrefs, oomadj."""
        try:
            answer = getattr(self, f"do_{command.verb}")(*command.words)
        except NoSuchTask:
            return
        except NotModelledError:
            raise
        except OSError as error:
            answer = f"E {error.errno}"
        verb = "reap" if command.verb == "kill" else command.verb  # `kill` reaps, and says so
        self.ops.append([command.line, command.words[0], verb, answer])

    def do_spawn(self, name: str, group: str = "") -> str:
        """A new task."""
        memcg = cgroups.find(self.machine, group) if group else 0
        self.tasks[name] = self.runner.spawn(memcg)
        return "0"

    def do_reap(self, name: str) -> str:
        """How a task ended, or that it has not."""
        task = self.tasks.get(name)
        if task is None:
            raise NoSuchTask
        if task.alive:
            return "alive"
        status = task.reap()
        del self.tasks[name]
        signal = status & SIGNAL_BITS
        return f"signal {signal}" if signal else f"exit {status >> 8}"

    def do_kill(self, name: str) -> str:
        """SIGKILL, then what reap says."""
        task = self.tasks.get(name)
        if task is None:
            raise NoSuchTask
        if task.alive:
            task.kill()
        return self.do_reap(name)

    def do_clearrefs(self, name: str, what: str) -> str:
        """/proc/PID/clear_refs."""
        return self._write_task_file(name, "clear_refs", what)

    def do_oomadj(self, name: str, what: str) -> str:
        """/proc/PID/oom_score_adj."""
        return self._write_task_file(name, "oom_score_adj", what)

    def _write_task_file(self, name: str, file: str, text: str) -> str:
        task = self.tasks.get(name)
        if task is None:
            return f"E {errno.ENOENT}"
        self.machine.write(f"/proc/{task.pid}/{file}", text)
        return "0"

    # Commands on the machine

    def machine_command(self, command: Command) -> None:
        """Those that are silent answer only when they fail."""
        answer = "0"
        try:
            silent = self.commands.run(command.verb, command.words)
        except NotModelledError:
            raise
        except OSError as error:
            silent, answer = False, f"E {error.errno}"
        if not silent:
            answer = MKSWAP_BYTES if command.verb == "mkswap" and answer == "0" else answer
            told = command.text if command.verb not in SWAP_VERBS else command.verb
            self.ops.append([command.line, "-", told, answer])

    def answer(self, command: Command, task: str, result: str, *faults: int) -> None:
        """One row of `ops`."""
        self.ops.append([command.line, task, command.text, result, *faults])

    # Checkpoints

    def checkpoint(self, label: str, kinds: tuple[str, ...]) -> None:
        """Every file of a `ck` line; one that is not modelled is left out, with its reason."""
        for wanted in kinds:
            task, kind = checkpoints.split_task(wanted)
            try:
                text = self.file(task, kind)
            except NotModelledError as error:
                self.missing[f"{label}|{task}|{kind}"] = f"{error.filename}: {error.strerror}"
                continue
            self.checkpoints.add(label, task, kind, view(kind, text))

    def file(self, task: str, kind: str) -> str:
        """The text behind one checkpoint."""
        if kind.startswith("cg:"):
            return checkpoints.cgroup(self.machine, kind[3:], self.commands.flushes)
        if task == "-":
            return checkpoints.machine_file(self.machine, kind)
        span = (0, 0)
        if kind.startswith("pm:"):
            start, length = kind.removeprefix("pm:").rsplit(":", 1)
            span = value(start, self.registers), value(length, self.registers)
        return checkpoints.task_file(self.machine, self.tasks.get(task), kind, span)


def number_text(number: int) -> str:
    """A result as the runner prints it."""
    return hex(number) if number >= HEX_FROM else str(number)
