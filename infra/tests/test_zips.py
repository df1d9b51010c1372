"""What `make build` makes of the functions' binaries."""

import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ZIPS = Path(__file__).parents[1] / "zips"


def run(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, ZIPS, folder], text=True, capture_output=True, check=False)


class Zips(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def built(self, function: str, binary: bytes) -> Path:
        (self.folder / function).mkdir()
        (self.folder / function / "bootstrap").write_bytes(binary)
        return self.folder / f"{function}.zip"

    def test_a_zip_holds_the_binary_alone_and_lambda_may_run_it(self):
        packed = self.built("connect", b"x" * 2_000_000)
        done = run(self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        with zipfile.ZipFile(packed) as archive:
            (entry,) = archive.infolist()
            self.assertEqual(archive.read("bootstrap"), b"x" * 2_000_000)
        self.assertEqual((entry.create_system, entry.external_attr >> 16), (3, 0o100755))
        self.assertEqual([path.name for path in (self.folder / "connect").iterdir()], ["bootstrap"])

    def test_sizes_are_printed(self):
        self.built("connect", b"x" * 2_000_000)
        self.built("message", bytes(range(256)) * 4_000)
        lines = [line.split() for line in run(self.folder).stdout.splitlines()]
        self.assertEqual([line[:2] for line in lines[1:]], [["connect", "2.00"], ["message", "1.02"]])

    def test_the_same_binary_makes_the_same_zip(self):
        packed = self.built("connect", b"the same")
        run(self.folder)
        first = packed.read_bytes()
        (self.folder / "connect" / "bootstrap").touch()
        run(self.folder)
        self.assertEqual(packed.read_bytes(), first)

    def test_nothing_to_zip_is_an_error(self):
        done = run(self.folder)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no function", done.stderr)


if __name__ == "__main__":
    unittest.main()
