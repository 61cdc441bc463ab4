"""``hemascope local``: the whole service on this machine, with its portal, until Ctrl-C."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hemascope_cli.local.accounts import DEMO_HOSPITAL, DEMO_PASSWORD, DEMO_PATIENT, DEMO_ROLES, make_demo_accounts
from hemascope_cli.local.cloud import REGION, LocalCloud, free_port
from hemascope_cli.local.site import LocalSite, config_of, site_headers
from hemascope_cli.local.templates import read_templates
from hemascope_cli.project import artifact_folder, project_root


@contextmanager
def running(port: int, pages: int, artifact: Path) -> Iterator[tuple[LocalCloud, LocalSite]]:
    """The service with one account of each role, and its pages; free ports where 0."""
    root, pages = project_root(), pages or free_port()
    with LocalCloud(root, artifact, port, portal=f"http://127.0.0.1:{pages}") as cloud:
        make_demo_accounts(cloud)
        headers = site_headers(read_templates(root)["Portal"], cloud.endpoint)
        with LocalSite(root / "web", config_of(cloud), headers, pages) as site:
            yield cloud, site


def serve(port: int, pages: int, artifact: Path | None) -> int:
    """Run the service until Ctrl-C."""
    folder = artifact_folder(artifact)
    with running(port, pages, folder) as (cloud, site):
        bucket = cloud.outputs["UploadsBucket"]
        print(f"Hemascope runs with {folder.parent.name} {folder.name}. Its portal:\n\n  {site.url}\n")
        print(f"  Sign in as {', '.join(DEMO_ROLES[:-1])} or {DEMO_ROLES[-1]} of {DEMO_HOSPITAL}; password: {DEMO_PASSWORD}")
        print(f"  The patient is {DEMO_PATIENT}: smears sent under that id are hers.\n")
        print("Upload from another terminal:\n")
        print(f"  hemascope upload --endpoint {cloud.endpoint} --bucket {bucket} \\")
        print(f"    --hospital {DEMO_HOSPITAL} --patient {DEMO_PATIENT} --slide slide-0001 PICTURE...\n")
        print("For every command of docs/operations.md, AWS's own too:\n")
        print(f"  export AWS_ENDPOINT_URL={cloud.endpoint} AWS_DEFAULT_REGION={REGION}")
        print("  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n\nCtrl-C stops it.", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("\nstopping")
    return 0
