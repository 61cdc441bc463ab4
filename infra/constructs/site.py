"""The static site: a private bucket behind CloudFront, with a restrictive content security policy."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.storage import safe_bucket
from infra.settings import Settings

_LOGS_KEPT = Duration.days(365)
_TWO_YEARS = Duration.days(730)


class Site(Construct):
    """CloudFront distribution for the files of ``web/``.

    The files are public, so they are encrypted with S3's own key, which CloudFront can use without a key policy.

    Parameters
    ----------
    reached
        Origins that scripts may call (``connect-src``).
    pictures
        Origins that pictures may come from (``img-src``).
    """

    def __init__(
        self,
        scope: Construct,
        identity: str,
        settings: Settings,
        *,
        access_logs: s3.IBucket,
        reached: Sequence[str],
        pictures: Sequence[str],
    ) -> None:
        super().__init__(scope, identity)
        self.bucket = safe_bucket(self, "Files", settings.name("site"), key=None, logs=access_logs)
        visits = safe_bucket(
            self,
            "Visits",
            settings.name("site-access-logs"),
            key=None,
            logs=access_logs,
            written_with_acl=True,
            lifecycle=[s3.LifecycleRule(expiration=_LOGS_KEPT, noncurrent_version_expiration=Duration.days(1))],
        )
        certificate = settings.portal_certificate
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=settings.name("portal"),
            default_root_object="index.html",
            domain_names=[str(urlsplit(settings.portal_origin).hostname)] if certificate else None,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate) if certificate else None,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if certificate else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            web_acl_id=settings.portal_web_acl,
            log_bucket=visits,
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(self.bucket),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=self._make_headers(settings, reached, pictures),
            ),
        )

    def _make_headers(
        self, settings: Settings, reached: Sequence[str], pictures: Sequence[str]
    ) -> cloudfront.ResponseHeadersPolicy:
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": " ".join(("'self'", "blob:", *pictures)),
            "connect-src": " ".join(("'self'", *reached)),
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        header = cloudfront.ResponseCustomHeader
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            response_headers_policy_name=settings.name("portal"),
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy="; ".join(f"{name} {value}" for name, value in policy.items()), override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=_TWO_YEARS, include_subdomains=True, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    header(header="Cross-Origin-Opener-Policy", value="same-origin", override=True),
                    header(header="Permissions-Policy", value="camera=(), geolocation=(), microphone=()", override=True),
                ]
            ),
        )
