"""Commands of the host, with a time limit and one line when they fail."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from oracle import OracleError

LAST_LINES = 3


def run(
    command: Sequence[str | Path],
    timeout: float = 600,
    env: Mapping[str, str] | None = None,
) -> str:
    """What the command prints.  Raises OracleError where it is missing, fails or hangs."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=env,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise OracleError(f"{name} is not installed (it is part of a Debian system)") from error
    except subprocess.TimeoutExpired as error:
        raise OracleError(f"{name} did not finish in {timeout:.0f} s") from error
    if done.returncode:
        tail = " / ".join((done.stderr or done.stdout).strip().splitlines()[-LAST_LINES:])
        raise OracleError(f"{name} failed ({done.returncode}): {tail}")
    return done.stdout
