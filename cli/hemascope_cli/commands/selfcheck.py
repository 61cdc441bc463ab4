"""``hemascope selfcheck``."""

from hemascope_cli.commands.options import Artifact


def selfcheck(artifact: Artifact = None) -> int:
    """Replay the golden predictions of a model artifact on this machine."""
    from hemascope.screening.selfcheck import replay
    from hemascope_cli.pictures.network import load_classifier

    classifier = load_classifier(artifact)
    print(f"selfcheck: {replay(classifier)} golden predictions of {classifier.artifact.folder} agree")
    return 0
