"""``hemascope forget`` against moto, where other clients of S3 wrote the patient's ids in another form of Unicode."""

from hemascope.domain.report import State
from hemascope_cli.main import main
from tests.support.moto_cloud import MotoCloud

FORMS = ("M\u00fc-7", "Mu\u0308-7")  # NFC and NFD
NEIGHBOURS = ("M\u00fc-71", "Mu-7", "Mu\u0308")


def test_nothing_of_the_patient_is_left_in_any_form_and_neighbours_stay(cloud: MotoCloud) -> None:
    for name in (*FORMS, *NEIGHBOURS):
        cloud.put(f"smears/st-mary/{name}/c-1/never screened.jpg")
    nobodys = cloud.put(f"smears/st-mary/{FORMS[1]}/c-1/too/many.jpg")
    cloud.finish(nobodys, State.FAILED, hospital=None, slide=None, report_key=None, failure="LastDelivery")
    neighbour = cloud.put(f"smears/st-mary/{NEIGHBOURS[1]}/c-2/field.jpg")
    cloud.finish(neighbour, State.FAILED, report_key=None, failure="LastDelivery")
    names = cloud.names("uploads", "reports", "ledger", "audit")

    status = main(["forget", "--hospital", "st-mary", "--patient", FORMS[1], *names, "--yes", "--wait", "0"])

    kept = [f"smears/st-mary/{name}/c-1/never screened.jpg" for name in NEIGHBOURS]
    assert status == 0
    assert cloud.keys("uploads") == sorted([*kept, "smears/st-mary/Mu-7/c-2/field.jpg"])
    rows = {item["object_id"]["S"]: item for item in cloud.items() if item["model"]["S"] != "forgotten"}
    assert set(rows) == {neighbour.object_id}
    tombstones = {item["object_id"]["S"] for item in cloud.items() if item["model"]["S"] == "forgotten"}
    assert nobodys.object_id in tombstones
