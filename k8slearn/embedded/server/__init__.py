"""TLS, HTTP and WebSocket in front of the API server: the only threads, sockets and real time below ``engines``."""

from k8slearn.embedded.server.server import Server

__all__ = ["Server"]
