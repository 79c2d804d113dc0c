#!/usr/bin/env python3
"""Conventions that no lint covers: fails with one line per offence, `path:line: what, and what to do`.

The rules are in RULES at the end, one function each. Run it from anywhere; `.ci/run` does.
"""

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LINES_WARN = 400
LINES_FAIL = 600

# What a crate may not depend on, so that it cannot do what is not its job (ARCHITECTURE.md).
HTTP = {"axum", "http", "http-body", "http-body-util", "hyper", "hyper-util", "reqwest", "tower"}
RUNTIME = {"tokio", "tokio-util", "tokio-rustls", "futures-util"}
ABOVE_MODEL = {f"wayleave-{name}" for name in ("dialect", "provider", "store", "spool", "gateway")}
FORBIDDEN_DEPENDENCIES = {
    "model": HTTP | RUNTIME | ABOVE_MODEL | {"sqlx", "wayleave-admin"},
    "dialect": (HTTP - {"http"}) | RUNTIME | ABOVE_MODEL | {"sqlx", "wayleave-admin"},
    "provider": (HTTP - {"http"})
    | RUNTIME
    | {"sqlx", "wayleave-store", "wayleave-spool", "wayleave-gateway", "wayleave-admin"},
    "store": HTTP | {"wayleave-dialect", "wayleave-gateway", "wayleave-admin"},
    "spool": HTTP | RUNTIME | ABOVE_MODEL | {"sqlx", "wayleave-admin"},
    "gateway": {"axum", "reqwest", "sqlx", "wayleave-admin"},
    "admin": {"reqwest", "sqlx"},
    "wayleave": {"reqwest", "sqlx"},
}

# One TLS and crypto library in the binary: see the reasons in deny.toml.
FORBIDDEN_PACKAGES = {"ring", "openssl", "openssl-sys", "native-tls"}
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"

PROVIDER_KINDS = (
    "ai21 anthropic azure-openai baichuan baseten bedrock cerebras chutes cloudflare "
    "cohere databricks deepgram deepinfra deepseek docker-model-runner elevenlabs featherless fireworks "
    "friendli gemini github-models gpustack groq huggingface hunyuan hyperbolic inception "
    "infinity jan litellm llama-cpp lm-studio localai minimax mistral moonshot nebius novita "
    "nvidia-nim ollama openai openai-compatible openrouter ovhcloud perplexity qianfan "
    "qwen requesty sambanova scaleway sglang siliconflow stepfun tei tgi together upstage "
    "vercel vertex vllm volcengine whisper-cpp xai xinference yi zhipu"
).split()

