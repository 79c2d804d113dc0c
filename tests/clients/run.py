#!/usr/bin/env python3
"""Runs each case and says what came of it: exit code 0 only if every agent did its work."""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "sdk"))

import offline
import trial
from agents import AGENTS
from cases import CASES, Case


def main() -> int:
    options = _options()
    cut_off = offline.enter()
    if not cut_off and not options.allow_network:
        print("This system lets nobody have a network namespace, so nothing would keep the agents at home but their")
        print("settings. To try them so all the same: --allow-network")
        return 2
    outcomes = []
    for number, case in enumerate(_cases(options), 1):
        outcomes.append(trial.run(case, options.packages, options.direct, _captures(options.captures, number, case)))
        print(_line(outcomes[-1]), flush=True)
        if outcomes[-1].wrong or options.verbose:
            print(_story(outcomes[-1]), flush=True)
    done = sum(not it.wrong for it in outcomes)
    network = "loopback only" if cut_off else "NOT cut off"
    print(f"\n{done} of {len(outcomes)} agents did their work. Network: {network}.")
    return 0 if done == len(outcomes) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=_folder, required=True, help="the folder with the agents' node_modules")
    parser.add_argument("--agent", choices=[agent.name for agent in AGENTS], help="the cases of this one only")
    parser.add_argument("--upstream", choices=list(trial.KINDS), help="one case, with an upstream of this dialect")
    parser.add_argument("--model", help="one case, with this name for the model")
    parser.add_argument("--direct", action="store_true", help="no Wayleave: the upstream speaks the agent's dialect")
    parser.add_argument("--verbose", action="store_true", help="show what agent and gateway said of passing cases too")
    parser.add_argument("--allow-network", action="store_true", help="run where the network cannot be cut off too")
    parser.add_argument("--captures", type=_folder, help="keep what the upstream was sent, one file per request")
    options = parser.parse_args()
    if (options.upstream or options.model) and not options.agent:
        parser.error("--upstream and --model need --agent")
    return options


def _folder(name: str) -> Path:
    return Path(name).resolve()


def _cases(options: argparse.Namespace) -> list[Case]:
    cases = [case for case in CASES if options.agent in (None, case.agent.name)]
    if options.upstream or options.model:
        first = cases[0]
        upstream, model = options.upstream or first.upstream, options.model or first.model
        cases = [replace(first, upstream=upstream, model=model, thinks=False)]
    if options.direct:
        own = [replace(case, upstream=case.agent.dialect, thinks=False) for case in cases]
        # Some differed by their upstream only.
        cases = list(dict.fromkeys(own))
    return cases


def _captures(parent: Path | None, number: int, case: Case) -> Path | None:
    if not parent:
        return None
    folder = parent / f"{number}-{case.agent.name}-{case.model}-{case.upstream}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _line(outcome: trial.Outcome) -> str:
    result = "FAILED" if outcome.wrong else "ok"
    return f"{result:<7} {outcome.case.title:<76} {len(outcome.heard)} requests, {outcome.seconds:.0f} s"


def _story(outcome: trial.Outcome) -> str:
    wrong = "\n".join(f"  - {it}" for it in outcome.wrong)
    heard = "\n".join(f"  {it}" for it in outcome.heard) or "  nothing"
    return f"{wrong}\n-- the upstream heard --\n{heard}\n{outcome.said}"


if __name__ == "__main__":
    sys.exit(main())
