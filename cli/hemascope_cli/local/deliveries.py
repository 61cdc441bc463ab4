"""How the embedded cloud hands a queue's messages to a function, corrected in four places.

MiniStack's event source mapping takes as many batches as AWS would run containers, and here one process stands behind each
function. The batches beyond the first wait in front of it while two clocks run that on AWS start only with the call: the
function's timeout, after which the emulator gives the call up though the process still works on it, and the visibility timeout,
after which the same message is delivered again. On a slow machine messages so reached their last delivery, and the dead-letter
queue, while the process was busy with them or had not even seen them; deliveries to a process that had not started counted too.
"""

import os
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from ministack.services import lambda_svc, sqs

from hemascope_cli.local.cloud import WORKERS

_LONGEST_HOLD = 12 * 3600.0  # seconds; SQS keeps no message invisible for longer
_ORDINARY_TIME = "hemascope_visible_at"  # in a message that is held: when its visibility timeout ends


def is_listening(url: str) -> bool:
    """Tell whether a process accepts connections at this address."""
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname, address.port or 80), timeout=5):
            return True
    except OSError:
        return False


def batches_at_once(known: int, running: int, url: str | None) -> int:
    """How many batches of one mapping may be in hand: as many as there are processes, and none before the first has started.

    Parameters
    ----------
    known
        The limit that the emulator works out from the mapping and the function.
    running
        Batches in hand now.
    url
        Where the function's process listens; None for a function that the emulator runs by itself.
    """
    if url is None:
        return known
    limit = min(known, int(os.environ.get(WORKERS, "1")))
    return limit if running or is_listening(url) else 0


def hold(messages: list[dict[str, Any]], now: float) -> None:
    """Keep messages invisible while a function works on them, however long that takes."""
    for message in messages:
        message[_ORDINARY_TIME] = message["visible_at"]
        message["visible_at"] = now + _LONGEST_HOLD


def release(messages: list[dict[str, Any]]) -> None:
    """Give messages that the call did not finish back to their queue, which shows them when their visibility timeout ends."""
    for message in messages:
        message["visible_at"] = message.pop(_ORDINARY_TIME, message["visible_at"])


def correct() -> None:
    """Install the corrections in the emulator of this process."""
    limit, receive = lambda_svc._sqs_esm_concurrency, sqs._receive_messages_for_esm
    run, call = lambda_svc._run_sqs_batch, lambda_svc._execute_function_proxy

    def sqs_esm_concurrency(esm: dict[str, Any], function: Any, config: dict[str, Any], queue: Any = None) -> int:
        running = lambda_svc._esm_inflight.get(esm["UUID"], 0)
        return batches_at_once(limit(esm, function, config, queue), running, lambda_svc._proxy_url_for(config))

    def receive_messages_for_esm(queue_url: str, count: int) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = receive(queue_url, count)
        with sqs._queues_lock:
            hold(messages, time.time())
        return messages

    def run_sqs_batch(esm: Any, function: Any, event: Any, batch: list[dict[str, Any]], *queue: str) -> None:
        try:
            run(esm, function, event, batch, *queue)
        finally:
            with sqs._queues_lock:
                release(batch)

    def execute_function_proxy(function: dict[str, Any], event: Any, url: str, request_id: str) -> Any:
        # Nothing stops a process here that works for too long, so nothing may say that it was stopped.
        config = function.get("config") or function
        return call({"config": config | {"Timeout": int(_LONGEST_HOLD)}}, event, url, request_id)

    lambda_svc._sqs_esm_concurrency = sqs_esm_concurrency
    sqs._receive_messages_for_esm = receive_messages_for_esm
    lambda_svc._run_sqs_batch = run_sqs_batch
    lambda_svc._execute_function_proxy = execute_function_proxy
