"""What files may be called that a microscope's agent sends, and which names it holds back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.microscope_world import AgentWorld, drawn


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path)
    yield world
    world.outbox.close()


@pytest.mark.parametrize(
    "name",
    [
        *("血液 涂片.jpg", "champ n°1 été.jpg", "50%+&=?.jpg", "emoji 🔬.png", "é.jpg", "A" * 251 + ".jpg"),
        *("9.41.00\u202fAM.png", "一\u3000二.jpg", "می\u200cشود.jpg", "👩\u200d🔬.jpg", "שקופית \u200f3.jpg"),
    ],
)
def test_names_of_all_kinds_arrive(world: AgentWorld, name: str) -> None:
    world.put(name, drawn(1))

    world.rounds(3)

    (key,) = world.bucket.objects
    file = key.split("/")[4]
    assert file.startswith(name[:200].rsplit(".", 1)[0])
    assert file.endswith(name[-4:])
    assert len(file) <= 255


def test_a_decomposed_name_arrives_composed(world: AgentWorld) -> None:
    world.put("Gro\u0308\u00dfe.jpg", drawn(1))

    world.rounds(3)

    (key,) = world.bucket.objects
    assert key.split("/")[4].startswith("Gr\u00f6\u00dfe.")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bell\x07.jpg", "received the character U+0007 BELL"),
        (" blank.jpg", "received a blank at its beginning, U+0020 SPACE"),
        ("\u202egpj.jpg", "received the character U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\udcff.jpg", "received the character U+DCFF LONE SURROGATE"),
    ],
)
def test_a_refusal_names_the_character(world: AgentWorld, name: str, reason: str) -> None:
    world.put(name, drawn(1))

    world.rounds(3)

    assert world.outbox.newest(1)[0].reason == f"expected a name without blanks at its ends and control characters, {reason}"


def test_a_file_with_a_persons_name_waits_and_its_row_says_why(world: AgentWorld) -> None:
    world.put("Quint_Peter.jpg", drawn(1))
    world.put("good.jpg", drawn(2))

    world.rounds(3)

    assert world.states() == {"Quint_Peter.jpg": "held", "good.jpg": "stored"}
    assert world.outbox.newest(2)[0].reason == (
        "the file name looks like a person's name; rename it, or start the agent with --allow-names if it identifies nobody"
    )
    assert world.sent == [drawn(2)]


def test_a_file_that_was_held_is_sent_under_a_better_name(world: AgentWorld) -> None:
    path = world.put("Quint_Peter.jpg", drawn(1))
    world.rounds(3)

    path.rename(world.folder / "field 7.jpg")
    world.rounds(3)

    (key,) = world.bucket.objects
    assert world.states() == {"field 7.jpg": "stored"}
    assert "Quint" not in key


def test_a_file_that_was_held_is_sent_once_the_agent_may(world: AgentWorld) -> None:
    world.put("born 1980-03-12.jpg", drawn(1))
    world.rounds(3)
    world.restart()
    world.rounds(3)
    before = world.sent

    world.allow_names = True
    world.restart()
    world.rounds(3)
    world.put("Quint_Peter.jpg", drawn(2))
    world.rounds(3)

    assert (before, world.sent) == ([], [drawn(1), drawn(2)])
