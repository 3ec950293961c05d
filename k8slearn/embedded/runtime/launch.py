"""From a command line to a program: PATH, permissions, scripts with #!. execve(2) in the words of runc."""

from __future__ import annotations

from k8slearn.embedded.runtime.files import Directory, FileSystem, Program, RegularFile


class LaunchError(Exception):
    """``str()`` is what runc says; ``status`` is the shell's exit code: 127 not found, 126 not runnable."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def find_program(
    files: FileSystem, argv: list[str], env: dict[str, str], cwd: str
) -> tuple[list[str], Program]:
    """The program that ``argv`` runs and the arguments it gets: a script becomes its interpreter's argument.

    Raises LaunchError.
    """
    if not argv or not argv[0]:
        raise LaunchError("no command specified", 127)
    command = argv[0]
    path = command if "/" in command else search(files, command, env.get("PATH", ""))
    if path is None:
        raise LaunchError(f'exec: "{command}": executable file not found in $PATH', 127)
    absolute = path if path.startswith("/") else f"{cwd.rstrip('/')}/{path}"
    node = files.lookup(absolute)
    if node is None:
        raise LaunchError(f'exec: "{command}": stat {absolute}: no such file or directory', 127)
    if not isinstance(node, RegularFile) or not node.mode & 0o111:
        reason = "is a directory" if isinstance(node, Directory) else "permission denied"
        raise LaunchError(f'exec: "{command}": {reason}', 126)
    if node.program is not None:
        return argv, node.program
    first, _, _ = node.content.partition(b"\n")
    if not first.startswith(b"#!"):
        raise LaunchError(f"exec {absolute}: exec format error", 126)
    interpreter = first[2:].decode(errors="replace").split()
    return find_program(files, [*interpreter, absolute, *argv[1:]], env, cwd)


def search(files: FileSystem, command: str, path: str) -> str | None:
    """The first executable called ``command`` in the directories of ``path``, as ``which`` finds it."""
    for directory in path.split(":"):
        candidate = f"{directory or '.'}/{command}"
        node = files.lookup(candidate)
        if isinstance(node, RegularFile) and node.mode & 0o111:
            return candidate
    return None
