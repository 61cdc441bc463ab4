"""Runs the whole service on this machine, with its portal, until Ctrl-C."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from hemascope_cli.local.accounts import DEMO_HOSPITAL, DEMO_PASSWORD, DEMO_PATIENT, DEMO_ROLES, make_demo_accounts
from hemascope_cli.local.cloud import REGION, LocalCloud, free_port
from hemascope_cli.local.mail_folder import MailFolder
from hemascope_cli.local.microscopes import DEMO_MICROSCOPE, register_demo_microscope
from hemascope_cli.local.ports import check_port
from hemascope_cli.local.signals import interrupted_by_signals
from hemascope_cli.local.site import LocalSite, config_of, site_headers
from hemascope_cli.local.templates import read_templates
from hemascope_cli.project import artifact_folder, project_root


@contextmanager
def running(port: int, pages: int, artifact: Path, *, enforce_iam: bool = False) -> Iterator[tuple[LocalCloud, LocalSite]]:
    """The service with one account of each role, one reference microscope, and its pages; free ports where 0.

    With ``enforce_iam`` each function may do what its own role allows, as on AWS; that is slower.

    Raises
    ------
    HemascopeError
        Where a port is in use, or the local cloud doesn't start.
    """
    check_port(port, "--port")
    check_port(pages, "--pages")
    root, pages = project_root(), pages or free_port()
    with LocalCloud(root, artifact, port, portal=f"http://127.0.0.1:{pages}", enforce_iam=enforce_iam) as cloud:
        make_demo_accounts(cloud)
        register_demo_microscope(cloud)
        headers = site_headers(read_templates(root)["Portal"], cloud.endpoint)
        with LocalSite(root / "web", config_of(cloud), headers, pages) as site:
            yield cloud, site


def serve(port: int, pages: int, mails: Path, artifact: Path | None) -> int:
    """Run the service until Ctrl-C, SIGTERM or SIGHUP, and end its processes; return 0.

    Parameters
    ----------
    port, pages
        Of the local cloud and of the portal, on loopback; free ones where 0.
    mails
        Folder for the mails that the service sends.
    artifact
        Folder of the model; the project's newest where None.

    Raises
    ------
    HemascopeError
        Where a port is in use, or the local cloud doesn't start.
    """
    folder = artifact_folder(artifact)
    with interrupted_by_signals():
        try:
            print("Hemascope is starting ...", flush=True)
            with running(port, pages, folder) as (cloud, site), MailFolder(mails, cloud.mails):
                print(_welcome(cloud, site, mails, f"{folder.parent.name} {folder.name}"), flush=True)
                _wait_for_interrupt()
        except KeyboardInterrupt:
            print("Stopped; nothing is left running.")
    return 0


def _wait_for_interrupt() -> None:
    try:
        Event().wait()
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
        raise


def _welcome(cloud: LocalCloud, site: LocalSite, mails: Path, model: str) -> str:
    return f"""Hemascope runs with {model}. Its portal:

  {site.url}

  Sign in as {", ".join(DEMO_ROLES[:-1])} or {DEMO_ROLES[-1]} of {DEMO_HOSPITAL}; the password of each is {DEMO_PASSWORD}
  Smears that are sent with the patient id {DEMO_PATIENT} are those of the patient's account.

Mails are written to {mails}/: open the .html files.

Upload from another terminal ('make shell' opens one that knows the command):

  hemascope upload --endpoint {cloud.endpoint} --bucket {cloud.outputs["UploadsBucket"]} \\
    --hospital {DEMO_HOSPITAL} --patient {DEMO_PATIENT} --slide slide-0001 \\
    --microscope {DEMO_MICROSCOPE} PICTURE...

For the commands of docs/operations.md, and for AWS's own command line:

  export AWS_ENDPOINT_URL={cloud.endpoint} AWS_DEFAULT_REGION={REGION}
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test

Ctrl-C stops it."""
