"""The request bodies, written to files for the load generators."""

import json
import os

PROMPT = "Summarise the following paragraph in one sentence. " + (
    "The gateway sits between clients and providers, and must add as little as it can to each request. "
    * 8
)
IMAGE_BLOCK = "iVBORw0KGgoAAAANSUhEUgAA"


def chat(model, *, stream=False, mock="", image_bytes=0):
    """An OpenAI chat request of about 1 KiB, or as large as its image.

    `mock` is what the mock upstream shall do, such as "chunks=7"; it travels in the prompt.
    """
    wish = f" #mock {mock}#" if mock else ""
    content = PROMPT + wish
    if image_bytes:
        data = IMAGE_BLOCK * (image_bytes // len(IMAGE_BLOCK) + 1)
        url = "data:image/png;base64," + data[: image_bytes // 4 * 4]
        content = [
            {"type": "text", "text": "What is in this image?" + wish},
            {"type": "image_url", "image_url": {"url": url}},
        ]
    body = {
        "model": model,
        "messages": [
            {"role": "system", "content": "You are a concise assistant."},
            {"role": "user", "content": content},
        ],
        "max_tokens": 256,
        "temperature": 0.2,
    }
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return json.dumps(body)


class Bodies:
    """One file per kind of request, below `folder`."""

    def __init__(self, folder, model, crossed_model, slow_chunks):
        self._folder = folder
        self.plain = self._write("plain", chat(model))
        self.stream = self._write("stream", chat(model, stream=True, mock="chunks=100"))
        self.short_stream = self._write(
            "short", chat(model, stream=True, mock="chunks=3")
        )
        slow = f"chunks={slow_chunks} chunk_delay_us=100000 ts=1"
        self.slow_stream = self._write("slow", chat(model, stream=True, mock=slow))
        self.large_100k = self._write("100k", chat(model, image_bytes=100 * 1024))
        self.large_1m = self._write("1m", chat(model, image_bytes=1024 * 1024))
        self.crossed = self._write("crossed", chat(crossed_model))
        crossed = chat(crossed_model, stream=True, mock="chunks=100")
        self.crossed_stream = self._write("crossed-stream", crossed)

    def _write(self, name, body):
        path = os.path.join(self._folder, f"body-{name}.json")
        with open(path, "w") as file:
            file.write(body)
        return path
