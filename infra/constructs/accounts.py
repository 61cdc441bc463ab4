"""The Cognito user pool of the portal: roles, attributes and sign-in."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from hemascope.domain.account import Role
from infra.settings import Settings

ROLES = {
    Role.TECHNICIAN: "Sends smears, sees the hospital's reports",
    Role.CLINICIAN: "Sends smears, sees the hospital's reports",
    Role.PATIENT: "Sees the summaries of one patient",
    Role.ADMIN: "Sees the hospital's reports, looks after its settings and people",
}
_ATTRIBUTES = ("hospital", "patient")  # pseudonymous ids
_TOKEN = Duration.minutes(15)  # a token cannot be revoked, so a removed account keeps access for this long
_SHIFT = Duration.hours(12)


class Accounts(Construct):
    """A user pool whose accounts only an administrator creates, with the site as its only client.

    Every account needs a second factor, since a pool has one setting for all (docs/adr/0009). Role, hospital and patient of
    an account are its group and two attributes, which its owner can read but not write.
    """

    def __init__(self, scope: Construct, identity: str, settings: Settings) -> None:
        super().__init__(scope, identity)
        self.user_pool = self._make_pool(settings)
        for role, description in ROLES.items():
            self.user_pool.add_group(role.capitalize(), group_name=role.value, description=description)
        self.client = self._make_client(settings)
        prefix = f"{settings.name('portal')}-{Aws.ACCOUNT_ID}"
        self.user_pool.add_domain(
            "SignIn",
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        # Without a branding resource the sign-in pages do not load; this one is Cognito's default.
        cognito.CfnManagedLoginBranding(
            self,
            "Style",
            user_pool_id=self.user_pool.user_pool_id,
            client_id=self.client.user_pool_client_id,
            use_cognito_provided_values=True,
        )
        self.origin = f"https://{prefix}.auth.{Aws.REGION}.amazoncognito.com"

    def _make_pool(self, settings: Settings) -> cognito.UserPool:
        guarded = settings.portal_threat_protection
        mode = cognito.StandardThreatProtectionMode.FULL_FUNCTION
        return cognito.UserPool(
            self,
            "Users",
            user_pool_name=settings.name("portal"),
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            custom_attributes={name: cognito.StringAttribute(mutable=True, max_len=255) for name in _ATTRIBUTES},
            mfa=cognito.Mfa.REQUIRED,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=14,
                require_digits=True,
                require_lowercase=True,
                require_uppercase=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            user_invitation=cognito.UserInvitationConfig(
                email_subject="Your access to Hemascope",
                email_body=(
                    f"Please sign in at {settings.portal_url} within three days as {{username}} with the password {{####}}. "
                    "You will be asked for a password of your own and for an authenticator app."
                ),
            ),
            feature_plan=cognito.FeaturePlan.PLUS if guarded else cognito.FeaturePlan.ESSENTIALS,
            standard_threat_protection_mode=mode if guarded else None,
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )

    def _make_client(self, settings: Settings) -> cognito.UserPoolClient:
        page = f"{settings.portal_origin}/"
        return self.user_pool.add_client(
            "Portal",
            user_pool_client_name=settings.name("portal"),
            generate_secret=False,  # a browser cannot keep a secret; the code flow uses PKCE instead
            auth_flows=cognito.AuthFlow(user_srp=True),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.PROFILE],
                callback_urls=[page],
                logout_urls=[page],
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            read_attributes=cognito.ClientAttributes().with_custom_attributes(*_ATTRIBUTES),
            # An empty list would mean every attribute to Cognito.
            write_attributes=cognito.ClientAttributes().with_standard_attributes(locale=True),
            id_token_validity=_TOKEN,
            access_token_validity=_TOKEN,
            refresh_token_validity=_SHIFT,
            auth_session_validity=Duration.minutes(5),
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
