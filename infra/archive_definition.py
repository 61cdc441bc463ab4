"""States of an archive run: prefix -> objects -> versions -> messages."""

from collections.abc import Mapping
from typing import TypeVar

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

_Task = TypeVar("_Task", bound=sfn.TaskStateBase)

PREFIX = "smears/"
LABEL = "Objects"  # in the names of the map's children
TOLERATED_PERCENT = 5  # share of objects that may fail before the run fails
_PAGE = 100  # versions; a page of the longest keys stays below 256 KB, the limit of a state's output

# A prefix also matches longer keys, so the listing is filtered by the key itself.
_VERSIONS = '{% [$states.result.Versions[Key = $states.input.Key].{"Key": Key, "VersionId": VersionId, "Size": Size}] %}'
# The key itself sorts before longer ones, so nothing of interest follows the page where its versions end.
_MORE = "{% $states.result.IsTruncated and $states.result.NextKeyMarker = $states.input.Key %}"
_MARKER = "{% $states.result.NextVersionIdMarker ? $states.result.NextVersionIdMarker : '' %}"


def definition(
    scope: Construct,
    *,
    uploads: s3.IBucket,
    queue: sqs.IQueue,
    results: s3.IBucket,
    results_prefix: str,
    concurrency: int,
) -> sfn.IChainable:
    """Build the definition of the state machine.

    The S3 reader of a distributed map lists current versions only, so each child lists all versions of its key. Keys are not
    encoded: they pass through the states into a message in EventBridge's format, which carries them as plain text.

    Parameters
    ----------
    uploads
        Bucket with the pictures to screen again.
    queue
        Queue of the screening function.
    results, results_prefix
        Where each run writes its manifest and the outcome of each object.
    concurrency
        Number of children that run at the same time.
    """
    each = sfn.DistributedMap(
        scope,
        "EachObject",
        label=LABEL,
        item_reader=sfn.S3ObjectsItemReader(bucket=uploads, prefix=sfn.JsonPath.string_at("$.prefix")),
        item_selector={"Key": sfn.JsonPath.string_at("$$.Map.Item.Value.Key")},
        map_execution_type=sfn.StateMachineType.EXPRESS,
        max_concurrency=concurrency,
        tolerated_failure_percentage=TOLERATED_PERCENT,
        result_writer_v2=sfn.ResultWriterV2(bucket=results, prefix=results_prefix),
    )
    each.item_processor(_object_states(scope, uploads, queue))
    wrong = sfn.Fail(scope, "WrongPrefix", error="WrongPrefix", cause=f"expected a prefix that begins with {PREFIX}")
    right = sfn.Condition.and_(sfn.Condition.is_present("$.prefix"), sfn.Condition.string_matches("$.prefix", f"{PREFIX}*"))
    return sfn.Choice(scope, "BelowSmears").when(right, each).otherwise(wrong)


def _object_states(scope: Construct, uploads: s3.IBucket, queue: sqs.IQueue) -> sfn.IChainable:
    first = _list(scope, "FirstVersions", uploads, {})
    later = _list(
        scope,
        "LaterVersions",
        uploads,
        {"KeyMarker": "{% $states.input.Key %}", "VersionIdMarker": "{% $states.input.VersionIdMarker %}"},
    )
    gone = sfn.Fail(scope, "Gone", error="Gone", cause="expected versions of the listed key, found none")
    send = sfn.Map.jsonata(
        scope, "EachVersion", items=sfn.ProvideItems.jsonata("{% $states.input.Versions %}"), outputs="{% $states.input %}"
    )
    send.item_processor(_send(scope, uploads, queue))
    more = sfn.Choice.jsonata(scope, "More").when(sfn.Condition.jsonata("{% $states.input.More %}"), later)
    done = sfn.Pass.jsonata(scope, "Sent", outputs={"Key": "{% $states.input.Key %}"})
    later.next(send)
    send.next(more.otherwise(done))
    some = sfn.Condition.jsonata("{% $count($states.input.Versions) > 0 %}")
    return first.next(sfn.Choice.jsonata(scope, "Any").when(some, send).otherwise(gone))


def _list(scope: Construct, name: str, uploads: s3.IBucket, markers: Mapping[str, str]) -> tasks.CallAwsService:
    task = tasks.CallAwsService.jsonata(
        scope,
        name,
        service="s3",
        action="listObjectVersions",
        iam_resources=[uploads.bucket_arn],
        parameters={
            "Bucket": uploads.bucket_name,
            "Prefix": "{% $states.input.Key %}",
            "MaxKeys": _PAGE,
            **markers,
        },
        outputs={
            "Key": "{% $states.input.Key %}",
            "Versions": _VERSIONS,
            "More": _MORE,
            "VersionIdMarker": _MARKER,
        },
    )
    return _with_retries(task)


def _send(scope: Construct, uploads: s3.IBucket, queue: sqs.IQueue) -> tasks.SqsSendMessage:
    message = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": uploads.bucket_name},
            "object": {
                "key": "{% $states.input.Key %}",
                "version-id": "{% $states.input.VersionId %}",
                "size": "{% $states.input.Size %}",
            },
            "reason": "ArchiveRun",
        },
    }
    task = tasks.SqsSendMessage.jsonata(
        scope,
        "Send",
        queue=queue,
        message_body=sfn.TaskInput.from_object(message),
        outputs={"MessageId": "{% $states.result.MessageId %}"},
    )
    return _with_retries(task)


def _with_retries(task: _Task) -> _Task:
    """Retry when a call is throttled or fails; then the object counts as failed and is listed in the manifest."""
    task.add_retry(
        errors=["States.TaskFailed"],
        interval=Duration.seconds(1),
        backoff_rate=2,
        max_attempts=5,
        jitter_strategy=sfn.JitterType.FULL,
    )
    return task
