"""An HTTP API that answers only requests with a verified token."""

import json
from collections.abc import Sequence
from typing import Any

from aws_cdk import Aws, Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from hemascope.portal.routes import Route
from infra.constructs.function import function_log
from infra.settings import Settings

_RATE = 20  # requests a second of all callers together, far above what a hospital's people click
_BURST = 40

# Whose account asked for what kind of thing, and how it ended. No path, since that holds what a caller typed; no address.
_LINE = {
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    "account": "$context.authorizer.claims.sub",
    "route": "$context.routeKey",
    "status": "$context.status",
    "problem": "$context.error.responseType",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
}


class HttpApi(Construct):
    """Routes to functions, each behind the user pool's tokens, with a rate limit and an access log.

    Parameters
    ----------
    routes
        Those of ``function``; any other address is not found.
    """

    def __init__(
        self,
        scope: Construct,
        identity: str,
        settings: Settings,
        *,
        key: kms.IKey,
        routes: Sequence[Route[Any]],
        function: lambda_.IFunction,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
    ) -> None:
        super().__init__(scope, identity)
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=settings.name("portal"),
            create_default_stage=False,  # the one below has a limit and a log
            default_authorizer=authorizers.HttpUserPoolAuthorizer("Tokens", user_pool, user_pool_clients=[client]),
            cors_preflight=apigateway.CorsPreflightOptions(
                allow_origins=[settings.portal_origin],
                allow_methods=[apigateway.CorsHttpMethod[method] for method in sorted({route.method for route in routes})],
                allow_headers=["authorization", "content-type"],
                max_age=Duration.hours(1),
            ),
        )
        self.route("Function", routes, function)
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=_RATE, burst_limit=_BURST),
            detailed_metrics_enabled=True,
        ).node.default_child
        assert isinstance(stage, apigateway.CfnStage)
        stage.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=function_log(self, "Log", settings, "portal-access", key).log_group_arn, format=json.dumps(_LINE)
        )
        self.origin = f"https://{self.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"

    def route(self, identity: str, routes: Sequence[Route[Any]], function: lambda_.IFunction) -> None:
        """Route requests to a function, each behind the same tokens."""
        integration = integrations.HttpLambdaIntegration(identity, function)
        for route in routes:
            self.api.add_routes(path=route.path, methods=[apigateway.HttpMethod[route.method]], integration=integration)
