"""Asks the official rules about invoices, as a program of its own: the library that runs them aborts in threads.

Each line of the input is {"rules": name of a file, "xml": …}; the answer is a line with the rules that failed, as
[rule, "fatal" or "warning", sentence]. The first line of the output says which rules were compiled.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def _failures(report: str) -> list[tuple[str, str, str]]:
    found = []
    tree = etree.fromstring(report.encode())
    for failed in (*tree.iter(f"{SVRL}failed-assert"), *tree.iter(f"{SVRL}successful-report")):
        sentence = " ".join("".join(map(str, failed.itertext())).split())
        rule = failed.get("id") or sentence.partition("]")[0].strip("[ ")
        found.append((rule, failed.get("flag") or failed.get("role") or "fatal", sentence))
    return found


def _compiled(processor: PySaxonProcessor, paths: list[Path]) -> dict[str, PyXsltExecutable]:
    xslt = processor.new_xslt30_processor()
    return {path.name: xslt.compile_stylesheet(stylesheet_file=str(path)) for path in paths}


def main(paths: list[Path]) -> None:
    with PySaxonProcessor(license=False) as processor:
        rules = _compiled(processor, paths)
        print(json.dumps(sorted(rules)), flush=True)  # noqa: T201 - its output is what it answers
        for line in sys.stdin:
            question = json.loads(line)
            invoice = processor.parse_xml(xml_text=question["xml"])
            report = rules[question["rules"]].transform_to_string(xdm_node=invoice)
            print(json.dumps(_failures(report)), flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
