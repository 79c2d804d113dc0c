#!/usr/bin/env python3
"""Makes crates/provider/catalog/models.json from the price table inside the litellm wheel.

    pip download litellm==VERSION --no-deps -d FOLDER
    scripts/catalog/from_litellm.py FOLDER/litellm-VERSION-*.whl --as-of YYYY-MM-DD [--out FILE]

The table is `litellm/model_prices_and_context_window_backup.json` (MIT, see the notice beside the
catalog). What a vendor's own page said is in crates/provider/catalog/verified.json and is laid over
the registry's rows; rows of models that the registry has not are added from there.

Amounts never become binary floats: the JSON text is read with `parse_float=Decimal`, and a price per
token becomes one per million by moving the point. A price that is 0, that has more than nine decimals
(a trace of somebody's float), or that was converted from another currency is left out, never guessed;
the counts are printed. The same input gives the same bytes.
"""

import argparse
import json
import re
import sys
import zipfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rules import (  # noqa: E402 (the folder must be on the path first)
    CONVERTED, FROM_THERE_ON, IMPLAUSIBLE, KINDS, LEAST_PER_MILLION, MEASURED, MODES, NOT_A_MODEL, ONLY_FOR,
    PREFERRED, TIERED_PARTS, UNITS, families, is_misfiled, is_rounded, modalities, most_output, name_of,
    reasoning, refuses, token_fields, window,
)

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOG = ROOT / "crates/provider/catalog"
TABLE = "litellm/model_prices_and_context_window_backup.json"
DECIMALS = 9
ABILITIES = {
    "tools": "supports_function_calling",
    "parallel_tools": "supports_parallel_function_calling",
    "json_schema": "supports_response_schema",
    "vision": "supports_vision",
    "audio_input": "supports_audio_input",
    "audio_output": "supports_audio_output",
    "files": "supports_pdf_input",
    "prompt_caching": "supports_prompt_caching",
}
ORDER = (
    "provider model type families context_window max_output min_output token_limit refuses input output "
    "abilities prices deprecated source as_of verified"
).split()
notes = Counter()


def decimal_text(amount):
    """`0.15`, never `1.5E-1`; None for what no integer of billionths can hold."""
    text = format(amount.normalize(), "f")
    decimals = len(text.partition(".")[2])
    return text if decimals <= DECIMALS else None


def price(unit, raw, above=None, batch=False):
    """One price of a row, or None with its reason counted."""
    per = UNITS[unit]
    amount = Decimal(raw) * per
    if amount <= 0:
        notes["prices of 0 left out"] += 1
        return None
    if per > 1 and amount < LEAST_PER_MILLION:
        notes["prices below any plausible one left out"] += 1
        return None
    if is_rounded(unit, amount):
        notes["prices per second that were cut off left out"] += 1
        return None
    text = decimal_text(amount)
    if text is None:
        notes["prices with more than nine decimals left out"] += 1
        return None
    made = {"unit": unit, "amount": text, "per": per}
    if above:
        made["above_context"] = above
    if batch:
        made["batch"] = True
    return made


def flat_prices(kind, model_type, facts):
    """The fields whose name is the unit, in their plain, tiered and batch forms."""
    for unit, fields in MEASURED.items():
        for field in fields:
            if ONLY_FOR.get(unit, model_type) != model_type:
                continue
            for name in (key for key in facts if key.startswith(field)):
                rest = name[len(field):]
                found = re.fullmatch(r"(?:_above_(\d+)k_tokens)?(_batches)?", rest)
                if found and facts[name] is not None:
                    above = int(found[1]) * 1000 - (kind in FROM_THERE_ON) if found[1] else None
                    yield price(unit, facts[name], above, bool(found[2]))


def tiered_prices(facts):
    """Tables of ranges: the first is the price, each later one applies above its start."""
    for row in facts.get("tiered_pricing", []):
        if "range" not in row:
            continue
        start = int(Decimal(row["range"][0]))
        for unit, field in TIERED_PARTS.items():
            if row.get(field) is not None:
                yield price(unit, row[field], start or None)


def place(made):
    """Which price it is, and where it stands: the plain ones, the tiers, the batches."""
    return made.get("batch", False), made.get("above_context", 0), list(UNITS).index(made["unit"])


def prices(kind, model, model_type, facts):
    """Every price of a row, each unit once per tier, in a fixed order."""
    if (kind, model) in IMPLAUSIBLE:
        notes["rows with an implausible price: left out"] += 1
        return []
    if kind in CONVERTED:
        notes[f"rows of {kind}: prices left out, {CONVERTED[kind]}"] += 1
        return []
    chosen = {}
    for made in [*flat_prices(kind, model_type, facts), *tiered_prices(facts)]:
        if made:
            chosen.setdefault(place(made), made)
    units = {it["unit"] for it in chosen.values() if "above_context" not in it}
    baseless = [at for at, it in chosen.items() if it["unit"] not in units]
    for at in baseless:
        notes["tiers without a price below them left out"] += 1
        del chosen[at]
    # Seconds and tokens of the same audio are two ways to bill one thing: tokens are the exact one.
    by_token = any(it["unit"] in ("audio_input", "input") for it in chosen.values())
    return [
        chosen[key] for key in sorted(chosen)
        if not (by_token and chosen[key]["unit"] == "audio_second" and model_type == "speech-to-text")
    ]


