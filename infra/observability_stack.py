"""Observability: alarms, dashboard and budget."""

from collections.abc import Iterable

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
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
# Percent of the budget: actual cost, and the cost that AWS forecasts for the month.
_SPENT, _EXPECTED = 80, 100


class ObservabilityStack(Stack):
    """Alarms, the topic that they publish to, a dashboard and a budget.

    The stack is separate because it depends on all others and none depends on it: a threshold changes without a change to
    a queue or a function.
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
        env: Environment | None = None,
    ) -> None:
        super().__init__(scope, identity, env=env)
        self._settings, self._ingest, self._screening, self._notification = settings, ingest, screening, notification
        self._portal, self._archive = portal, archive
        self._functions = {
            "screen-smear": screening.function,
            "send-notifications": notification.function,
            "mail-events": notification.mail_function,
            "portal-api": portal.function,
            "report-documents": portal.documents,
            "microscope-jobs": screening.jobs.function,
        }
        # Name -> queue, its dead-letter queue, the function that consumes it.
        self._queues = {
            "arrivals": (ingest.queue, ingest.dead, screening.function),
            "notifications": (screening.notifications, screening.notifications_dead_letters, notification.function),
            "microscope-jobs": (screening.jobs.queue, screening.jobs.dead, screening.jobs.function),
            "mail-events": (notification.mail_events, notification.mail_events_dead_letters, notification.mail_function),
        }
        self._topic = self._make_topic()
        self._action = actions.SnsAction(self._topic)
        self._alarms = [self._make_alarm(definition) for definition in self._definitions()]
        self._make_new_version_alarm()
        self._make_budget()
        self._make_dashboard()
        CfnOutput(self, "AlarmTopic", value=self._topic.topic_arn)

    @property
    def topic(self) -> sns.ITopic:
        """Topic of every alarm."""
        return self._topic

    def _make_topic(self) -> sns.Topic:
        """Create a topic that only alarms of this stage and budgets of this account may publish to."""
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

    def _definitions(self) -> Iterable[Alarm]:
        settings, screening, notification = self._settings, self._screening, self._notification
        for name, (queue, dead, function) in self._queues.items():
            yield from queue_alarms(name, queue, dead, _timeout(function))
        for name, function in self._functions.items():
            yield from function_alarms(name, function, _timeout(function))
        yield from smear_alarms(
            screening.function, self._ingest.queue, settings.alarm_rejected_percent, settings.alarm_abstained_percent
        )
        yield from notification_alarms(
            notification.function, notification.mail_function, notification.topic, notification.patients
        )
        yield from people_alarms(self._portal.api, self._archive.machine)

    def _make_alarm(self, definition: Alarm) -> cloudwatch.Alarm:
        alarm = definition.make(self, self._settings.name(definition.name))
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        return alarm

    def _make_new_version_alarm(self) -> None:
        """Tell engineers when CodeDeploy rolls a new version back."""
        name = "new-version-goes-back"
        state = cloudwatch.AlarmState.ALARM
        fails = [cloudwatch.AlarmRule.from_alarm(alarm, state) for alarm in self._screening.new_version_alarms]
        composite = cloudwatch.CompositeAlarm(
            self,
            "NewVersionGoesBack",
            composite_alarm_name=self._settings.name(name),
            alarm_description=describe(name, "The newest version of the screening function fails and is rolled back."),
            alarm_rule=cloudwatch.AlarmRule.any_of(*fails),
        )
        composite.add_alarm_action(self._action)
        composite.add_ok_action(self._action)

    def _make_budget(self) -> None:
        """Watch the cost of the whole account: a filter by tag counts nothing until somebody activates the tag for billing."""
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
        # AWS Budgets publishes to the topic when the budget is created.
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
                    {name: queue for name, (queue, _, _) in self._queues.items()},
                    {name: dead for name, (_, dead, _) in self._queues.items()},
                    self._functions,
                    [consumer for _, _, consumer in self._queues.values()],
                ),
                *dashboard.people(notification.function, notification.mail_function, notification.topic, self._portal.api),
            ],
        )


def _timeout(function: lambda_.Function) -> Duration:
    """Return the timeout of a function, which alarms are derived from; CDK types it as optional."""
    if function.timeout is None:
        raise ValueError("expected a function with a timeout of its own, received none")
    return function.timeout
