"""The agent as a process: against a bad network, a bad power supply, and a signal to stop."""

import hashlib
import signal
import subprocess
from pathlib import Path

import pytest

from benchmarks.microscope import agent_command, embedded_s3, run_trial, start_slide, stored
from hemascope.aws.s3 import S3Links
from hemascope.domain.specimen import ObjectVersion
from hemascope_cli.microscope.picture import Picture
from hemascope_cli.microscope.senders import S3Sender
from tests.support.http import request
from tests.support.microscope_world import drawn
from tests.support.patience import wait_until

KEY = "smears/st-mary/p-7/c-1/field 1+.jpg"
pytestmark = pytest.mark.local_cloud


def test_forty_pictures_arrive_once_and_whole_though_the_network_drops_and_the_agent_is_killed() -> None:
    trial = run_trial(pictures=40, kills=3, every=0.02, up=1.0, down=0.2, cut=0.2)

    assert (len(trial.files), len(trial.versions), len(dict(trial.versions))) == (40, 40, 40)
    assert {content for _, content in trial.versions} == trial.files
    assert (trial.kills, trial.exit_status) == (3, 0)
    # Where nothing was cut, nothing was tried.
    assert trial.cuts["answer lost"] >= 1
    assert trial.cuts["half a request"] >= 1
    assert trial.cuts["network away"] >= 1
    assert trial.already_there >= 1


def test_a_stopped_agent_ends_cleanly_and_the_next_one_goes_on(tmp_path: Path) -> None:
    folder, outbox = tmp_path / "pictures", tmp_path / "outbox.sqlite"
    folder.mkdir()
    with embedded_s3() as (port, s3):
        S3Sender(s3, "uploads").send("smears/st-mary/p-7/c-1/other.jpg", Picture.of(b"other"))
        start_slide(folder, outbox)
        (folder / "1.jpg").write_bytes(drawn(1))
        agent = subprocess.Popen(agent_command(folder, outbox, port), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: len(stored(s3)) == 2, "a picture")
        agent.send_signal(signal.SIGTERM)
        out, err = agent.communicate()
        (folder / "2.jpg").write_bytes(drawn(2))
        end = subprocess.run(agent_command(folder, outbox, port, "--once"), check=False, capture_output=True, text=True)

        assert (agent.returncode, err) == (0, "")
        assert out.count("  p-7/c-1  sent\n") == 1
        assert (end.returncode, end.stderr, end.stdout.count("  p-7/c-1  sent\n")) == (0, "", 1)
        assert len(stored(s3)) == 3


def test_s3_confirms_what_it_stored_and_stores_it_once() -> None:
    with embedded_s3() as (_, s3):
        sender, picture = S3Sender(s3, "uploads"), Picture.of(b"a picture")

        first, second = (sender.send(KEY, picture) for _ in range(2))

        (version,) = stored(s3)
        expected = ObjectVersion(bucket="uploads", key=version["Key"], version_id=version["VersionId"])
        assert (first, second) == (expected.object_id, None)


def test_a_link_of_the_portal_stores_what_it_was_made_for_and_only_once() -> None:
    with embedded_s3() as (_, s3):
        put = S3Links(s3, "uploads", "reports", 60).upload_put(KEY, hashlib.sha256(b"whole").hexdigest(), 5)

        other, first, second = (
            request("PUT", put.url, body=body, headers=put.headers) for body in (b"other", b"whole", b"whole")
        )

        assert (other.status, first.status, second.status) == (400, 200, 412)
        # printf whole | openssl dgst -sha256 -binary | base64
        assert first.headers["x-amz-checksum-sha256"] == "XVdmzy14cBYUIAQY7hRQaQ2a8SyE1SVF5IAvABrVMJk="
        assert [version["VersionId"] for version in stored(s3)] == [first.headers["x-amz-version-id"]]
