"""How tokens are drawn, and how many."""

from __future__ import annotations

from cases.common import asked, plain
from neutral import Answer, Text

SITUATIONS = [
    asked("temperature", "Warmth.", plain(temperature=0.5)),
    asked("temperature-hot", "More warmth than some vendors take.", plain(temperature=1.5)),
    asked("top-p", "Nucleus.", plain(top_p=0.5)),
    asked("top-k", "Candidates.", plain(top_k=40)),
    asked("seed", "An answer that can be repeated.", plain(seed=42)),
    asked("penalties", "Less of what was said.", plain(frequency_penalty=0.5, presence_penalty=0.25)),
    asked(
        "stop",
        "Texts that end the answer.",
        plain(stop=("END", "three")),
        Answer((Text("one two "),), stop_text="three"),
    ),
    asked("limit", "Most tokens of the answer.", plain(limit=300)),
    asked("limit-older", "The same, under its older name.", plain(limit=300, older_limit=True)),
    asked("limit-minimum", "Fewer than the model can.", plain(limit=5), facts={"min_output": 16}),
    asked("limit-maximum", "More than the model can.", plain(limit=99_999), facts={"max_output": 4096}),
]
