"""Sends one smear through the whole service on this machine, from the bucket to the mail."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.s3 import upload
from hemascope.domain.errors import HemascopeError
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.report import Decision
from hemascope.domain.specimen import ObjectVersion, Specimen, heat_map_key, report_keys
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import BRANCHES
from hemascope_cli.local.accounts import DEMO_HOSPITAL, DEMO_PATIENT
from hemascope_cli.local.cloud import LocalCloud, patience, wait_until
from hemascope_cli.local.microscopes import DEMO_MICROSCOPE, register_demo_microscope
from hemascope_cli.local.signals import interrupted_by_signals
from hemascope_cli.project import artifact_folder, project_root


def demo(smear: Path | None, out: Path, artifact: Path | None) -> int:
    """Send one smear through the whole service, print what comes out, and clean up; return 0.

    Parameters
    ----------
    smear
        A picture file; a drawn smear where None.
    out
        Folder for copies of the reports and pictures.
    artifact
        Folder of the model; the project's newest where None.

    Raises
    ------
    HemascopeError
        Where the smear is no file, or the service doesn't start or doesn't finish.
    """
    folder = artifact_folder(artifact)
    if smear is not None and not smear.is_file():
        raise HemascopeError(f"expected a picture, {smear} is no file")
    data = smear.read_bytes() if smear else encode_jpeg(draw_synthetic_smear(1))
    name = smear.name if smear else "synthetic-smear.jpg"
    model = load_artifact(folder).reference.name
    print("Hemascope demo. Decision support, not a diagnosis.")
    print(f"Smear     {smear or 'synthetic: drawn by the project, nobody has this blood'}")
    started = time.monotonic()
    with interrupted_by_signals(), LocalCloud(project_root(), folder) as cloud:
        _step("cloud", f"MiniStack on {cloud.endpoint}, stacks created from infra/templates", started)
        register_demo_microscope(cloud)
        specimen = Specimen(
            hospital=DEMO_HOSPITAL, patient=DEMO_PATIENT, slide="slide-0001", microscope=DEMO_MICROSCOPE, field=name
        )
        version = upload(cloud.client("s3"), cloud.outputs["UploadsBucket"], specimen, data)
        _step("upload", f"id {version.object_id}", started)
        print(f"          s3://{version.bucket}/{version.key}")
        row = _wait_for_end(cloud, version, model)
        _step("screened", f"state {row.state}, ledger row written", started)
        files = _fetch(cloud, version, model, out)
        _show(files, out)
        _show_mail(cloud)
    print("\nThe cloud is stopped; nothing is left running.")
    return 0


def _step(name: str, text: str, started: float) -> None:
    print(f"{name.capitalize():<9} {text}  ({time.monotonic() - started:.1f} s)", flush=True)


def _wait_for_end(cloud: LocalCloud, version: ObjectVersion, model: str) -> LedgerRow:
    ledger = DynamoLedger(cloud.client("dynamodb"), cloud.outputs["LedgerTable"])
    rows: list[LedgerRow] = []

    def is_notified() -> bool:
        row = ledger.find(version.object_id, model)
        if row is not None and row.notification is NotificationStatus.SENT:
            rows.append(row)
        return bool(rows)

    try:
        wait_until(is_notified, patience(), "a report and a mail")
    except HemascopeError:
        print(cloud.log()[-4000:], file=sys.stderr)
        raise
    return rows[0]


def _fetch(cloud: LocalCloud, version: ObjectVersion, model: str, out: Path) -> dict[str, tuple[str, bytes]]:
    """Download what was written: name -> key and content."""
    s3, bucket = cloud.client("s3"), cloud.outputs["ReportsBucket"]
    out.mkdir(parents=True, exist_ok=True)
    files = {}
    keys = report_keys(version.object_id, model).model_dump()
    keys |= {f"heat_map.{branch}": heat_map_key(version.object_id, model, branch) for branch in BRANCHES}
    for name, key in keys.items():
        if s3.list_objects_v2(Bucket=bucket, Prefix=key).get("KeyCount"):
            content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            (out / key.rsplit("/", 1)[-1]).write_bytes(content)
            files[name] = (key, content)
    return files


def _show(files: dict[str, tuple[str, bytes]], out: Path) -> None:
    report, summary = (json.loads(files[name][1]) for name in ("report", "summary"))
    if report["state"] == "rejected":
        print(f"\nRejected: {report['rejection']['message']}\n{report['rejection']['advice']}")
    else:
        _show_result(report["result"], report["evidence"])
    print("\nFor the patient:")
    print(f"  {summary['headline']}\n  {summary['explanation']}\n  {summary['next_step']}")
    print("\nIn the reports bucket:")
    for name, (key, content) in files.items():
        print(f"  {name:<18} {key}  ({len(content):,} bytes)")
    print(f"  copies in {out}/")


def _show_result(result: dict[str, Any], evidence: dict[str, Any]) -> None:
    if result["decision"] == Decision.UNVERIFIED:
        print("\nDecision  unverified")
    else:
        print(f"\nLabel     {result['label']}, decision: {result['decision'].replace('_', ' ')}")
        for name, probability in result["probabilities"].items():
            print(f"          {name:<12} {probability:6.1%}  {'#' * round(30 * probability)}")
    print(f"Cells     {evidence['cell_count']}, mask covers {evidence['mask_coverage']:.1%} of the picture")
    print(f"Advice    {result['recommendation']}")


def _show_mail(cloud: LocalCloud) -> None:
    for mail in cloud.mails():
        print(f"\nMail from {mail['Source']} to {', '.join(mail['To'])}: {mail['Subject']}")
        for line in mail["BodyText"].strip().splitlines():
            print(f"  {line}")
