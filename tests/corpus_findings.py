#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real dumps have the patterns that a person sees in them, and not those that he would call false alarms.

    corpus_findings.py [--program build/dumpscope] [--table]

Expectations: tests/corpus/findings.txt, by SHA-256; the dumps: DS_CORPUS. --table prints what is found in every user
dump of the corpus, without judging.
"""
import argparse, csv, json, pathlib, sys

import testlib

HERE = pathlib.Path(__file__).resolve().parent


def by_hash(corpus):
    with open(corpus / "MANIFEST.tsv", encoding="utf-8") as f:
        return {row["sha256"]: row["path"] for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)}


def findings(program, path):
    """({id: confidence}, {id of what was not checked}) of a dump."""
    status, out, err = testlib.run([program, "--json", "-z", path, "-c", "!patterns; q"])
    if testlib.died(status, err):
        raise ValueError(testlib.died(status, err))
    for line in out.splitlines():
        doc = json.loads(line)
        if doc["command"].startswith("!patterns"):
            rows = doc["items"]
            for r in rows:
                if r["row"] == "finding" and not any(e["command"] for e in r["evidence"]):
                    raise ValueError(f"{r['pattern']}: no evidence with a command")
            return ({r["pattern"]: r["confidence"] for r in rows if r["row"] == "finding"},
                    {r["pattern"] for r in rows if r["row"] == "not_checked"})
    raise ValueError(f"no answer: {out[-300:]}{err[-300:]}")


def expectations():
    """[(SHA-256, what it is, ids it has, ids it has not)]"""
    out = []
    for line in (HERE / "corpus" / "findings.txt").read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == "DUMP":
            out.append([value, "", [], []])
        elif key == "IS":
            out[-1][1] = value
        elif key in ("HAS", "NOT"):
            out[-1][2 if key == "HAS" else 3] += value.split()
        elif line and key != "##":
            raise SystemExit(f"findings.txt: {line}")
    return out


def table(program, corpus):
    for name in sorted(by_hash(corpus).values()):
        if name.startswith(("user/", "lab/")) and ".dmp" in name.lower():
            try:
                found, skipped = findings(program, corpus / name)
            except ValueError as e:
                print(f"{name}\t{e}")
                continue
            print(name, " ".join(f"{k}:{v}" for k, v in found.items()), "| not checked:", *sorted(skipped), sep="\t")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--program", default=str(testlib.ROOT / "build" / "dumpscope"))
    p.add_argument("--table", action="store_true")
    a = p.parse_args()
    program = str(pathlib.Path(a.program).resolve())
    corpus = testlib.corpus()
    if not corpus:
        print("skipped: no corpus")
        return 77
    if a.table:
        table(program, corpus)
        return 0
    names, n, wrong = by_hash(corpus), 0, []
    for sha, why, has, has_not in expectations():
        if sha not in names or not (corpus / names[sha]).exists():
            wrong.append(f"{sha}: not in the corpus")
            continue
        try:
            found, _ = findings(program, corpus / names[sha])
        except ValueError as e:
            wrong.append(f"{sha} ({why}): {e}")
            continue
        n += len(has) + len(has_not)
        wrong += [f"{sha} ({why}): {x} is missing" for x in has if x not in found]
        wrong += [f"{sha} ({why}): {x} is a false alarm" for x in has_not if x in found]
    print("\n".join(wrong + [f"{n} expectations, {len(wrong)} failed"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
