"""Marks of the notification channels: the attribute ``channel_<name>`` of a row is a moment or ``completed``.

A moment says until when a worker's claim holds. Other workers leave the channel alone until then.
"""

from datetime import datetime

from boto3.dynamodb.conditions import Attr

from hemascope.aws.ledger.table import CHANNEL, LedgerTable
from hemascope.domain.ledger import ClaimStatus

_COMPLETED = "completed"  # sorts behind every moment


class Channels(LedgerTable):
    """Conditional updates of the marks."""

    def claim_channel(self, object_id: str, model: str, channel: str, now: datetime, until: datetime) -> ClaimStatus:
        """Set the mark conditionally; where the condition fails, the mark that stands says why."""
        mark = CHANNEL + channel
        is_free = Attr(mark).not_exists() | Attr(mark).lt(_moment(now))
        change = {mark: _moment(until)}
        if self._update("update the ledger", object_id, model, condition=_ROW_EXISTS & is_free, assign=change):
            return ClaimStatus.CLAIMED
        item = self._get(object_id, model) or {}
        return ClaimStatus.HELD if item.get(mark, {"S": _COMPLETED})["S"] != _COMPLETED else ClaimStatus.COMPLETED

    def complete_channel(self, object_id: str, model: str, channel: str) -> None:
        """Set the mark to ``completed`` where there is a mark."""
        mark = CHANNEL + channel
        condition = _ROW_EXISTS & Attr(mark).exists()
        self._update("update the ledger", object_id, model, condition=condition, assign={mark: _COMPLETED})

    def release_channel(self, object_id: str, model: str, channel: str) -> None:
        """Remove the mark."""
        self._update("update the ledger", object_id, model, condition=_ROW_EXISTS, remove=[CHANNEL + channel])


_ROW_EXISTS = Attr("object_id").exists()


def _moment(moment: datetime) -> str:
    """Seconds since 1970 with leading zeros: texts that sort as moments do."""
    return f"{moment.timestamp():017.3f}"
