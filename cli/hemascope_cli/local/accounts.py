"""Creates accounts in the user pool of the local cloud, as an administrator does."""

from hemascope.aws.cognito import hospital_group
from hemascope.domain.account import Role
from hemascope_cli.local.cloud import LocalCloud

DEMO_HOSPITAL, DEMO_PATIENT = "demo-hospital", "patient-0001"
DEMO_ROLES = tuple(Role)
DEMO_PASSWORD = "Nobodys-Secret-1"  # noqa: S105 - of a cloud on loopback that lives until Ctrl-C


def make_account(cloud: LocalCloud, name: str, role: str, hospital: str, patient: str | None, password: str) -> None:
    """Create an account whose password is permanent.

    No second factor is set up, because the sign-in pages of the local cloud don't ask for one.

    Parameters
    ----------
    cloud
        Has the user pool.
    name, password
        Of the account.
    role
        A group of the user pool.
    hospital, patient
        Pseudonymous ids; None where the role has no patient.
    """
    users, pool = cloud.client("cognito-idp"), cloud.outputs["UserPool"]
    attributes = {"custom:hospital": hospital} | ({"custom:patient": patient} if patient else {})
    users.admin_create_user(
        UserPoolId=pool,
        Username=name,
        MessageAction="SUPPRESS",
        TemporaryPassword=password,  # the one that the emulator generates is too short for the pool's policy
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    users.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
    users.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=role)


def make_demo_accounts(cloud: LocalCloud) -> None:
    """Create an account for each role, named like it; the administrator's page lists them."""
    users, pool = cloud.client("cognito-idp"), cloud.outputs["UserPool"]
    users.create_group(UserPoolId=pool, GroupName=hospital_group(DEMO_HOSPITAL))
    for role in DEMO_ROLES:
        patient = DEMO_PATIENT if role is Role.PATIENT else None
        make_account(cloud, role, role, DEMO_HOSPITAL, patient, DEMO_PASSWORD)
        users.admin_add_user_to_group(UserPoolId=pool, Username=role, GroupName=hospital_group(DEMO_HOSPITAL))
