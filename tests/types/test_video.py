"""Videos with OpenAI's own client: in front of OpenAI's form, of Veo and of Runway, each request held against the vendor's types."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable
from typing import Any

import openai
import pytest
from conftest import KEY, provider
from gateway import Gateway
from openai.types import VideoCreateParams, VideoSeconds, VideoSize
from pydantic import TypeAdapter
from scripted import Answer, Request, Scripted

# OpenAI took its own videos out of service on 24 September 2026; its form is spoken on by others.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API")

FILM = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 512
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


class Videos:
    """OpenAI's Videos: what is asked for is there with the second question."""

    def __init__(self, upstream: Scripted) -> None:
        self.asked = 0
        self.pictures = 0
        upstream.on("POST", "/v1/videos", self.create)
        upstream.on("GET", "/v1/videos/", self.get)
        upstream.on("DELETE", "/v1/videos/", lambda it: self.of(it, object="video.deleted", deleted=True))

    def create(self, it: Request) -> Answer:
        if it.path.endswith("/remix"):
            return self.answer(id="v2", remixed_from_video_id="v1", prompt=it.json()["prompt"])
        # OpenAI's client sends a form, with a picture or without.
        fields = form(it)
        picture = fields.pop("input_reference", None)
        assert picture in (None, PNG)
        assert fields.keys() <= VideoCreateParams.__annotations__.keys() and fields["prompt"]
        for name, known in (("seconds", VideoSeconds), ("size", VideoSize)):
            if name in fields:
                TypeAdapter(known).validate_python(fields[name].decode(), strict=True)
        self.pictures += picture is not None
        return self.answer(id="v1")

    def get(self, it: Request) -> Answer:
        if it.path.endswith("/content"):
            return Answer([FILM[at : at + 10_000] for at in range(0, len(FILM), 10_000)], content_type="video/mp4")
        self.asked += 1
        done = self.asked > 1
        return self.answer(id="v1", status="completed" if done else "in_progress", progress=100 if done else 30)

    def of(self, it: Request, **fields: Any) -> Answer:
        return Answer.of({"id": it.path.rsplit("/", 1)[1]} | fields)

    def answer(self, **fields: Any) -> Answer:
        usual = {"object": "video", "model": "sora-2", "status": "queued", "progress": 0, "created_at": 1}
        return Answer.of(usual | {"seconds": "4", "size": "720x1280"} | fields)


def form(it: Request) -> dict[str, bytes]:
    """Names and values of the parts."""
    head = f"Content-Type: {it.headers['content-type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + it.body, policy=email.policy.HTTP).iter_parts()
    return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts}


def client_of(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)


def until_done(client: openai.OpenAI, id: str) -> openai.types.Video:
    for _ in range(60):
        video = client.videos.retrieve(id)
        if video.status not in ("queued", "in_progress"):
            return video
        time.sleep(0.5)
    pytest.fail("it was never made")


def test_openais_client_has_its_videos_made(start: Callable[..., Gateway], upstream: Scripted) -> None:
    Videos(upstream)
    client = client_of(start([provider("o", "openai", f"{upstream.url}/v1")], [("o", "sora-2", "video")]))
    video = client.videos.create(model="sora-2", prompt="a cat", seconds="4", size="720x1280")
    assert (video.object, video.status, video.model, video.seconds) == ("video", "queued", "sora-2", "4")
    done = until_done(client, video.id)
    assert (done.id, done.status, done.progress, done.error) == (video.id, "completed", 100, None)
    assert client.videos.download_content(video.id).read() == FILM
    assert [it.id for it in client.videos.list(limit=5)] == [video.id]
    remix = client.videos.remix(video.id, prompt="at night")
    assert (remix.remixed_from_video_id, remix.status) == (video.id, "queued")
    gone = client.videos.delete(video.id)
    assert (gone.id, gone.deleted) == (video.id, True)
    with pytest.raises(openai.NotFoundError) as refused:
        client.videos.retrieve(video.id)
    assert refused.value.code == "video_not_found"


