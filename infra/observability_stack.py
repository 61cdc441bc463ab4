"""Where the service is watched."""

from collections.abc import Iterable

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra import dashboard
from infra.alarms import Alarm, describe, function_alarms, notification_alarms, people_alarms, queue_alarms, smear_alarms
from infra.archive_stack import ArchiveStack
from infra.constructs.storage import let_services_use, safe_key
from infra.ingest_stack import IngestStack
from infra.notification_stack import NotificationStack
from infra.portal_stack import PortalStack
from infra.screening_stack import ScreeningStack
from infra.settings import Settings

_BUDGET = "spend"
# Percent of the budget that is spent, or that AWS expects to be spent by the end of the month.
_SPENT, _EXPECTED = 80, 100


class ObservabilityStack(Stack):
    """Alarms, the topic that they ring, a dashboard, and a budget.

    They are a stack of their own, the last one, because they look at all others and none of them needs it: a threshold
    changes without a queue or a function being touched.
    """

    def __init__(
        self,
        scope: Construct,
        identity: str,
        settings: Settings,
        ingest: IngestStack,
        screening: ScreeningStack,
        notification: NotificationStack,
        portal: PortalStack,
        archive: ArchiveStack,
        **kwargs: object,
    ) -> None:
        super().__init__(scope, identity, **kwargs)
        self._settings, self._ingest, self._screening, self._notification = settings, ingest, screening, notification
        self._portal, self._archive = portal, archive
        self._functions = {
            "screen-smear": screening.function,
            "send-notifications": notification.function,
            "mail-events": notification.mail_function,
            "portal-api": portal.function,
            "report-documents": portal.documents,
        }
        # Name -> queue, its dead letters, the function that empties it.
        self._queues = {
            "arrivals": (ingest.queue, ingest.dead, screening.function),
            "notifications": (screening.notifications, screening.notifications_dead_letters, notification.function),
            "mail-events": (notification.mail_events, notification.mail_events_dead_letters, notification.mail_function),
        }
        self._topic = self._make_topic()
        self._action = actions.SnsAction(self._topic)
        self._alarms = [self._make_alarm(rule) for rule in self._rules()]
        self._make_new_version_alarm()
        self._make_budget()
        self._make_dashboard()
        CfnOutput(self, "AlarmTopic", value=self._topic.topic_arn)

    @property
    def topic(self) -> sns.ITopic:
        """What every alarm rings."""
        return self._topic

    def _make_topic(self) -> sns.Topic:
        """A topic that alarms of this deployment and budgets of this account may ring, and nobody else."""
        key = safe_key(self, "Key", "Hemascope: alarms on their way to engineers")
        let_services_use(key, "cloudwatch.amazonaws.com", "budgets.amazonaws.com")
        topic = sns.Topic(self, "Alarms", topic_name=self._settings.name("alarms"), master_key=key, enforce_ssl=True)
        alarms = self._settings.name("*")
        for service, source in {
            "cloudwatch": self.format_arn(service="cloudwatch", resource=f"alarm:{alarms}"),
            "budgets": f"arn:{self.partition}:budgets::{self.account}:*",
        }.items():
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"],
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    resources=[topic.topic_arn],
                    conditions={"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": self.account}},
                )
            )
        if self._settings.alarm_mail:
            topic.add_subscription(subscriptions.EmailSubscription(self._settings.alarm_mail))
        return topic

    def _rules(self) -> Iterable[Alarm]:
        settings, screening, notification = self._settings, self._screening, self._notification
        for name, (queue, dead, function) in self._queues.items():
            yield from queue_alarms(name, queue, dead, function.timeout)
        for name, function in self._functions.items():
            yield from function_alarms(name, function, function.timeout)
        yield from smear_alarms(
            screening.function, self._ingest.queue, settings.alarm_rejected_percent, settings.alarm_abstained_percent
        )
        yield from notification_alarms(
            notification.function, notification.mail_function, notification.topic, notification.patients
        )
        yield from people_alarms(self._portal.api, self._archive.machine)

    def _make_alarm(self, alarm: Alarm) -> cloudwatch.Alarm:
        made = alarm.make(self, self._settings.name(alarm.name))
        made.add_alarm_action(self._action)
        made.add_ok_action(self._action)
        return made

    def _make_new_version_alarm(self) -> None:
        """CodeDeploy acts on the alarms of a new version; people hear of it here."""
        name = "new-version-goes-back"
        state = cloudwatch.AlarmState.ALARM
        fails = [cloudwatch.AlarmRule.from_alarm(alarm, state) for alarm in self._screening.new_version_alarms]
        composite = cloudwatch.CompositeAlarm(
            self,
            "NewVersionGoesBack",
            composite_alarm_name=self._settings.name(name),
            alarm_description=describe(name, "The newest version of the screening function fails."),
            alarm_rule=cloudwatch.AlarmRule.any_of(*fails),
        )
        composite.add_alarm_action(self._action)
        composite.add_ok_action(self._action)

    def _make_budget(self) -> None:
        """What the whole account spends: a filter by tag would count nothing until somebody activates the tag."""
        subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=self._topic.topic_arn)
        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self._settings.name(_BUDGET),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self._settings.monthly_budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, percent in (("ACTUAL", _SPENT), ("FORECASTED", _EXPECTED))
            ],
        )
        # Budgets tries the topic when it is made.
        budget.node.add_dependency(self._topic.node.find_child("Policy"))

    def _make_dashboard(self) -> None:
        notification = self._notification
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=self._settings.name("overview"),
            widgets=[
                [cloudwatch.AlarmStatusWidget(alarms=self._alarms, title="Alarms", width=24, height=4)],
                *dashboard.smears(self._screening.function),
                *dashboard.machinery(
                    {name: one[0] for name, one in self._queues.items()},
                    {name: one[1] for name, one in self._queues.items()},
                    self._functions,
                    [queue[2] for queue in self._queues.values()],
                ),
                *dashboard.people(notification.function, notification.mail_function, notification.topic, self._portal.api),
            ],
        )
