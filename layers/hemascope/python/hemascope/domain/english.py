"""English words that artifacts of before lack. An artifact exported today holds them in its own file."""

from hemascope.domain.slide import Finding, Tier
from hemascope.domain.slide_texts import PatientText, SlideTexts

CAUTION_URGENT = (
    "The model is not sure between the classes listed, and leukemia is possible. Consult a specialist in hematology without "
    "delay, have the smear read, and photograph further fields of the slide; a pattern needs flow cytometry to confirm."
)


def _pattern(name: str) -> str:
    return (
        f"The blasts have {name} pattern ($agreement % of the counted cells lie in fields that agree), which needs flow "
        "cytometry to confirm."
    )


_CLOSER_LOOK = PatientText(
    headline="Your doctor wants to look at your blood sample more closely.",
    explanation=(
        "A computer program looked at several pictures of your blood under the microscope and found cells that need a closer "
        "look by a specialist. Pictures alone cannot tell what they are, and the program can be wrong. This is not a diagnosis."
    ),
    next_step=(
        "Please call your clinic today and ask for your doctor. Further tests will show what the cells are. If you have fever, "
        "bleeding or trouble breathing, go to the emergency department now."
    ),
)

SLIDE = SlideTexts(
    finding={
        Finding.SUSPECTED: "Leukemia is suspected: blasts were seen in the counted fields of this slide.",
        Finding.DOUBTFUL: (
            "Leukemia cannot be excluded: at least one field of this slide might show blasts, and the slide as a whole does "
            "not settle it."
        ),
        Finding.NOT_SUSPECTED: "No sign of acute lymphoblastic leukemia was found in the counted fields of this slide.",
        Finding.NO_ANSWER: "This slide has no answer yet.",
    },
    pattern={
        "Benign": "The stained cells look like benign hematogones.",
        "Early Pre-B": _pattern("an Early Pre-B"),
        "Pre-B": _pattern("a Pre-B"),
        "Pro-B": _pattern("a Pro-B"),
    },
    no_pattern=(
        "The fields differ about the pattern of the blasts ($agreement % of the counted cells lie in fields that agree), so "
        "none is named; flow cytometry is needed."
    ),
    tier={
        Tier.INSUFFICIENT: "That is fewer than 100 cells: not enough for a statement about the slide.",
        Tier.SCREENING: "That is enough to screen (from 100 cells) and not enough to name a pattern (from 200).",
        Tier.PATTERN: "That is enough to name a pattern (from 200 cells).",
    },
    counts="Fields that count: $fields of $all; cells counted: $cells.",
    recommendation={
        Finding.SUSPECTED: (
            "Consult a specialist in hematology without delay. What the smear shows needs flow cytometry to confirm."
        ),
        Finding.DOUBTFUL: (
            "Consult a specialist in hematology without delay, who should read the suspicious fields first. Photograph further "
            "fields of the slide."
        ),
        Finding.NOT_SUSPECTED: "Read it together with the blood count and the other findings. A smear alone excludes nothing.",
        Finding.NO_ANSWER: (
            "Photograph further fields with stained white cells, until at least 100 cells are counted, or have the slide read "
            "by a hematologist."
        ),
    },
    no_cells="No stained white cell was counted in this field. Choose a field with white cells.",
    failed="The service failed at this field. Tell your engineer, or send the picture again.",
    repeated="The same picture counts once, and of pictures of one name the newest counts.",
    other_model="Another model judged this field than the others. Have the archive judged again, or send the picture again.",
    patient={
        Finding.SUSPECTED: _CLOSER_LOOK,
        Finding.DOUBTFUL: _CLOSER_LOOK,
        Finding.NOT_SUSPECTED: PatientText(
            headline="Nothing that looks like leukemia was seen in the pictures of your sample.",
            explanation=(
                "A computer program looked at several pictures of your blood under the microscope. The cells it found look "
                "like ordinary young blood cells. This is a first look, not yet your doctor's word."
            ),
            next_step=(
                "Your doctor will look at it together with your other results. If you feel unwell, call your clinic and don't "
                "wait for the next appointment."
            ),
        ),
        Finding.NO_ANSWER: PatientText(
            headline="The pictures of your sample did not give a clear answer yet.",
            explanation=(
                "A computer program looked at pictures of your blood under the microscope and could not tell enough from them. "
                "That happens, and it says nothing good or bad about your health."
            ),
            next_step=(
                "A person at your hospital will look at your sample. Your doctor will call you; you can also call your clinic "
                "and ask."
            ),
        ),
    },
    patient_disclaimer="This is a computer's first look and helps your doctor. It is decision support, not a diagnosis.",
)
