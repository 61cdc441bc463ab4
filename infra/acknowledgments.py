"""Acknowledged findings of the rule packs, each with its reason: the page for a security officer's review.

``infra/nag.py`` passes them to CDK. A finding that is not listed here fails the synthesis, and a test fails for an entry that
is no longer needed. Findings that were easy to fix were fixed instead.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """A rule that is not followed in some places.

    Parameters
    ----------
    rule
        Id of the rule in its pack.
    places
        Construct paths without the stage; ``*`` stands for any single name, such as a hospital's.
    reason
        Why it is acceptable, for the reviewer.
    resources
        For rules about wildcards in policies: the endings of the resources that may contain one.
    """

    rule: str
    places: tuple[str, ...]
    reason: str
    resources: tuple[str, ...] = ()


_QUEUE_CONSUMERS = (
    "Screening/ScreenSmear",
    "Screening/MicroscopeJobs/Function",
    "Notification/SendNotifications",
    "Notification/RecordMailEvents",
)
_HTTP_FUNCTIONS = ("Portal/Answer", "Portal/Documents")
_ZIP_FUNCTIONS = ("Notification/SendNotifications", "Notification/RecordMailEvents", "Portal/Answer")

_WILDCARDS = (
    Accepted(
        "AwsSolutions-IAM5",
        (
            "Screening/Role",
            "Screening/MicroscopeJobs/Role",
            "Notification/SendNotificationsRole",
            "Notification/RecordMailEventsRole",
            "Portal/AnswerRole",
            "Portal/DocumentsRole",
        ),
        "Sending traces: AWS defines no resources for these two X-Ray actions. They write traces and cannot read anything.",
        ("*",),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Portal/DocumentsRole",),
        "A printed report contains the smear and the pictures drawn for it, and a printed proof is that of a microscope. The "
        "function checks whose they are, reads below four prefixes of two buckets and cannot write to either.",
        ("/smears/*", "/microscopes/*", "/reports/*", "/verdicts/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Archive/MachineRole",),
        "A state machine sets up the delivery of its own log and its traces with actions that AWS defines no resources for. "
        "None of them reads a log or a picture.",
        ("*",),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Screening/Role",),
        "The function reads any smear and any microscope's profile, and reads and writes any report, which are objects below "
        "fixed prefixes of two buckets. It cannot list or delete, or access anything outside these prefixes.",
        ("/smears/*", "/microscopes/*", "/reports/*", "/summaries/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Screening/MicroscopeJobs/Role",),
        "A microscope's newest pictures are read below one prefix, and its profile, proofs and documents are written below "
        "another; a few pictures that show a correction are written beside the reports on what they show. Keys are digests, "
        "not known beforehand. It cannot list or delete, or write a report.",
        ("/smears/*", "/microscopes/*", "/reports/*/commissioning/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Portal/AnswerRole",),
        "The API returns presigned links, each to a single object, after it has checked whose object it is. A link permits no "
        "more than this role: writing below smears/ and verdicts/, reading below microscopes/, reports/, summaries/ and "
        "verdicts/.",
        ("/smears/*", "/microscopes/*", "/reports/*", "/summaries/*", "/verdicts/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Notification/SendNotificationsRole",),
        "A mail may contain the reason of a rejection, or results where a hospital's settings say so: the function reads any "
        "report, which are objects below one prefix.",
        ("/reports/*",),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Archive/MachineRole",),
        "A run writes its own files below one prefix of the results bucket and monitors its child executions, whose names AWS "
        "generates.",
        ("/runs/*", ":execution:hemascope-*-archive:*", ":execution:hemascope-*-archive/Objects:*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Operator/Operator",),
        "Forgetting a patient deletes objects below the four prefixes and exporting reviews reads them; their keys are "
        "not known beforehand. A person assumes the role with a second factor for at most an hour, and CloudTrail records who.",
        ("/smears/*", "/reports/*", "/summaries/*", "/verdicts/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Operator/Operator",),
        "The operator reads the outputs of this stage's stacks, whose ARNs end with a random id, and monitors the archive runs "
        "that they start, whose names and files AWS generates.",
        (":stack/Hemascope-*-*/*", ":execution:hemascope-*-archive:*", ":mapRun:hemascope-*-archive/*", "/runs/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Devices/Microscope",),
        "A microscope chooses patient, slide and the names of its files, but only in its own hospital and under its own name, "
        "which follow from the thing and the thing type of its certificate.",
        ("/smears/<credentials-iot:ThingTypeName>/*/*/<credentials-iot:ThingName>/*",),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Devices/*/Provisioning",),
        "Provisioning creates the things of one hospital, whose serial numbers are not known beforehand, and attaches "
        "certificates, whose ids AWS generates. Only IoT, acting for this account, assumes this role.",
        (":thing/*:*", ":cert/*"),
    ),
    Accepted(
        "AwsSolutions-IAM5",
        ("Screening/Deployer",),
        "CodeDeploy reads the versions of this one function, which AWS numbers.",
        ("<ScreenSmear*.Arn>:*",),
    ),
)

ACKNOWLEDGMENTS = (
    *_WILDCARDS,
    Accepted(
        "AwsSolutions-L1",
        _ZIP_FUNCTIONS,
        "Python 3.13, which AWS supports and the screening image uses too, so that the shared package runs and is tested on "
        "one version everywhere. It is updated together with the image's base.",
    ),
    Accepted(
        "AwsSolutions-COG8",
        ("Portal/Accounts/Users",),
        "Threat protection costs money per user and month, so it is a setting (HEMASCOPE_PORTAL_THREAT_PROTECTION). Even "
        "without it there is no self-registration, and every account needs a second factor that is not an SMS.",
    ),
    Accepted(
        "AwsSolutions-CFR1",
        ("Portal/Site/Distribution",),
        "The site is public and contains no data, and clinicians who travel should be able to read reports. The API requires a "
        "token.",
    ),
    Accepted(
        "AwsSolutions-CFR2",
        ("Portal/Site/Distribution",),
        "A web ACL must be in us-east-1 and is often shared by all sites of a hospital, so it is a setting "
        "(HEMASCOPE_PORTAL_WEB_ACL). What CloudFront serves here is static and public.",
    ),
    Accepted(
        "AwsSolutions-CFR4",
        ("Portal/Site/Distribution",),
        "CloudFront's default domain has CloudFront's default TLS policy. With HEMASCOPE_PORTAL_CERTIFICATE the site has the "
        "hospital's domain and at least TLS 1.2; docs/operations.md requires it before patients use the portal.",
    ),
    Accepted(
        "HIPAA.Security-IAMNoInlinePolicy",
        (
            "Screening/Role",
            "Screening/MicroscopeJobs/Role",
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
        "Each policy belongs to one role and is deleted with it; a managed policy could be attached to another role. A test "
        "compares each with a literal list of actions.",
    ),
    Accepted(
        "HIPAA.Security-LambdaInsideVPC",
        (*_QUEUE_CONSUMERS, *_HTTP_FUNCTIONS),
        "The functions call AWS services only, over TLS; IAM checks every call, and buckets and queues refuse plain HTTP. "
        "Nothing can connect to a function. A VPC would add gateways, routes and cost, and the same calls would go through "
        "it.",
    ),
    Accepted(
        "HIPAA.Security-LambdaDLQ",
        _QUEUE_CONSUMERS,
        "The queue that invokes the function has a dead-letter queue. A function's own is for asynchronous invocations, which "
        "do not occur here.",
    ),
    Accepted(
        "HIPAA.Security-LambdaDLQ",
        _HTTP_FUNCTIONS,
        "API Gateway waits for the response, and the caller sees the error; there is no event that could be lost.",
    ),
    Accepted(
        "HIPAA.Security-LambdaConcurrency",
        _QUEUE_CONSUMERS,
        "The event source limits how many invocations run at a time; other messages stay in the queue. Reserved concurrency is "
        "taken from all other functions of the account, so it is a setting (HEMASCOPE_RESERVED_CONCURRENCY).",
    ),
    Accepted(
        "HIPAA.Security-LambdaConcurrency",
        _HTTP_FUNCTIONS,
        "The API's rate limit of 20 requests per second for all callers together limits how many invocations run at a time.",
    ),
    Accepted(
        "HIPAA.Security-S3BucketReplicationEnabled",
        ("Ingest/Uploads", "Screening/Reports"),
        "S3 stores objects in three availability zones, every version is kept, and only the operator may delete a report. A "
        "copy in a second region would take patient data out of the region that the hospital chose, and a patient would have "
        "to be forgotten there too. A hospital that must survive the loss of a region adds replication to its buckets.",
    ),
    Accepted(
        "HIPAA.Security-S3BucketReplicationEnabled",
        ("Ingest/AccessLogs", "Portal/Site/Visits", "Archive/Results"),
        "Logs and results of archive runs: versioned, in three availability zones, deleted after a fixed time. Smears and "
        "reports do not depend on them.",
    ),
    Accepted(
        "HIPAA.Security-S3BucketReplicationEnabled",
        ("Portal/Site/Files",),
        "The site's files are a copy of web/ in the repository; `make publish` restores them.",
    ),
    Accepted(
        "HIPAA.Security-S3DefaultEncryptionKMS",
        ("Ingest/AccessLogs", "Portal/Site/Visits"),
        "AWS cannot deliver these logs to a bucket with a customer managed key. They are encrypted with S3's own key.",
    ),
    Accepted(
        "HIPAA.Security-S3DefaultEncryptionKMS",
        ("Portal/Site/Files",),
        "The files are public, so a customer managed key would protect nothing. They are encrypted with S3's own key.",
    ),
    Accepted(
        "HIPAA.Security-DynamoDBInBackupPlan",
        ("Screening/Ledger", "Screening/Hospitals", "Screening/Microscopes"),
        "Point-in-time recovery restores any second of the last 35 days, and the table has deletion protection. A backup plan "
        "with a longer retention would keep the rows of a patient who asked to be forgotten.",
    ),
    Accepted(
        "HIPAA.Security-DynamoDBInBackupPlan",
        ("Portal/Audit",),
        "Point-in-time recovery restores any second of the last 35 days, and the table has deletion protection. Its entries "
        "never change, so there is no older state to return to.",
    ),
    Accepted(
        "HIPAA.Security-CloudWatchAlarmAction",
        ("Screening/NewVersionCrashes", "Screening/NewVersionFails"),
        "CodeDeploy reads these alarms during the canary deployment of a new version and rolls back. A composite alarm of the "
        "observability stack notifies engineers.",
    ),
)
