"""Which processes another has started, and whether they still run."""

import subprocess
from pathlib import Path

from streams import until


def children(pid: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(child) for child in listed.split()]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def kill(process: "subprocess.Popen[str]") -> list[int]:
    """Kill it without a word, and see that no child of its own stays behind; which it had."""
    left = children(process.pid)
    process.kill()
    process.wait()
    until(lambda: None if any(map(alive, left)) else True, f"the end of {left}")
    return left
