"""Notifications: topics, mails and the functions that send them."""

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from hemascope.aws.messaging import template_name
from hemascope.domain.notification import MailKind
from infra.constructs.function import zip_function
from infra.constructs.messaging import QueueWithDeadLetters, feed
from infra.constructs.storage import let_services_use, safe_key
from infra.mail import mail_template
from infra.screening_stack import DELIVERY_TIMEOUT, ScreeningStack
from infra.settings import Settings, Subscriber

_BATCH = 4
_CONCURRENCY = 5  # low, since the SES sandbox sends one mail per second
# A mail whose outcome is unknown is not retried before SES had time to report it and the function has certainly ended.
_GRACE = Duration.minutes(5)
_MAIL_EVENTS_TIMEOUT = Duration.seconds(10)


class NotificationStack(Stack):
    """Topics, mails and the functions that connect them with the ledger.

    The stack is separate because notifying people may fail, be slow or be changed without delaying a smear: screening is
    finished when the notification is in its queue.
    """

    def __init__(
        self, scope: Construct, identity: str, settings: Settings, screening: ScreeningStack, env: Environment | None = None
    ) -> None:
        super().__init__(scope, identity, env=env)
        self._settings, self._screening = settings, screening
        self._key = safe_key(self, "Key", "Hemascope: notifications on their way to people", logs_of=settings.log_prefix)
        self._topic = sns.Topic(
            self, "Notifications", topic_name=settings.name("notifications"), master_key=self._key, enforce_ssl=True
        )
        self._patients = sns.Topic(
            self, "Patients", topic_name=settings.name("patients"), master_key=self._key, enforce_ssl=True
        )
        for number, subscriber in enumerate(settings.subscribers, start=1):
            self._subscribe(f"Subscriber{number}", subscriber)
        self._mail_events = QueueWithDeadLetters(
            self,
            "MailEvents",
            name=settings.name("mail-events"),
            key=self._key,
            timeout=_MAIL_EVENTS_TIMEOUT,
            maximum_receives=settings.maximum_receives,
        )
        self._configuration_set = self._make_mail()
        self._function = self._make_function()
        self._mail_function = self._make_mail_function()
        CfnOutput(self, "NotificationsTopic", value=self._topic.topic_arn)
        CfnOutput(self, "PatientsTopic", value=self._patients.topic_arn)
        CfnOutput(self, "NotificationFunction", value=self._function.function_name)
        CfnOutput(self, "MailEventsDeadLetterQueue", value=self._mail_events.dead.queue_url)

    @property
    def key(self) -> kms.IKey:
        """KMS key of notifications, mail events and logs."""
        return self._key

    @property
    def topic(self) -> sns.ITopic:
        """Topic for systems of a hospital, which filter by hospital and urgency."""
        return self._topic

    @property
    def patients(self) -> sns.ITopic:
        """Topic for devices of patients, each filtered to one patient."""
        return self._patients

    @property
    def function(self) -> lambda_.Function:
        """The notification function."""
        return self._function

    @property
    def mail_function(self) -> lambda_.Function:
        """The function that records bounces and complaints."""
        return self._mail_function

    @property
    def mail_events(self) -> sqs.IQueue:
        """Queue of SES events: sent, bounced, complained, rejected."""
        return self._mail_events.queue

    @property
    def mail_events_dead_letters(self) -> sqs.IQueue:
        """Dead-letter queue of mail events."""
        return self._mail_events.dead

    @property
    def _templates(self) -> str:
        """Prefix of the names of the mail templates."""
        return self._settings.name("mail")

    @property
    def configuration_set(self) -> str:
        """Name of the SES configuration set."""
        return self._settings.name("mails")

    def _subscribe(self, identity: str, subscriber: Subscriber) -> None:
        wanted = {"hospital": subscriber.hospital, "urgency": subscriber.urgency}
        sns.Subscription(
            self,
            identity,
            topic=self._topic,
            protocol=sns.SubscriptionProtocol[subscriber.protocol.upper()],
            endpoint=subscriber.endpoint,
            filter_policy={
                name: sns.SubscriptionFilter.string_filter(allowlist=[value]) for name, value in wanted.items() if value != "*"
            }
            or None,
        )

    def _make_mail(self) -> ses.ConfigurationSet:
        """Create identity, templates, and a configuration set with a suppression list and an event destination."""
        settings = self._settings
        ses.EmailIdentity(self, "Sender", identity=ses.Identity.email(settings.mail_sender))
        for kind in MailKind:
            mail = mail_template(kind)
            ses.CfnTemplate(
                self,
                f"{kind.capitalize()}Mail",
                template=ses.CfnTemplate.TemplateProperty(
                    template_name=template_name(self._templates, kind),
                    subject_part=mail.subject,
                    text_part=mail.text,
                    html_part=mail.html,
                ),
            )
        events = sns.Topic(
            self, "MailEventsTopic", topic_name=settings.name("mail-events"), master_key=self._key, enforce_ssl=True
        )
        events.add_subscription(subscriptions.SqsSubscription(self._mail_events.queue, raw_message_delivery=True))
        let_services_use(self._key, "ses.amazonaws.com", "sns.amazonaws.com")
        configuration_set = ses.ConfigurationSet(
            self,
            "Mails",
            configuration_set_name=self.configuration_set,
            reputation_metrics=True,
            suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
            tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
        )
        event = ses.EmailSendingEvent
        configuration_set.add_event_destination(
            "MailEventsDestination",
            configuration_set_event_destination_name="mail-events",
            destination=ses.EventDestination.sns_topic(events),
            events=[event.SEND, event.BOUNCE, event.COMPLAINT, event.REJECT, event.RENDERING_FAILURE],
        )
        return configuration_set

    def _make_function(self) -> lambda_.Function:
        settings, ledger, sender = self._settings, self._screening.ledger, self._settings.mail_sender
        function = zip_function(
            self,
            "SendNotifications",
            settings,
            name="send-notifications",
            description="Notifies people of a finished smear by topic and mail, each channel once",
            key=self._key,
            timeout=DELIVERY_TIMEOUT,
            environment={
                "HEMASCOPE_LEDGER_TABLE": ledger.table_name,
                "HEMASCOPE_HOSPITALS_TABLE": self._screening.hospitals.table_name,
                "HEMASCOPE_REPORTS_BUCKET": self._screening.reports.bucket_name,
                "HEMASCOPE_NOTIFICATIONS_QUEUE": self._screening.notifications.queue_url,
                "HEMASCOPE_NOTIFICATION_TOPIC": self._topic.topic_arn,
                "HEMASCOPE_PATIENTS_TOPIC": self._patients.topic_arn,
                "HEMASCOPE_MAIL_TEMPLATES": self._templates,
                "HEMASCOPE_MAIL_SENDER": sender,
                "HEMASCOPE_MAIL_RECIPIENT": settings.mail_recipient,
                "HEMASCOPE_MAIL_CONFIGURATION": self.configuration_set,
                "HEMASCOPE_PORTAL_URL": settings.portal_url,
                "HEMASCOPE_GRACE_SECONDS": str(_GRACE.to_seconds()),
            },
        )
        feed(function, self._screening.notifications, batch_size=_BATCH, maximum_concurrency=_CONCURRENCY)
        statements = {
            ("dynamodb:GetItem", "dynamodb:UpdateItem"): [ledger.table_arn],
            ("dynamodb:GetItem",): [self._screening.hospitals.table_arn],
            ("s3:GetObject",): [self._screening.reports.arn_for_objects("reports/*")],  # for mails with results or reasons
            ("sqs:SendMessage",): [
                self._screening.notifications.queue_arn
            ],  # a notification that is not due yet is sent again with a delay
            ("sns:Publish",): [self._topic.topic_arn, self._patients.topic_arn],
            ("ses:SendTemplatedEmail",): [
                self.format_arn(service="ses", resource="identity", resource_name=sender),
                self.format_arn(service="ses", resource="identity", resource_name=sender.split("@")[1]),
                *self._mail_templates(),
                self.format_arn(service="ses", resource="configuration-set", resource_name=self.configuration_set),
            ],
            ("kms:Decrypt", "kms:GenerateDataKey"): [self._screening.key.key_arn, self._key.key_arn],
        }
        for actions, resources in statements.items():
            function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=resources))
        return function

    def _mail_templates(self) -> list[str]:
        names = [template_name(self._templates, kind) for kind in MailKind]
        return [self.format_arn(service="ses", resource="template", resource_name=name) for name in names]

    def _make_mail_function(self) -> lambda_.Function:
        ledger = self._screening.ledger
        function = zip_function(
            self,
            "RecordMailEvents",
            self._settings,
            name="mail-events",
            description="Records the outcome of notification mails in the ledger: sent or bounced",
            key=self._key,
            timeout=_MAIL_EVENTS_TIMEOUT,
            environment={"HEMASCOPE_LEDGER_TABLE": ledger.table_name},
        )
        feed(function, self._mail_events.queue, batch_size=_BATCH, maximum_concurrency=2)
        for actions, resource in {
            ("dynamodb:UpdateItem",): ledger.table_arn,
            ("kms:Decrypt",): self._screening.key.key_arn,
        }.items():
            function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=[resource]))
        return function