UNFINISHED = re.compile(r"\b(todo!|unimplemented!|dbg!)\s*[(\[{]|\b(FIXME|XXX)\b")
SQL = re.compile(
    r"\b(SELECT\s+[\w*(\"]|INSERT\s+INTO\s|DELETE\s+FROM\s|UPDATE\s+\w+\s+SET\s|CREATE\s+TABLE\s)"
)
KIND_LITERAL = re.compile(rf'"({"|".join(PROVIDER_KINDS)})"')
TEST_MODULE = re.compile(
    r"^#\[cfg\(test\)\]\s*\n(?:#\[[^\n]*\]\s*\n)*(?:pub(?:\([^)]*\))? )?mod \w+", re.MULTILINE
)
COMMENT = re.compile(r"(^|\s)//.*$", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """One Rust file of the repository."""

    path: str
    text: str

    @property
    def crate(self):
        """The folder's name below crates/, or None."""
        parts = self.path.split("/")
        return parts[1] if parts[0] == "crates" else None

    @cached_property
    def is_test(self):
        """Whether the whole file is tests."""
        parts = self.path.split("/")
        return "tests" in parts or parts[-1] in ("tests.rs", "testing.rs") or self.crate == "testkit"

    @cached_property
    def before_tests(self):
        """The text up to the test module."""
        found = TEST_MODULE.search(self.text)
        return self.text[: found.start()] if found else self.text

    @cached_property
    def code(self):
        """What runs in the product: no tests, comments blanked, line numbers kept."""
        return "" if self.is_test else COMMENT.sub("", self.before_tests)

    def matches(self, pattern, text):
        """(line, matched text) of each match."""
        for found in pattern.finditer(text):
            yield text.count("\n", 0, found.start()) + 1, found.group().strip()


def opens_with_a_sentence(source):
    """The first line of a file says what lives there."""
    first = source.text.split("\n", 1)[0]
    if not re.match(r"//! \S.{8,}", first):
        yield 1, "the file does not open with a `//!` sentence that says what lives there"


def is_finished(source):
    """Nothing is left for later."""
    for line, found in source.matches(UNFINISHED, source.text):
        yield line, f"`{found}`: finish it, or open an issue and leave no trace here"


def is_not_too_long(source):
    """A file that tells more than one story is split by idea."""
    lines = source.before_tests.count("\n")
    if lines > LINES_FAIL and not source.is_test:
        yield lines, f"{lines} lines before tests (at most {LINES_FAIL}): split it by idea"


def holds_no_sql(source):
    """SQL lives in `store`."""
    if source.crate in (None, "store"):
        return
    for line, found in source.matches(SQL, source.code):
        yield line, f"SQL (`{found}`) outside crates/store: add a query to the noun's file there"


def names_no_provider(source):
    """Only `provider::kinds` knows vendors; what others need to know is in the kind's manifest."""
    if source.crate not in ("gateway", "store"):
        return
    for line, found in source.matches(KIND_LITERAL, source.code):
        yield line, f"names the provider kind {found}: ask the kind, do not know it"


def spawns_on_a_tracker(source):
    """A task that nobody waits for is lost at shutdown."""
    if source.crate not in ("gateway", "admin"):
        return
    for line, _ in source.matches(re.compile(r"\btokio::(task::)?spawn\("), source.code):
        yield line, "`tokio::spawn`: spawn on the owner's `TaskTracker`, so that shutdown waits for it"


def manifest_offences(path, manifest):
    """A crate's dependencies: allowed for it, and each described once, in the workspace."""
    name = path.parent.name
    forbidden = FORBIDDEN_DEPENDENCIES.get(name, set())
    for section in ("dependencies", "dev-dependencies", "build-dependencies"):
        for dependency, value in manifest.get(section, {}).items():
            if section == "dependencies" and dependency in forbidden:
                yield f"crates/{name} may not depend on {dependency} (see ARCHITECTURE.md)"
            if not (isinstance(value, dict) and value.get("workspace")):
                yield f"{dependency}: take it from the workspace, with its reason there"


def lockfile_offences(lock):
    """Where the packages come from."""
    for package in lock["package"]:
        source = package.get("source", REGISTRY)
        if source != REGISTRY:
            yield f"{package['name']} comes from {source}: only crates.io is allowed"


def tree_offences():
    """What must not come in through others. The lockfile also names packages that are never built."""
    command = "cargo tree --workspace --locked --edges normal,build --prefix none --format {p}"
    listed = subprocess.run(command.split(), cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        yield f"`{command}` failed: {listed.stderr.strip()}"
    for name in sorted({line.split(" ")[0] for line in listed.stdout.splitlines()}):
        if name in FORBIDDEN_PACKAGES:
            yield f"{name} is in the tree: `cargo tree --invert {name}` says why"


RULES = [
    opens_with_a_sentence,
    is_finished,
    is_not_too_long,
    holds_no_sql,
    names_no_provider,
    spawns_on_a_tracker,
]


def rust_files():
    """All Rust files that are, or would be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for path in sorted(set(listed.stdout.splitlines())):
        if (ROOT / path).exists():
            yield Source(path, (ROOT / path).read_text(encoding="utf8"))


def main():
    offences, long_files, count = [], [], 0
    for source in rust_files():
        count += 1
        for rule in RULES:
            offences += [f"{source.path}:{line}: {what}" for line, what in rule(source)]
        lines = source.before_tests.count("\n")
        if lines > LINES_WARN and not source.is_test:
            long_files.append((lines, source.path))
    for path in sorted(ROOT.glob("crates/*/Cargo.toml")):
        found = manifest_offences(path, tomllib.loads(path.read_text()))
        offences += [f"{path.relative_to(ROOT)}: {what}" for what in found]
    lockfile = ROOT / "Cargo.lock"
    found = lockfile_offences(tomllib.loads(lockfile.read_text()))
    offences += [f"Cargo.lock: {what}" for what in [*found, *tree_offences()]]

    for lines, path in sorted(long_files, reverse=True):
        print(f"warning: {path}: {lines} lines before tests (aim: {LINES_WARN})")
    for offence in offences:
        print(offence)
    print(f"tidy: {count} Rust files, {len(offences)} offences, {len(long_files)} long files")
    sys.exit(1 if offences else 0)


if __name__ == "__main__":
    main()
