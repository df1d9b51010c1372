"""The page of the contract in a real browser: docs.py http://host:port TOKEN

Shows every operation and webhook of the document, takes the token, and asks who it is of.
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

BROWSER = Path(__file__).resolve().parents[2] / "infra" / "browser"
BASE, TOKEN = sys.argv[1:3]
METHODS = {"get", "put", "post", "delete", "patch"}
PATIENCE_MS = 20_000


def operations():
    with urllib.request.urlopen(f"{BASE}/openapi.json") as answer:
        document = json.load(answer)
    items = [*document["paths"].values(), *document["webhooks"].values()]
    return sum(len(METHODS & item.keys()) for item in items)


def authorize(page):
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".modal-ux input").fill(TOKEN)
    page.locator(".modal-ux button.authorize").click()
    page.locator(".modal-ux button.btn-done").click()


def ask(page, operation):
    block = page.locator(f"[id$='-{operation}']")
    block.locator(".opblock-summary-control").first.click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .response-col_description pre").first
    expect(answer).to_contain_text("username")
    return json.loads(answer.inner_text())


def main():
    path = subprocess.run([BROWSER], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    wrong, elsewhere = [], []
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=path).new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: request.url.startswith((BASE, "data:", "blob:")) or elsewhere.append(request.url))
        page.goto(f"{BASE}/docs")
        count = operations()
        expect(page.locator(".opblock")).to_have_count(count)
        authorize(page)
        answer = ask(page, "getUsersMe")
        shown = page.locator(".opblock").count()
    assert not wrong, wrong
    assert not elsewhere, f"asked elsewhere: {elsewhere}"
    print(json.dumps({"operations": count, "shown": shown, "answer": answer}))


expect.set_options(timeout=PATIENCE_MS)
main()
