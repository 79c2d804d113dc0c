"""Pictures, documents and sound."""

from __future__ import annotations

from cases.common import BLUE_PNG, DOCUMENT_URL, PDF, PICTURE_URL, PNG, TEXT, WAV, asked, plain
from neutral import Answer, Answered, Ask, Audio, File, Image, Situation, Speech, Step, Text, assistant, user

# https://ai.google.dev/gemini-api/docs/image-generation,
# https://platform.openai.com/docs/guides/tools-image-generation,
# https://openrouter.ai/docs/features/multimodal/image-generation
PAINTED = Answer((Text("Here it is."), Image(base64=PNG)))

SITUATIONS = [
    asked("image-base64", "A picture in the request.", Ask((user("What is it?", Image(base64=PNG)),))),
    asked("image-first", "The picture comes before the words.", Ask((user(Image(base64=PNG), "What is it?"),))),
    asked(
        "images-several",
        "Pictures between words.",
        Ask((user("One:", Image(base64=PNG), "Two:", Image(base64=PNG)),)),
    ),
    asked(
        "image-url",
        "A picture at an address: fetched for targets that want its bytes.",
        Ask((user("What is it?", Image(url=PICTURE_URL)),)),
    ),
    asked("pdf", "A document in the request.", Ask((user("Sum it up.", File("application/pdf", PDF, "report.pdf")),))),
    asked(
        "pdf-url",
        "A document at an address.",
        Ask((user("Sum it up.", File("application/pdf", "", "", url=DOCUMENT_URL)),)),
    ),
    asked("audio-in", "Sound in the request.", Ask((user("What is said?", Audio("wav", WAV)),))),
    # https://platform.openai.com/docs/guides/audio, https://ai.google.dev/gemini-api/docs/speech-generation
    asked("audio-out", "The answer is to be spoken.", plain(voice="alloy"), Answer((Speech(WAV, TEXT),))),
    asked("image-out", "The model answers with a picture.", plain(), PAINTED),
    asked("image-out-alone", "The answer is a picture and no words.", plain(), Answer((Image(base64=PNG),))),
    asked(
        "images-out",
        "Two pictures, each with words before it.",
        plain(),
        Answer((Text("Red:"), Image(base64=PNG), Text("Blue:"), Image(base64=BLUE_PNG))),
    ),
    asked(
        "history-of-pictures",
        "A conversation with a picture that a model made, perhaps another vendor's.",
        Ask((user("A dot."), assistant("Here it is.", Image(base64=PNG)), user("Make it blue."))),
    ),
    Situation(
        "image-out-then-turn",
        "The picture is sent back, to be changed.",
        (
            Step(plain(), PAINTED),
            Step(
                Ask((user("Hello, 世界"), Answered(0), user("Make it blue."))),
                Answer((Text("Now:"), Image(base64=BLUE_PNG))),
            ),
        ),
    ),
]
