"""The runner's page in two windows of a real browser: page.py http://host:port http://host:port

Ann opens it at the first address and Bob at the second; each sees what the other sends, types and has read.
"""

import json
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

BROWSER = Path(__file__).resolve().parents[2] / "infra" / "browser"
ANNS, BOBS = (f"{base}/test.html" for base in sys.argv[1:3])
PATIENCE_MS = 20_000


def visit(browser, url, wrong):
    """The page in a window that shares nothing with others; whatever goes wrong in it is put down in `wrong`."""
    page = browser.new_context().new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(url)
    return page


def enter(page, name, how="Register", password="123456"):
    page.fill("#enter [name=username]", name)
    page.fill("#enter [name=password]", password)
    page.get_by_role("button", name=how).click()


def enters(page, name, how="Register"):
    enter(page, name, how)
    expect(page.locator("#state")).to_have_text(f"Connected as {name}.")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()


def say(page, to, content):
    page.fill("#send [name=to]", to)
    page.fill("#send [name=content]", content)
    page.get_by_role("button", name="Send").click()


def lines(page, text):
    return page.locator("#log li").filter(has_text=text)


def shows(page, text, times=1):
    expect(lines(page, text)).to_have_count(times)


def refuse_a_wrong_password(page):
    enter(page, "ann", "Log in", "not hers")
    expect(page.locator("#log .error")).to_have_count(1)


def exchange(anns, bobs):
    # Whatever it looks like, it is text.
    say(anns, "bob", "hello <b>bob</b>")
    shows(bobs, "ann: hello <b>bob</b>")
    shows(anns, "has read up to 1")
    anns.locator("#send [name=content]").press_sequentially("I am")
    expect(bobs.locator("#typing")).to_have_text("ann is typing")
    say(bobs, "ann", "hello yourself")
    shows(anns, "bob: hello yourself")
    say(anns, "bob", "\u518d\u89c1")
    shows(bobs, "ann: \u518d\u89c1")
    expect(bobs.locator("#typing")).to_have_text("")


def share_a_room(anns, bobs):
    say(anns, "#general", "anyone?")
    shows(anns, '"last_seq"')
    say(bobs, "#general", "here I am")
    shows(anns, "bob: here I am")
    bobs.locator("#send [name=content]").press_sequentially("and")
    expect(anns.locator("#typing")).to_have_text("bob is typing")


def take_turns(anns, bobs):
    """Somebody else comes by Ann's window, and she again: what is said of the socket before disturbs nothing."""
    enters(anns, "carl")
    enters(anns, "ann", "Log in")
    say(bobs, "ann", "are you there?")
    shows(anns, "bob: are you there?")
    say(anns, "bob", "I am")
    shows(bobs, "ann: I am")
    expect(anns.locator("#state")).to_have_text("Connected as ann.")


def come_by_two_devices(anns, phone, bobs):
    """Another window of Ann's, at Bob's node."""
    enters(phone, "ann", "Log in")
    say(bobs, "ann", "to both")
    for page in (anns, phone):
        shows(page, "bob: to both")
    say(anns, "bob", "from the first")
    for page in (phone, bobs):
        shows(page, "ann: from the first")


def main():
    path = subprocess.run([BROWSER], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    wrong = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        anns, bobs, phone = (visit(browser, url, wrong) for url in (ANNS, BOBS, BOBS))
        enters(anns, "ann")
        enters(bobs, "bob")
        exchange(anns, bobs)
        share_a_room(anns, bobs)
        take_turns(anns, bobs)
        come_by_two_devices(anns, phone, bobs)
        refuse_a_wrong_password(phone)
        shown = anns.locator("#log li").all_text_contents()
        browser.close()
    assert not wrong, wrong
    messages = [line for line in shown if line.startswith("bob: ")]
    assert len(messages) == len(set(messages)) == 4, shown
    print(json.dumps({"messages": len(messages)}))


expect.set_options(timeout=PATIENCE_MS)
main()
