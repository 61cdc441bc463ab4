"""What is tried with a damaged input, and what its end is called. Made in the sandbox."""

from hemascope.domain.errors import HemascopeError
from hemascope.domain.events import CreatedObject, parse_message
from hemascope.domain.mail_event import parse_mail_event
from hemascope.domain.notification import NotificationTask
from hemascope.domain.specimen import Specimen
from tests.fuzz.damage import damaged_file
from tests.fuzz.messages import damaged_message
from tests.fuzz.sandbox import Try

SPECIMEN = Specimen(hospital="h", patient="p", slide="c", field="f")


def screen_files() -> Try:
    """The whole way of a picture: decoded, measured, judged by the shipped model, drawn, reported."""
    import cv2

    from hemascope.model.artifact import load_artifact
    from hemascope.model.classifier import Classifier
    from hemascope.screening.pipeline import screen
    from hemascope_cli.project import artifact_folder

    cv2.setNumThreads(1)
    classifier = Classifier(load_artifact(artifact_folder(None)))

    def run(number: int) -> tuple[str, str]:
        kind, data = damaged_file(number)
        screening = screen(data, SPECIMEN, classifier, object_id="0" * 32)
        report = type(screening.report).model_validate_json(screening.report.to_json())
        return kind, f"rejected: {report.rejection.reason}" if report.rejection else "reported"

    return run


def handle_messages() -> Try:
    """A message as its function reads it; an arrival is processed in a world where every picture is gone."""
    from hemascope.model.artifact import load_artifact
    from hemascope_cli.project import artifact_folder
    from tests.support.fakes import FixedClassifier, World

    classifier = FixedClassifier(load_artifact(artifact_folder(None)), 0.01, 0.02, 0.96, 0.01)

    def arrive(created: CreatedObject) -> str:
        try:
            return str(World(classifier).screening_service().process(created).row.state)
        except HemascopeError as error:
            return type(error).__name__

    def run(number: int) -> tuple[str, str]:
        kind, text = damaged_message(number)
        try:
            if kind == "notification":
                NotificationTask.parse(text)
                return kind, "read"
            if kind == "mail event":
                parse_mail_event(text)
                return kind, "read"
            ends = {arrive(created) for created in parse_message(text)}
        except HemascopeError as error:
            return kind, type(error).__name__
        return kind, " + ".join(sorted(ends)) or "nothing to do"

    return run
