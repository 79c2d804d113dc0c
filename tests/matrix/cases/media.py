"""Pictures, documents and sound."""

from __future__ import annotations

from cases.common import DOCUMENT_URL, PDF, PICTURE_URL, PNG, TEXT, WAV, asked, plain
from neutral import Answer, Ask, Audio, File, Image, Speech, user

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
]
