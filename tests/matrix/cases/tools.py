"""Tools: declared, forced, called, answered."""

from __future__ import annotations

from typing import Any

from cases.common import AFTER, CLOCK, NOON, OSLO, PNG, ROME, WEATHER, WEATHER_SCHEMA, asked, called, plain, with_tools
from neutral import (
    WITHIN,
    Answer,
    Answered,
    Ask,
    Call,
    Image,
    Ran,
    Searched,
    Situation,
    Step,
    Text,
    Tool,
    Turn,
    assistant,
    result,
    user,
)

REFS: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "where": {"$ref": "#/$defs/place"},
        "when": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "units": {"type": "string", "enum": ["c", "f"], "default": "c"},
        "hours": {"type": "integer", "exclusiveMinimum": 0, "maximum": 48},
    },
    "required": ["where"],
    "additionalProperties": False,
    "$defs": {
        "place": {"type": "object", "properties": {"city": {"type": "string", "minLength": 1}}, "required": ["city"]}
    },
}
STRICT: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
QUESTION = user("What is the weather?")
PATCH = Tool("apply_patch", "Edits files.", kind="custom")
PATCHED = Call("call_patch_1", "apply_patch", "*** Begin Patch\n+hello\n*** End Patch")
# https://platform.openai.com/docs/api-reference/responses/create, `tools`; Codex groups the tools of an MCP server so.
PATH: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
FILES = Tool("mcp__files", "Files.", kind="namespace", tools=(Tool("read", "Reads one.", PATH),))
READ = Call("call_read_1", f"mcp__files{WITHIN}read", {"path": "a.txt"})
CODE = Tool("code_execution", kind="code_execution")
SEARCH = Tool("web_search", kind="web_search")
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool,
# https://platform.openai.com/docs/guides/tools-web-search, https://ai.google.dev/gemini-api/docs/google-search
PAGES = ("https://example.com/a", "https://example.com/b")
FOUND = Answer((Searched("weather Oslo", PAGES), Text(AFTER)), citations=PAGES)
# https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons#pause-turn
PAUSED = Answer((Text("Let me look."), Searched("weather Oslo", PAGES)), finish="pause")


def loop(name: str, about: str, *results: Any, calls: tuple[Call, ...] = (OSLO,), text: str = "") -> Situation:
    """The model calls, the client answers, the model speaks."""
    tools = (WEATHER, CLOCK)
    first = Step(Ask((QUESTION,), tools), called(*calls, text=text))
    second = Step(Ask((QUESTION, Answered(0), Turn("user", results)), tools), Answer((Text(AFTER),)))
    return Situation(name, about, (first, second))


