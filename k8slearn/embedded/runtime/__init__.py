"""Simulated containers: images, files, processes, a shell, the usual programs. In the place of containerd."""

from k8slearn.embedded.runtime.catalogue import catalogue, find, has_repository
from k8slearn.embedded.runtime.container import Container, Exec, StartError
from k8slearn.embedded.runtime.images import Image, canonical

__all__ = ["Container", "Exec", "Image", "StartError", "canonical", "catalogue", "find", "has_repository"]
