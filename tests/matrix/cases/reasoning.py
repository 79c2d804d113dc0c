"""Thinking: how much is asked for, what is shown, what must come back unchanged."""

from __future__ import annotations

from cases.common import AFTER, OSLO, ROME, TEXT, THINKING, WEATHER, asked, plain
from neutral import Answer, Answered, Ask, Call, Redacted, Situation, Step, Text, Thought, Turn, result, user
from view import seal

THOUGHT = "Let me think.\nTwice – 🤔."
QUESTION = user("What is the weather?")
SEALED = Call(OSLO.id, OSLO.name, OSLO.input, sealed=True)
BACK = Turn("user", (result(OSLO.id, "21 degrees"),))
BOTH = Turn("user", (result(OSLO.id, "21 degrees"), result(ROME.id, "30 degrees")))


def loop(name: str, about: str, *first: Thought | Redacted | Text | Call) -> Situation:
    """The model thinks and calls; with the tool's result its thoughts must come back."""
    wishes = {"budget": 2048, "limit": 8192}
    asks = Ask((QUESTION,), (WEATHER,), **wishes)
    back = Ask((QUESTION, Answered(0), BOTH if ROME in first else BACK), (WEATHER,), **wishes)
    steps = (
        Step(asks, Answer(first, finish="tools", tokens=THINKING)),
        Step(back, Answer((Text(AFTER),), tokens=THINKING)),
    )
    return Situation(name, about, steps, facts={"reasoning": "budget"})


SITUATIONS = [
    asked("effort", "A word says how much to think.", plain(effort="low"), facts={"reasoning": "effort"}),
    asked("effort-high", "Another word.", plain(effort="high"), facts={"reasoning": "effort"}),
    asked("budget", "A number of tokens to think with.", plain(budget=2048, limit=8192), facts={"reasoning": "budget"}),
    asked(
        "effort-as-budget",
        "A word, of a model that takes a number.",
        plain(effort="medium", limit=16384),
        facts={"reasoning": "budget"},
    ),
    asked(
        "thought",
        "The thought is shown.",
        plain(budget=2048, limit=8192),
        Answer((Thought(THOUGHT), Text(TEXT)), tokens=THINKING),
        facts={"reasoning": "budget"},
    ),
    asked("reasoning-usage", "Only the count of thought is shown.", plain(), Answer((Text(TEXT),), tokens=THINKING)),
    loop("thought-and-call", "The thought of a call comes back with its proof.", Thought(THOUGHT), OSLO),
    loop("thought-said-and-call", "The same, with words between.", Thought(THOUGHT), Text("Let me look."), OSLO),
    loop(
        "thought-between-calls",
        "Thoughts between two calls: each stays where it was.",
        Thought(THOUGHT),
        OSLO,
        Thought("And the other one."),
        ROME,
    ),
    loop("thought-unseen", "A thought of which only the proof is shown comes back.", Thought(""), OSLO),
    Situation(
        "sealed-calls",
        "Two calls at once, and only the first has a proof.",
        (
            Step(Ask((QUESTION,), (WEATHER,)), Answer((SEALED, ROME), finish="tools")),
            Step(Ask((QUESTION, Answered(0), BOTH), (WEATHER,)), Answer((Text(AFTER),))),
        ),
    ),
    Situation(
        "sealed-call",
        "A proof stands on the call itself, though nobody asked for thought.",
        (
            Step(Ask((QUESTION,), (WEATHER,)), Answer((SEALED,), finish="tools")),
            Step(Ask((QUESTION, Answered(0), BACK), (WEATHER,)), Answer((Text(AFTER),))),
        ),
    ),
    loop("redacted-and-call", "Thought that may not be seen comes back.", Redacted(seal("redacted")), OSLO),
    Situation(
        "thought-then-turn",
        "The thought of an answer in words comes back in the next turn.",
        (
            Step(plain(budget=2048, limit=8192), Answer((Thought(THOUGHT), Text(TEXT)), tokens=THINKING)),
            Step(
                Ask((user("Hello, 世界"), Answered(0), user("Go on")), budget=2048, limit=8192),
                Answer((Text(AFTER),), tokens=THINKING),
            ),
        ),
        facts={"reasoning": "budget"},
    ),
]
