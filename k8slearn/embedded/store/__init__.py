"""The versioned store, which in a real cluster is etcd: revisions, watches, compaction, a journal on disk."""

from k8slearn.embedded.store.journal import Journal
from k8slearn.embedded.store.key import Key
from k8slearn.embedded.store.store import (
    AlreadyExists,
    Change,
    Compacted,
    Conflict,
    NotFound,
    Object,
    Store,
    Stored,
    Watch,
)

__all__ = [
    "AlreadyExists",
    "Change",
    "Compacted",
    "Conflict",
    "Journal",
    "Key",
    "NotFound",
    "Object",
    "Store",
    "Stored",
    "Watch",
]
