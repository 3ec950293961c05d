"""What goes wrong with a connection or a name, in the kernel's words."""

from __future__ import annotations


class NetworkError(Exception):
    """A connection or a listener that cannot be; ``str()`` is the kernel's text for it."""


class ConnectionRefused(NetworkError):
    """Somebody has the address, nobody listens on the port; or a Service without ready endpoints."""

    def __init__(self) -> None:
        super().__init__("Connection refused")


class Unreachable(NetworkError):
    """Packets vanish without an answer, so a connection ends by a time-out: nobody has the address (no such
    pod any more, or its node is lost), or a NetworkPolicy or traffic policy drops them."""

    def __init__(self) -> None:
        super().__init__("Connection timed out")


class AddressInUse(NetworkError):
    """Another program of the same pod (of the same node, with ``hostNetwork``) listens on the port already."""

    def __init__(self) -> None:
        super().__init__("Address already in use")


class RequestTimeout(NetworkError):
    """No answer within the time that the asker gave."""

    def __init__(self) -> None:
        super().__init__("timed out")


class ConnectTimeout(RequestTimeout):
    """Not even a connection within that time."""


class ConnectionClosed(NetworkError):
    """The connection closed without an HTTP answer: the program died, or it speaks no HTTP."""

    def __init__(self) -> None:
        super().__init__("Connection reset by peer")


class NotSecure(NetworkError):
    """Whoever listens does not speak TLS."""

    def __init__(self) -> None:
        super().__init__("wrong version number")


class UntrustedCertificate(NetworkError):
    """The asker does not know the authority that has signed the listener's certificate."""

    def __init__(self) -> None:
        super().__init__("unable to get local issuer certificate")


class UnknownHost(Exception):
    """A name has no address. ``waited``: seconds that the resolver takes to find out (0: told so at once)."""

    def __init__(self, name: str, waited: float = 0.0) -> None:
        super().__init__(name)
        self.waited = waited
