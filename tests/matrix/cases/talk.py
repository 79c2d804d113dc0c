"""Who says what: roles, turns, names, signs."""

from __future__ import annotations

from cases.common import SAID, TEXT, asked, plain
from neutral import Answer, Answered, Ask, Refusal, Situation, Step, Text, assistant, developer, system, user

SITUATIONS = [
    asked("plain", "A question and an answer.", plain()),
    asked("system-prompt", "The operator speaks first.", Ask((system("Be brief."), user("Hello")))),
    asked(
        "system-parts",
        "The operator's words come in two parts.",
        Ask((system("Be brief.", "Be kind."), user("Hello"))),
    ),
    asked("developer-message", "OpenAI's newer word for the operator.", Ask((developer("Be brief."), user("Hello")))),
    asked(
        "mid-conversation-system",
        "The operator speaks again between turns, as Claude Code does.",
        Ask((system("Be brief."), user("One"), assistant("1"), system("Now be long."), user("Two"))),
    ),
    Situation(
        "multi-turn",
        "The answer is sent back, and the conversation goes on.",
        (Step(plain(), SAID), Step(Ask((user("Hello, 世界"), Answered(0), user("And then?"))), SAID)),
    ),
    asked(
        "adjacent-turns",
        "One speaker twice in a row: some vendors refuse that.",
        Ask((user("One"), user("Two"), assistant("A"), assistant("B"), user("Three"))),
    ),
    asked("text-parts", "A turn in several parts.", Ask((user("First.", "Second.", "Third."),))),
    asked(
        "names", "Participants have names.", Ask((user("Hello", name="alice"), assistant("Hi"), user("Yo", name="bob")))
    ),
    asked(
        "unicode-split",
        "Signs of several bytes, cut in the middle of the stream.",
        Ask((user("👩‍👩‍👧‍👦 é é \u2028 𝄞 漢字"),)),
        Answer((Text("👩‍👩‍👧‍👦 said: 𝄞 漢字 é \u2028 – Ω🌤"),), shredded=True),
    ),
    asked(
        "long-question",
        "More text than some gateways take: 300 KB, signs of several bytes in it.",
        Ask((user("Grüße 🌤. " * 23_000),)),
    ),
    Situation(
        "refusal-then-turn",
        "A refusal is sent back, and the conversation goes on.",
        (
            Step(plain(), Answer((Refusal("I cannot help with that."),), finish="refused")),
            Step(Ask((user("Hello, 世界"), Answered(0), user("And then?"))), SAID),
        ),
    ),
    asked("empty-answer", "The model says nothing.", plain(), Answer((Text(""),))),
    asked("long-answer", "Many small deltas.", plain(), Answer((Text(TEXT * 20),))),
]
