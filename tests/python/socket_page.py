"""The page about the socket protocol in a real browser: socket_page.py http://host:port

Prints what it shows of each frame: its fields in order, its examples, and the frames that it links to as replies.
"""

import json
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

BROWSER = Path(__file__).resolve().parents[2] / "infra" / "browser"
PATIENCE_MS = 20_000


def frame(article):
    return {
        "fields": article.locator("tbody tr td:first-child code").all_inner_texts(),
        "values": article.locator("tbody tr td:nth-child(2)").all_inner_texts(),
        "examples": [json.loads(text) for text in article.locator("pre").all_inner_texts()],
        "replies": [link.get_attribute("href") for link in article.locator(".reply a").all()],
    }


def read(page):
    expect(page.locator("#frames h2")).to_have_count(5)
    frames = {article.get_attribute("data-frame"): frame(article) for article in page.locator("article").all()}
    return {"frames": frames, "codes": page.locator("#frames > table:last-child code").all_inner_texts()}


def main():
    path = subprocess.run([BROWSER], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        page = browser.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{sys.argv[1]}/docs/socket")
        shown = read(page)
        browser.close()
    assert not wrong, wrong
    print(json.dumps(shown))


expect.set_options(timeout=PATIENCE_MS)
main()
