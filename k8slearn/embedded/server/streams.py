"""Answers that take time or go on, carried to the client: proxied requests, watches, logs, exec, attach.

Exec and attach are WebSocket messages whose first byte is the channel (``v5.channel.k8s.io``, or v4 without a
way to end stdin). What reaches into the cluster is done in a ``Step``, on the simulation's thread and time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from k8slearn.embedded.apiserver.http import Pending, Response, Session, Stream
from k8slearn.embedded.apiserver.status import bad_request
from k8slearn.embedded.server.powers import failure

Step = Callable[[Callable[[], Any]], Any]
"""Runs an action in the cluster once it has caught up with the time, and returns what the action returns."""

LAST_INPUT = 0.2
"""Seconds in which a client may still send what its program has no more use for."""

GATHER = 0.01
"""Seconds after a piece of a stream in which what comes is kept for the next piece. Encrypting and sending is most of
what a watch costs: of a thousand changes in three seconds, a hundred watches get 30,000 pieces instead of 100,000."""

CLOSE = 255
"""v5's channel for ends: ff 00 ends stdin."""


def plain(response: Response) -> web.Response:
    content_type = [("Content-Type", response.content_type)] if response.content_type else []
    headers = [*content_type, *response.headers]
    return web.Response(status=response.status, body=response.body, headers=headers)


def upgrade_required() -> web.Response:
    return plain(failure(bad_request("Upgrade request required")))


async def carry_pending(pending: Pending, step: Step) -> web.StreamResponse:
    """Wait for an answer that is still to come."""
    ready = asyncio.Event()
    pending.notify = ready.set
    try:
        while (response := pending.response) is None:
            await ready.wait()
    finally:
        if pending.response is None:
            step(pending.close)
    return plain(response)


async def carry_stream(
    http: web.Request, stream: Stream, outward: Callable[[bytes], bytes], step: Step
) -> web.StreamResponse:
    """Send on what comes, until the end or until the client goes. ``outward`` shifts its times.

    The write of what a client does not read waits for ever; so one that has left too much lying is hung up on.
    """
    response = web.StreamResponse(status=stream.status, headers={"Content-Type": stream.content_type})
    response.headers.extend(stream.headers)
    ready = asyncio.Event()

    def notify() -> None:
        ready.set()
        if stream.cut_off and http.transport is not None:
            http.transport.abort()

    stream.notify = notify
    try:
        await response.prepare(http)
        while True:
            ready.clear()
            if data := stream.take():
                await response.write(outward(data))
                if not stream.ended:
                    await asyncio.sleep(GATHER)
            elif stream.ended:
                break
            else:
                await ready.wait()
        await response.write_eof()
    except (ConnectionError, asyncio.CancelledError):
        pass  # the client has gone
    finally:
        step(stream.close)
    return response


async def carry_session(http: web.Request, session: Session, step: Step) -> web.StreamResponse:
    """A conversation over channels, until the session ends or the client goes."""
    socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io", "v4.channel.k8s.io"))
    if not socket.can_prepare(http):
        step(session.close)
        return upgrade_required()
    await socket.prepare(http)
    input_over = asyncio.Event()
    if http.query.get("stdin") not in ("true", "1"):
        input_over.set()
    sender = asyncio.ensure_future(_send_frames(socket, session, step, input_over))
    try:
        async for message in socket:
            # The Python client sends what was given as str in text messages.
            frame = message.data.encode() if message.type is WSMsgType.TEXT else message.data
            if message.type in (WSMsgType.BINARY, WSMsgType.TEXT) and frame:
                step(lambda frame=frame: _receive(session, frame))
                if frame[0] == CLOSE:
                    input_over.set()
    finally:
        sender.cancel()
        step(session.close)
    return socket


def _receive(session: Session, frame: bytes) -> None:
    channel, data = frame[0], frame[1:]
    if channel != CLOSE:
        session.receive(channel, data)
    elif data:
        session.close_input(data[0])


async def _send_frames(
    socket: web.WebSocketResponse, session: Session, step: Step, input_over: asyncio.Event
) -> None:
    """A client that reads slowly lets this wait in ``send_bytes``, and then the program waits too."""
    ready = asyncio.Event()
    session.notify = ready.set
    while True:
        ready.clear()
        for channel, data in step(session.take):
            await socket.send_bytes(bytes([channel]) + data)
        if session.ended:
            break
        await ready.wait()
    # A program may end before it has read all; kubectl complains when it cannot send the rest.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(input_over.wait(), LAST_INPUT)
    await socket.close()
