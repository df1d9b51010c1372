"""The calculators against sums made by hand, and the documents against the calculators."""

import contextlib
import io
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "infra" / "cost"))

import cost  # noqa: E402
import scale  # noqa: E402
from prices import PRICES  # noqa: E402


def printed(show) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        show()
    return out.getvalue()


class Cost(unittest.TestCase):
    def test_a_connection_hour_is_sixty_minutes(self):
        self.assertAlmostEqual(cost.connection_hour() * 1e6, 15.0)

    def test_a_heartbeat_is_two_metered_messages_and_a_run(self):
        logs = (300 + 700) / 2**30 * 0.50
        run = 0.2e-6 + 0.006 * 0.5 * 0.0000166667 + 0.05 * 5e-6
        out = 500 / 2**30 * 0.09
        self.assertAlmostEqual(cost.heartbeat(), 2e-6 + logs + run + out, places=12)

    def test_each_further_listener_costs_one_post(self):
        step = cost.message(11) - cost.message(10)
        self.assertAlmostEqual(step, cost.post() + cost.POST_S * 0.5 * 0.0000166667, places=12)

    def test_a_hundred_listeners_are_posted_to_by_the_sender_and_one_more_by_chunks(self):
        self.assertLess(cost.message(100), cost.message(101))
        self.assertAlmostEqual(cost.message(101), cost.frame_in(cost.MESSAGE_S) + cost.fan_out(101))

    def test_a_month_is_the_sum_of_its_parts_and_grows_with_them(self):
        one, two = cost.Load(100, 6, 5, 30).month(), cost.Load(200, 6, 5, 30).month()
        for part, price in one.items():
            self.assertAlmostEqual(two[part], 2 * price)

    def test_every_price_says_where_it_is_from(self):
        for name, price in PRICES.items():
            self.assertTrue(price.usd > 0 and price.unit and price.source, name)

    def test_the_document_shows_what_the_calculator_says(self):
        self.assertIn(printed(cost.show_things), (ROOT / "docs" / "COST.md").read_text())


class Scale(unittest.TestCase):
    def test_what_is_asked_is_what_was_counted_by_hand(self):
        asked = {part: value for part, value, _ in scale.Load(1_000_000, 30).asked()}
        self.assertAlmostEqual(asked["new sockets a second"], 138.9, places=1)
        self.assertAlmostEqual(asked["sends a second in one Postgres"], 1666.7, places=1)
        self.assertAlmostEqual(asked["connections to Postgres"], 3500.0, places=1)

    def test_ten_thousand_hold_and_a_million_does_not(self):
        self.assertEqual(scale.Load(10_000, 30).gives_way(), [])
        self.assertEqual(scale.Load(1_000_000, 30).gives_way()[0], "functions at once")

    def test_a_lock_that_is_rarely_asked_for_is_not_waited_for_and_a_full_one_is(self):
        self.assertLess(scale.desk_wait_ms(10)[1], 3)
        self.assertGreater(scale.desk_wait_ms(340)[0], 10)

    def test_the_document_shows_what_the_simulation_says(self):
        self.assertIn(printed(scale.show_desk), (ROOT / "docs" / "SCALE.md").read_text())


if __name__ == "__main__":
    unittest.main()
