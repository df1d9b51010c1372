"""Every file that a document names is there, and every link between documents leads somewhere."""

import itertools
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench" / "README.md", ROOT / "events" / "README.md"]
TOP = ("bench/", "docs/", "events/", "functions/", "infra/", "migrations/", "shared/", "tests/", "web/", ".ci/")
# What somebody makes by following the document.
MADE = {"infra/.env", "infra/deploy.conf"}


def expanded(path: str) -> list:
    """`a/{b,c}.rs` is a/b.rs and a/c.rs."""
    parts = [part.split(",") if at % 2 else [part] for at, part in enumerate(re.split(r"[{}]", path))]
    return ["".join(chosen) for chosen in itertools.product(*parts)]


def heading_id(line: str) -> str:
    words = re.sub(r"[^\w\- ]", "", line.lstrip("# ").strip().lower().replace("`", ""))
    return words.replace(" ", "-")


class Documents(unittest.TestCase):
    def test_files_that_are_named_are_there(self):
        there = set(subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout.split("\n"))
        folders = {str(parent) for file in there for parent in Path(file).parents}
        for page in PAGES:
            for named in re.findall(r"`([\w./{},-]+)`", page.read_text()):
                for path in expanded(named) if named.startswith(TOP) else []:
                    with self.subTest(page=page.name, path=path):
                        # A module is named without its ending.
                        found = path in MADE or path in there or f"{path}.rs" in there or path.rstrip("/") in folders
                        self.assertTrue(found, path)

    def test_alarms_and_the_dashboard_look_at_figures_that_are_told(self):
        alarms = (ROOT / "infra" / "alarms.yaml").read_text()
        of_hark = re.findall(r"Namespace: !Ref MetricsNamespace\n\s+MetricName: (\w+)", alarms)
        shown = re.findall(r'"\$\{MetricsNamespace\}", "(\w+)"', alarms) + re.findall(r'MetricName=\\"(\w+)\\"', alarms)
        told = set(re.findall(r"^\| `(\w+)` \| \w+ \| `Function`", (ROOT / "docs" / "OPERATIONS.md").read_text(), re.M))
        logged = set(re.findall(r"MetricName: (Logged\w+)\n\s+MetricValue", alarms))
        self.assertGreater(len(of_hark), 15)
        self.assertGreater(len(shown), 15)
        aws = {"Duration", "ConcurrentExecutions"}
        for name in {*of_hark, *shown} - aws:
            self.assertIn(name, told | logged)

    def test_patterns_are_lines_that_are_logged(self):
        alarms = (ROOT / "infra" / "alarms.yaml").read_text()
        code = "".join(path.read_text() for top in ("shared/src", "functions") for path in (ROOT / top).rglob("*.rs"))
        lines = re.findall(r'\$\.message = \\"(.*?)\\"', alarms)
        self.assertGreater(len(lines), 10)
        for line in lines:
            self.assertIn(f'"{line}"', code)

    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, part = target.partition("#")
                to = (page.parent / path) if path else page
                with self.subTest(page=page.name, target=target):
                    self.assertTrue(to.exists(), target)
                    if part:
                        ids = {heading_id(line) for line in to.read_text().splitlines() if line.startswith("#")}
                        self.assertIn(part, ids)


if __name__ == "__main__":
    unittest.main()