def test_openais_client_sends_the_picture_it_begins_with(start: Callable[..., Gateway], upstream: Scripted) -> None:
    videos = Videos(upstream)
    client = client_of(start([provider("o", "openai", f"{upstream.url}/v1")], [("o", "sora-2", "video")]))
    video = client.videos.create(model="sora-2", prompt="a cat", input_reference=("cat.png", PNG, "image/png"))
    assert (video.status, videos.pictures) == ("queued", 1)
    with pytest.raises(openai.BadRequestError) as refused:
        client.videos.download_content(video.id)
    assert refused.value.code == "video_not_ready"


def test_veo_answers_openais_client(start: Callable[..., Gateway], upstream: Scripted) -> None:
    types = pytest.importorskip("google.genai.types")
    converters = pytest.importorskip("google.genai._operations_converters")

    def create(it: Request) -> Answer:
        body = it.json()
        assert set(body) == {"instances", "parameters"} and len(body["instances"]) == 1
        parameters = body["parameters"]
        config = {"duration_seconds": parameters["durationSeconds"], "aspect_ratio": parameters["aspectRatio"]}
        types.GenerateVideosConfig.model_validate(config | {"resolution": parameters["resolution"]}, strict=True)
        return Answer.of({"name": "models/veo-3.1/operations/op1"})

    def poll(_: Request) -> Answer:
        sample = {"video": {"uri": f"{upstream.url}/v1beta/files/f1:download?alt=media"}}
        response = {"generateVideoResponse": {"generatedSamples": [sample]}}
        said = {"name": "models/veo-3.1/operations/op1", "done": True, "response": response}
        # Google's own client reads it so.
        read = converters._GenerateVideosOperation_from_mldev(said)
        assert types.GenerateVideosOperation.model_validate(read).done
        return Answer.of(said)

    upstream.on("POST", "/v1beta/models/veo-3.1:predictLongRunning", create)
    upstream.on("GET", "/v1beta/models/veo-3.1/operations/op1", poll)
    upstream.on("GET", "/v1beta/files/f1:download", lambda _: Answer(FILM, content_type="video/mp4"))
    client = client_of(start([provider("g", "gemini", upstream.url)], [("g", "veo-3.1", "video")]))
    video = client.videos.create(model="veo-3.1", prompt="a cat", seconds="8", size="1280x720")
    assert until_done(client, video.id).status == "completed"
    assert client.videos.download_content(video.id).read() == FILM


def test_runway_answers_openais_client(start: Callable[..., Gateway], upstream: Scripted) -> None:
    runway = pytest.importorskip("runwayml.types")

    def create(it: Request) -> Answer:
        assert it.headers["x-runway-version"] == "2024-11-06"
        body = it.json()
        python = {"prompt_text": body.pop("promptText")} | body
        TypeAdapter(runway.text_to_video_create_params.Gen4_5).validate_python(python)
        return Answer.of({"id": "17f20503-6c24-4c16-946b-35dbbce2af2f", "estimatedCost": {"credits": 5}})

    def poll(_: Request) -> Answer:
        said = {
            "id": "17f20503-6c24-4c16-946b-35dbbce2af2f",
            "createdAt": "2026-11-22T00:00:00Z",
            "status": "SUCCEEDED",
            "cost": {"credits": 5},
            "output": [f"{upstream.url}/elsewhere/film.mp4"],
        }
        TypeAdapter(runway.TaskRetrieveResponse).validate_python(said)
        return Answer.of(said)

    upstream.on("POST", "/v1/text_to_video", create)
    upstream.on("GET", "/v1/tasks/", poll)
    upstream.on("GET", "/elsewhere/film.mp4", lambda _: Answer(FILM, content_type="video/mp4"))
    client = client_of(start([provider("r", "runway", upstream.url)], [("r", "gen4.5", "video")]))
    video = client.videos.create(model="gen4.5", prompt="a cat", seconds="8", size="1280x720")
    assert until_done(client, video.id).status == "completed"
    assert client.videos.download_content(video.id).read() == FILM
