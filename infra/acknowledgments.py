"""Findings of the rule packs that stay, each with its reason: the page for a security officer's review.

``infra/nag.py`` gives them to CDK; a finding that is not here stops the synthesis, and a test fails for an entry that is
no longer needed. What was cheap to do was done instead.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """One rule that is not followed at some places.

    Parameters
    ----------
    rule
        As the pack names it.
    places
        Construct paths, without the stage; a ``*`` stands for one name, such as a hospital's.
    resources
        For rules about wildcards in policies: the ends of the resources that may have one.
    """

    rule: str
    places: tuple[str, ...]
    reason: str
    resources: tuple[str, ...] = ()


_FED_BY_A_QUEUE = ("Screening/ScreenSmear", "Notification/SendNotifications", "Notification/RecordMailEvents")
_ASKED_BY_PEOPLE = ("Portal/Answer", "Portal/Documents")
_ZIP = ("Notification/SendNotifications", "Notification/RecordMailEvents", "Portal/Answer")

_WILDCARDS = (
    Accepted(
        "AwsSolutions-IAM5",
        (
            "Screening/Role",
            "Notification/SendNotificationsRole",
            "Notification/RecordMailEventsRole",
            "Portal/AnswerRole",
            "Portal/DocumentsRole",
        ),
        "Sending traces: AWS knows no resources for these two X-Ray actions. They write and can read nothing.",
        ("*",),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Portal/DocumentsRole",),
        "A printed report holds the smear and what was drawn of it, after the function has checked whose it is. It reads below "
        "three prefixes of two buckets and writes into neither.",
        ("/smears/*", "/reports/*", "/verdicts/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Archive/MachineRole",),
        "A state machine sets up the delivery of its own log, and traces, with actions that AWS knows no resources for. None "
        "of them reads a log or a picture.",
        ("*",),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Screening/Role",),
        "The function reads any smear and writes any report, which are objects below one prefix of one bucket. It can't "
        "list, delete, or reach anything outside of the prefixes.",
        ("/smears/*", "/reports/*", "/summaries/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Portal/AnswerRole",),
        "The API hands out links to one object each, after it has checked whose it is, and a link can do no more than this "
        "role: write below smears/ and verdicts/, read below reports/, summaries/ and verdicts/.",
        ("/smears/*", "/reports/*", "/summaries/*", "/verdicts/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Notification/SendNotificationsRole",),
        "A mail may hold the reason of a rejection, or results where a hospital has set so: the function reads any report, "
        "which are objects below one prefix.",
        ("/reports/*",),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Archive/MachineRole",),
        "A run writes files of its own into the results bucket, below one prefix, and watches its own children, whose "
        "names AWS makes up.",
        ("/runs/*", ":execution:hemascope-*-archive:*", ":execution:hemascope-*-archive/Objects:*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Operator/Operator",),
        "Forgetting a patient deletes objects below the four prefixes, exporting reviews reads them, and they can't be named "
        "beforehand. The role is taken by a person with a second factor, for an hour at most, and CloudTrail names them.",
        ("/smears/*", "/reports/*", "/summaries/*", "/verdicts/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Operator/Operator",),
        "The operator reads the outputs of this stage's stacks, whose ARNs end with a random id, and watches the runs that "
        "they start: names and files that AWS makes up.",
        (":stack/Hemascope-*-*/*", ":execution:hemascope-*-archive:*", ":mapRun:hemascope-*-archive/*", "/runs/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Devices/Microscope",),
        "A microscope names its own files, below its own hospital's prefix only, which its certificate's thing type gives.",
        ("/smears/<credentials-iot:ThingTypeName>/*",),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Devices/*/Provisioning",),
        "Provisioning makes the things of one hospital, whose serial numbers are not known before, and attaches "
        "certificates, whose ids AWS makes up. Only IoT, for this account, takes this role.",
        (":thing/*:*", ":cert/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Screening/Deployer",),
        "CodeDeploy asks after the versions of this one function, whose numbers AWS counts up.",
        ("<ScreenSmear*.Arn>:*",),
    ),
)

ACKNOWLEDGMENTS = (
    *_WILDCARDS,
    Accepted(
        "AwsSolutions-L1",
        _ZIP,
        "Python 3.13, which AWS supports: the version of the screening image too, so that the shared package runs and is "
        "tested on one version everywhere. It moves with the image's base.",
    ),
    Accepted(
        "AwsSolutions-COG8",
        ("Portal/Accounts/Users",),
        "Threat protection is paid for each user and month: a setting (HEMASCOPE_PORTAL_THREAT_PROTECTION). Without it "
        "nobody signs up alone, and everybody needs a second factor that is not an SMS.",
    ),
    Accepted(
        "AwsSolutions-CFR1",
        ("Portal/Site/Distribution",),
        "The site is public and holds no data; a clinician on a journey shall read reports. The API asks for a token.",
    ),
    Accepted(
        "AwsSolutions-CFR2",
        ("Portal/Site/Distribution",),
        "A web ACL must live in us-east-1 and is often the hospital's own for all its sites: a setting "
        "(HEMASCOPE_PORTAL_WEB_ACL). Without it, what stands behind CloudFront is static and public.",
    ),
    Accepted(
        "AwsSolutions-CFR4",
        ("Portal/Site/Distribution",),
        "CloudFront's own name comes with CloudFront's own TLS policy. With HEMASCOPE_PORTAL_CERTIFICATE the site has the "
        "hospital's name and TLS 1.2 at least; docs/operations.md asks for it before patients use the portal.",
    ),
    Accepted(
        "HIPAA.Security-IAMNoInlinePolicy",
        (
            "Screening/Role",
            "Screening/Deployer",
            "Notification/SendNotificationsRole",
            "Notification/RecordMailEventsRole",
            "Portal/AnswerRole",
            "Portal/DocumentsRole",
            "Archive/MachineRole",
            "Operator/Operator",
            "Devices/Microscope",
            "Devices/*/Provisioning",
        ),
        "Each policy is made for one role and lives and dies with it; a managed policy could be attached to another. A test "
        "holds each to a literal list of actions.",
    ),
    Accepted(
        "HIPAA.Security-LambdaInsideVPC",
        (*_FED_BY_A_QUEUE, *_ASKED_BY_PEOPLE),
        "The functions call AWS's own services and nothing else, over TLS, each call signed and checked by IAM, buckets and "
        "queues refuse plain HTTP. Nothing can connect to a function. A network of our own would add gateways, their "
        "routes and their cost, and the same calls would leave through it.",
    ),
    Accepted(
        "HIPAA.Security-LambdaDLQ",
        _FED_BY_A_QUEUE,
        "The queue that feeds the function has a dead-letter queue; a function's own is for asynchronous calls, and there are "
        "none.",
    ),
    Accepted(
        "HIPAA.Security-LambdaDLQ",
        _ASKED_BY_PEOPLE,
        "API Gateway waits for the answer, and who asked sees the error; there is no event that could be lost.",
    ),
    Accepted(
        "HIPAA.Security-LambdaConcurrency",
        _FED_BY_A_QUEUE,
        "The event source bounds how many run at a time, and leaves what it does not take in the queue. Concurrency that "
        "is reserved is taken from all others in the account, so it is a setting (HEMASCOPE_RESERVED_CONCURRENCY).",
    ),
    Accepted(
        "HIPAA.Security-LambdaConcurrency",
        _ASKED_BY_PEOPLE,
        "The API's own limit, 20 requests a second for all callers together, bounds how many run at a time.",
    ),
    Accepted(
        "HIPAA.Security-S3BucketReplicationEnabled",
        ("Ingest/Uploads", "Screening/Reports"),
        "Objects lie in three data centres of one region, every version is kept, and only the operator may delete a report. A "
        "copy in a second region would take patient data out of the region that the hospital chose, and be a second place to "
        "forget a patient in. A hospital that must outlive a region adds it to its own buckets.",
    ),
    Accepted(
        "HIPAA.Security-S3BucketReplicationEnabled",
        ("Ingest/AccessLogs", "Portal/Site/Visits", "Archive/Results"),
        "Logs and results of runs: versioned, in three data centres, deleted after a fixed time; smears and reports don't "
        "depend on them.",
    ),
    Accepted(
        "HIPAA.Security-S3BucketReplicationEnabled",
        ("Portal/Site/Files",),
        "The site's files are a copy of web/ in the repository; `make publish` brings them back.",
    ),
    Accepted(
        "HIPAA.Security-S3DefaultEncryptionKMS",
        ("Ingest/AccessLogs", "Portal/Site/Visits"),
        "AWS delivers these logs to no bucket with a key of ours; they are encrypted with S3's own.",
    ),
    Accepted(
        "HIPAA.Security-S3DefaultEncryptionKMS",
        ("Portal/Site/Files",),
        "The files are public: a key of ours would keep no secret. They are encrypted with S3's own.",
    ),
    Accepted(
        "HIPAA.Security-DynamoDBInBackupPlan",
        ("Screening/Ledger", "Screening/Hospitals"),
        "Point-in-time recovery brings back any second of the last 35 days, and the table can't be deleted by mistake. A plan "
        "with longer memory would keep the rows of a patient who asked to be forgotten.",
    ),
    Accepted(
        "HIPAA.Security-DynamoDBInBackupPlan",
        ("Portal/Audit",),
        "Point-in-time recovery brings back any second of the last 35 days, and the table can't be deleted by mistake. Its "
        "entries are never changed, so there is no older state to go back to.",
    ),
    Accepted(
        "HIPAA.Security-CloudWatchAlarmAction",
        ("Screening/NewVersionCrashes", "Screening/NewVersionFails"),
        "CodeDeploy reads these alarms while it tries a new version and goes back by itself; a composite alarm of the "
        "observability stack tells people of it.",
    ),
)
