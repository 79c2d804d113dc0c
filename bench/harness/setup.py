"""The setup file that makes wayleave route the bench's two models to the mock upstream."""

KEY = "wl_bench_0123456789abcdef0123456789abcdef"
MODEL = "mock-gpt"
CROSSED_MODEL = "mock-claude"

SETUP = """\
version: 1
workspace: main
providers:
  - name: mock-openai
    kind: openai-compatible
    base_url: http://127.0.0.1:{port}/v1
    credentials:
      - {{name: bench, api_key: "sk-bench-openai-0123456789"}}
  - name: mock-anthropic
    kind: anthropic
    base_url: http://127.0.0.1:{port}
    credentials:
      - {{name: bench, api_key: "sk-bench-anthropic-0123456789"}}
models:
  - {{provider: mock-openai, name: mock-model, type: llm, price: {{input: "0.15", output: "0.60"}}}}
  - {{provider: mock-anthropic, name: claude-mock, type: llm, price: {{input: "3", output: "15"}}}}
aliases:
  - name: {model}
    targets: [{{provider: mock-openai, model: mock-model}}]
  - name: {crossed}
    targets: [{{provider: mock-anthropic, model: claude-mock}}]
keys:
  - {{name: bench, secret: "{key}", owner: bench, environment: test, aliases: [{model}, {crossed}]}}
"""


def write(path, upstream_port):
    """Writes the file for a mock on `upstream_port`."""
    text = SETUP.format(port=upstream_port, model=MODEL, crossed=CROSSED_MODEL, key=KEY)
    with open(path, "w") as file:
        file.write(text)
