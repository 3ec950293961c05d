"""The versions of the application, as tags of its image; some bring a bug (``FAULT`` in ``service.py``)."""

VERSIONS: dict[str, str] = {
    "1.0": "none",
    "1.1": "none",
    "2.0": "none",
    "2.1": "crash",
    "2.2": "unready",
    "2.3": "errors",
}
