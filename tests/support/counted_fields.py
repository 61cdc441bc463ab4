"""Smears of the data set whose cells were counted by eye: file -> row and column of each cell, in working pixels.

Twenty were drawn by lot, five a class, over the whole range of counts; one with a single cell came to them. None took part in
choosing the figures of the separation. They were counted on fourfold enlargements, the bare picture beside the one with
numbered outlines. Where outline and eye agreed the place is the middle of the outline; what the eye found otherwise (a cell
without a number, two under one number, a number on no cell) was put right by hand.

Counted is each nucleated cell of which at least a quarter shows. Smudge cells, platelets and stain deposits are not.
"""

_PLACES = {
    "Original/Benign/WBC-Benign-075.jpg": "75,217 84,49 84,66 94,219 122,171 179,170",
    "Original/Benign/WBC-Benign-154.jpg": "80,5 129,131 182,49 213,88",
    "Original/Benign/WBC-Benign-481.jpg": "24,130 107,170 142,168 143,213 158,90 165,178 167,134 185,201",
    "Original/Benign/WBC-Benign-269.jpg": (
        "3,116 4,164 9,77 10,193 12,42 64,209 69,185 72,52 81,158 112,55 116,182 136,127 183,201 207,23"
    ),
    "Original/Benign/WBC-Benign-436.jpg": (
        "5,114 16,190 28,69 40,31 50,22 81,63 92,142 101,158 113,75 126,31 130,170 134,112 142,154 146,44 177,55 "
        "181,179 191,142 196,54 202,71 216,119 217,44 220,14"
    ),
    "Original/Early/WBC-Malignant-Early-627.jpg": "127,130 128,70 129,51 152,123",
    "Original/Early/WBC-Malignant-Early-295.jpg": "14,204 89,45 104,119 172,80 192,112 203,134 215,112",
    "Original/Early/WBC-Malignant-Early-236.jpg": "21,95 61,26 137,35 164,50 173,34 194,26 210,15 212,36",
    "Original/Early/WBC-Malignant-Early-006.jpg": "19,18 29,55 56,80 56,218 79,112 111,56 128,104 167,158 177,217 210,27",
    "Original/Early/WBC-Malignant-Early-862.jpg": (
        "6,60 13,185 14,104 28,51 35,22 56,197 82,32 82,105 89,176 90,47 96,68 106,201 113,128 124,161 127,45 127,139 "
        "131,83 153,52 158,36 175,56 186,13 203,75 211,51"
    ),
    "Original/Pre/WBC-Malignant-Pre-021.jpg": "28,157 174,65",
    "Original/Pre/WBC-Malignant-Pre-569.jpg": (
        "3,117 5,213 17,132 40,82 44,164 60,3 63,83 80,68 95,54 96,148 99,77 121,143 128,74 129,123 131,51 192,141 "
        "200,2 201,83 208,104"
    ),
    "Original/Pre/WBC-Malignant-Pre-439.jpg": (
        "6,135 27,129 57,124 67,164 69,21 78,147 90,208 103,139 106,110 111,52 123,79 133,198 145,43 160,156 164,58 "
        "165,90 185,209 191,187 214,111 215,84"
    ),
    "Original/Pre/WBC-Malignant-Pre-313.jpg": (
        "9,176 10,82 12,9 13,130 14,198 18,54 35,97 41,187 65,44 79,200 93,54 94,123 98,140 113,152 125,44 134,160 "
        "154,67 165,35 176,128 183,9 187,143 196,66 210,99 214,14 215,49 218,74"
    ),
    "Original/Pre/WBC-Malignant-Pre-325.jpg": (
        "4,32 7,169 15,96 20,43 27,74 30,111 44,133 47,49 58,150 59,66 64,121 66,8 74,35 75,101 89,122 90,56 95,87 "
        "109,26 111,109 120,83 121,135 122,181 125,62 129,161 131,209 147,99 148,84 150,21 150,132 156,49 156,155 "
        "171,113 175,199 178,41 204,51 207,15 209,141 219,69"
    ),
    "Original/Pro/WBC-Malignant-Pro-557.jpg": "53,156 56,174 126,90 141,109",
    "Original/Pro/WBC-Malignant-Pro-184.jpg": "23,72 91,119 166,151",
    "Original/Pro/WBC-Malignant-Pro-608.jpg": "52,106 108,124 111,56 167,151 188,88 201,45",
    "Original/Pro/WBC-Malignant-Pro-421.jpg": "5,186 15,11 90,182 95,165 125,84 134,118 180,62",
    "Original/Pro/WBC-Malignant-Pro-663.jpg": "7,10 25,84 70,83 86,119 92,157 101,202",
    "Original/Pre/WBC-Malignant-Pre-139.jpg": "140,108",
}

COUNTED: dict[str, tuple[tuple[int, int], ...]] = {
    file: tuple((int(row), int(column)) for row, column in (place.split(",") for place in places.split()))
    for file, places in _PLACES.items()
}
