"""A TCP proxy that cuts connections, at any moment and at the worst ones."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self


class CuttingProxy:
    """A context manager; inside it, ``port`` on loopback is forwarded to another port, unreliably.

    Parameters
    ----------
    target
        Port on loopback.
    seed
        Of the random cuts.
    up, down
        Mean seconds for which the network is up and down; going down cuts every connection, and no new one is accepted.
    lost_answers
        Share of answers that are lost after the server has done its work.
    half_requests
        Share of pieces of requests of which only the first half arrives.
    """

    def __init__(
        self, target: int, seed: int, up: float, down: float, lost_answers: float = 0.1, half_requests: float = 0.05
    ) -> None:
        self.cuts: Counter[str] = Counter()
        self.port = 0
        self._target, self._up, self._down = target, up, down
        self._lost_answers, self._half_requests = lost_answers, half_requests
        self._chance = random.Random(seed)  # noqa: S311 - of a test
        self._is_up, self._open = False, set[asyncio.StreamWriter]()
        self._ready, self._loop = Event(), asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("expected the proxy to listen within 10 s")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        while not self._ended.is_set():
            self._is_up = not self._is_up
            if not self._is_up:
                self.cuts["network away"] += 1
                self._cut_all()
            seconds = (self._up if self._is_up else self._down) * self._chance.uniform(0.5, 1.5)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), seconds)
        server.close()
        self._cut_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _cut_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_up:
            self.cuts["no connection"] += 1
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        both = {writer, back}
        self._open |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._requests(reader, back))
                group.create_task(self._answers(there, writer))
        except* (OSError, _Cut):
            pass
        finally:
            for stream in both:
                stream.transport.abort()
            self._open -= both

    async def _requests(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            cut = self._chance.random() < self._half_requests
            back.write(piece[: len(piece) // 2] if cut else piece)
            await back.drain()
            if cut:
                self.cuts["half a request"] += 1
                raise _Cut
        raise _Cut

    async def _answers(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await there.read(65536):
            # The first piece of an answer: the server has stored the object by now.
            if piece.startswith(b"HTTP/") and b" 100 " not in piece[:16] and self._chance.random() < self._lost_answers:
                self.cuts["answer lost"] += 1
                raise _Cut
            writer.write(piece)
            await writer.drain()
        raise _Cut


class _Cut(Exception):
    """The end of a connection."""