SITUATIONS = [
    asked("tool-call", "One call.", with_tools(), called(OSLO)),
    asked("said-and-called", "Words, then a call.", with_tools(), called(OSLO, text="Let me look.")),
    asked("parallel-calls", "Two calls at once.", with_tools(WEATHER, CLOCK), called(OSLO, ROME)),
    asked(
        "interleaved-calls",
        "The fragments of two calls come mixed: each must keep its own index.",
        with_tools(),
        called(OSLO, ROME, interleaved=True),
    ),
    asked("call-without-arguments", "A call of a tool that takes nothing.", with_tools(CLOCK), called(NOON)),
    asked("tool-forced", "This tool must be called.", with_tools(WEATHER, CLOCK, choice="weather"), called(OSLO)),
    asked("tool-required", "Some tool must be called.", with_tools(choice="required"), called(OSLO)),
    asked("tool-none", "Tools are declared but may not be called.", with_tools(choice="none")),
    asked("tool-auto", "Tools may be called, said outright.", with_tools(choice="auto")),
    asked("parallel-off", "One call at a time.", with_tools(parallel=False), called(OSLO)),
    asked(
        "strict-tool",
        "The arguments must fit the schema.",
        with_tools(Tool("weather", "The weather.", STRICT, strict=True)),
        called(Call("call_oslo_1", "weather", {"city": "Oslo"})),
        facts={"json_schema": True},
    ),
    asked(
        "schema-refs",
        "A schema with $schema, $ref, anyOf, formats and bounds.",
        with_tools(Tool("weather", "The weather.", REFS)),
        called(Call("call_oslo_1", "weather", {"where": {"city": "Oslo"}, "when": None})),
    ),
    asked(
        "tool-undescribed",
        "A tool without a description.",
        with_tools(Tool("weather", "", WEATHER_SCHEMA)),
        called(OSLO),
    ),
    asked(
        "custom-tool",
        "A tool that is called with free text (Codex' apply_patch).",
        with_tools(PATCH),
        called(PATCHED),
    ),
    Situation(
        "custom-tool-loop",
        "The free text is answered, and the model speaks.",
        (
            Step(with_tools(PATCH), called(PATCHED)),
            Step(
                Ask((QUESTION, Answered(0), Turn("user", (result(PATCHED.id, "Done."),))), (PATCH,)),
                Answer((Text(AFTER),)),
            ),
        ),
    ),
    Situation(
        "namespace",
        "Tools of a namespace (Codex' MCP servers), called and answered.",
        (
            Step(with_tools(FILES, WEATHER), called(READ, OSLO)),
            Step(
                Ask(
                    (QUESTION, Answered(0), Turn("user", (result(READ.id, "hello"), result(OSLO.id, "21 degrees")))),
                    (FILES, WEATHER),
                ),
                Answer((Text(AFTER),)),
            ),
        ),
    ),
    asked(
        "code-execution",
        "Code that the vendor runs in its own container.",
        plain(tools=(CODE,)),
        Answer((Ran("print(6 * 7)", "42\n"), Text("It is 42."))),
    ),
    Situation(
        "code-execution-then-turn",
        "What ran is sent back, and the conversation goes on.",
        (
            Step(plain(tools=(CODE,)), Answer((Ran("print(6 * 7)", "42\n"), Text("It is 42.")))),
            Step(Ask((user("Hello, 世界"), Answered(0), user("And squared?")), (CODE,)), Answer((Text("1764."),))),
        ),
    ),
    asked(
        "web-search-answer",
        "The vendor searched, says what for, and cites what it found.",
        plain(tools=(SEARCH,)),
        FOUND,
    ),
    asked(
        "web-searches",
        "Words, a search, words, another search.",
        plain(tools=(SEARCH,)),
        Answer(
            (
                Text("Let me look."),
                Searched("weather Oslo", PAGES),
                Text("And Rome."),
                Searched("weather Rome", PAGES),
                Text(AFTER),
            )
        ),
    ),
    Situation(
        "web-search-then-turn",
        "The search and what was cited are sent back, and the conversation goes on.",
        (
            Step(plain(tools=(SEARCH,)), FOUND),
            Step(Ask((user("Hello, 世界"), Answered(0), user("And tomorrow?")), (SEARCH,)), Answer((Text(AFTER),))),
        ),
    ),
    Situation(
        "pause",
        "The vendor pauses a long turn; the client says that it is to go on.",
        (
            Step(plain(tools=(SEARCH,)), PAUSED),
            Step(Ask((user("Hello, 世界"), Answered(0), user("Go on.")), (SEARCH,)), Answer((Text(AFTER),))),
        ),
    ),
    Situation(
        "pause-continued",
        "The same, and the client sends the paused turn back as it is, as Anthropic asks for.",
        (
            Step(plain(tools=(SEARCH,)), PAUSED),
            Step(Ask((user("Hello, 世界"), Answered(0)), (SEARCH,)), Answer((Text(AFTER),))),
        ),
    ),
    asked("web-search", "A tool that the vendor runs.", plain(tools=(SEARCH,))),
    loop("result-text", "A tool gives back words.", result(OSLO.id, "21 degrees")),
    loop("result-json", "A tool gives back JSON.", result(OSLO.id, '{"degrees": 21, "sky": ["blue"]}')),
    loop("result-empty", "A tool gives back nothing.", result(OSLO.id, "")),
    loop("result-image", "A tool gives back a picture.", result(OSLO.id, "The map:", Image(base64=PNG))),
    loop("result-error", "A tool failed.", result(OSLO.id, "No such city", failed=True)),
    loop(
        "results-several",
        "Two calls are answered.",
        result(OSLO.id, "21 degrees"),
        result(ROME.id, "30 degrees"),
        calls=(OSLO, ROME),
        text="Let me look.",
    ),
    loop(
        "results-out-of-order",
        "Two calls are answered, the second first.",
        result(ROME.id, "30 degrees"),
        result(OSLO.id, "21 degrees"),
        calls=(OSLO, ROME),
    ),
    loop(
        "result-and-words",
        "The client adds words to a tool's result.",
        result(OSLO.id, "21 degrees"),
        Text("And tomorrow?"),
    ),
    Situation(
        "functions",
        "OpenAI's older form of tools: functions, function_call, the role of a function.",
        (
            Step(Ask((QUESTION,), (WEATHER,), choice="auto", older_tools=True), called(OSLO)),
            Step(
                Ask(
                    (QUESTION, Answered(0), Turn("user", (result(OSLO.id, "21 degrees"),))),
                    (WEATHER,),
                    older_tools=True,
                ),
                Answer((Text(AFTER),)),
            ),
        ),
    ),
    asked(
        "history-of-searches",
        "A conversation with a search in it, which perhaps another vendor made.",
        Ask((QUESTION, assistant(Searched("weather Oslo", PAGES), AFTER), user("Thanks")), (SEARCH,)),
    ),
    asked(
        "history-of-code",
        "A conversation with code that ran in it, perhaps at another vendor's.",
        Ask((QUESTION, assistant(Ran("print(6 * 7)", "42\n"), "It is 42."), user("Thanks")), (CODE,)),
    ),
    asked(
        "history-of-calls",
        "A conversation with calls in it, which the client made itself.",
        Ask(
            (
                QUESTION,
                assistant("Looking.", OSLO, NOON),
                Turn("user", (result(OSLO.id, "21 degrees"), result(NOON.id, "noon"))),
                assistant("It is 21 degrees at noon."),
                user("Thanks"),
            ),
            (WEATHER, CLOCK),
        ),
    ),
]