def abilities(kind, model, facts):
    """True and false as the registry says; what it does not say is absent."""
    made = {name: facts[field] for name, field in ABILITIES.items() if isinstance(facts.get(field), bool)}
    if isinstance(facts.get("supports_reasoning"), bool):
        made["reasoning"] = facts["supports_reasoning"]
        control = reasoning(kind, model, facts)
        if control:
            made["reasoning_control"] = control
    return made


def row_of(key, facts, source, as_of):
    """A row of the catalog, or None for what is not a model of one of our kinds."""
    kind = KINDS.get(facts.get("litellm_provider"))
    mode = facts.get("mode")
    model = name_of(kind, key) if kind else None
    if not model or mode not in MODES or NOT_A_MODEL.search(model):
        return None
    model_type = "text-to-speech" if model.endswith("-tts") else MODES[mode]
    if is_misfiled(model, model_type):
        return None
    gone = facts.get("deprecation_date")
    if gone and gone < as_of:
        notes["models left out: retired before the catalog's date"] += 1
        return None
    served = families(kind, model, model_type, facts)
    if not served:
        notes[f"models of {kind} left out: served in a form of their own"] += 1
        return None
    taken, given = modalities(model_type, facts)
    row = {
        "provider": kind, "model": model, "type": model_type, "families": served,
        "context_window": window(kind, facts),
        "max_output": most_output(model_type, facts),
        **token_fields(kind, model, served, facts),
        "refuses": refuses(kind, facts),
        "input": taken, "output": given,
        "abilities": abilities(kind, model, facts) if model_type == "llm" else {},
        "prices": prices(kind, model, model_type, facts),
        "deprecated": gone, "source": source, "as_of": as_of, "verified": "registry",
    }
    return row if row["prices"] or row["context_window"] or model_type != "llm" else None


def registry_rows(table, source, as_of):
    """(provider, model) to row. Of two spellings of a model, the one under the kind's own name wins."""
    rows = {}
    ranked = sorted(table.items(), key=lambda it: (PREFERRED.get(it[1].get("litellm_provider"), 0),
                                                   "/" not in it[0], it[0]))
    for key, facts in ranked:
        row = row_of(key, facts, source, as_of) if isinstance(facts, dict) else None
        if row:
            rows.setdefault((row["provider"], row["model"]), row)
    return rows


def lay_over(rows, overlay, registry):
    """What a vendor's page said goes over what the registry said: field by field, price by price.

    A difference stops the run unless the entry says `"corrects": true`: one of the two is out of date,
    and somebody has to look which.
    """
    for seen in overlay:
        name = f"{seen['provider']}/{seen['model']}"
        key = (seen["provider"], seen["model"])
        known = key in rows
        row = rows.setdefault(key, {"provider": key[0], "model": key[1]})
        for field, value in seen["set"].items():
            old = {place(it): it for it in row.get(field) or []} if field == "prices" else row.get(field)
            new = {place(it): it for it in value} if field == "prices" else value
            if field == "prices":
                differ = {at for at in new if old.get(at, new[at]) != new[at]}
                if any(decimal_text(Decimal(it["amount"])) != it["amount"] for it in value):
                    sys.exit(f"{name}: an amount that is not in the catalog's form")
                row[field] = [merged for _, merged in sorted({**old, **new}.items())]
            else:
                differ = old not in (None, new)
                row[field] = value
            if known and differ and not seen.get("corrects"):
                sys.exit(f"{name}: {field}: the registry says {old}, the page {value}")
        rest = f"; the rest: {registry}" if known else ""
        row.update(source=seen["source"] + rest, as_of=seen["as_of"], verified="vendor_doc")


def text_of(rows):
    """One row per line, sorted by provider and model in the order of their bytes."""
    lines = []
    for key in sorted(rows, key=lambda it: (it[0].encode(), it[1].encode())):
        row = {name: rows[key].get(name) for name in ORDER}
        kept = {name: value for name, value in row.items() if value not in (None, [], {})}
        lines.append(json.dumps(kept, ensure_ascii=False, separators=(",", ":")))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("wheel", type=Path)
    asked.add_argument("--as-of", required=True, help="the day on which the wheel was fetched")
    asked.add_argument("--out", type=Path, default=CATALOG / "models.json")
    asked = asked.parse_args()
    version = asked.wheel.name.split("-")[1]
    source = f"litellm {version} model_prices_and_context_window (PyPI, MIT)"
    table = json.loads(zipfile.ZipFile(asked.wheel).read(TABLE), parse_float=Decimal)
    rows = registry_rows(table, source, asked.as_of)
    overlay = json.loads((CATALOG / "verified.json").read_text(encoding="utf8"))
    lay_over(rows, overlay, source)
    asked.out.write_text(text_of(rows), encoding="utf8")
    for note, count in sorted(notes.items()):
        print(f"{count:5} {note}")
    vendors = Counter(provider for provider, _ in rows)
    print(f"{len(rows):5} models, {len(vendors)} providers: {dict(sorted(vendors.items()))}")


if __name__ == "__main__":
    main()
