"""A small POSIX shell with the words of BusyBox's ash: parser, expansions, interpreter, builtins."""

from k8slearn.embedded.runtime.shell.main import sh

__all__ = ["sh"]
